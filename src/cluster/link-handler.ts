/**
 * Passes messages between the processes of a training run, and tells the other processes that this process is alive. A
 * separate thread does nothing else, so that a process which is reading a text or computing still answers.
 */
import { setTimeout as pauseFor } from 'node:timers/promises';
import { CharnnError } from '../errors.js';
import type { Handler } from '../threads/handler.js';
import { leaveTogether, receiveBeats } from './farewell.js';
import { pieceBytes } from './launcher.js';
import { loadLibrary, mpiOfAddon, tag } from './mpi.js';

/** Requests from the main thread */
export type LinkOrder =
  | { readonly type: 'send'; readonly ranks: readonly number[]; readonly message: Uint8Array }
  /** Leaves MPI in an orderly way, as all processes must. */
  | { readonly type: 'leave' };

/** Reports to the main thread */
export type LinkNews =
  | {
      readonly type: 'joined';
      readonly rank: number;
      readonly size: number;
      readonly library: string;
    }
  | { readonly type: 'message'; readonly rank: number; readonly message: Uint8Array }
  /** A process has not been heard from for this many seconds. */
  | { readonly type: 'lost'; readonly rank: number; readonly seconds: number }
  | { readonly type: 'left' };

/**
 * Milliseconds between two looks for messages: the pause is short after a message, and then becomes longer, because
 * looking takes time from the threads that compute. With Open MPI, a look may even give up the processor.
 */
const minPollMs = 1;
const maxPollMs = 20;
const beatMs = 1000;
/** Milliseconds without a sign of life after which a process counts as lost */
const patienceMs = 20_000;

/**
 * Max bytes of a message that a process sends to rank 0 without having been asked for it. MPI takes so few bytes at once;
 * with more, it may wait until the other side receives them.
 */
const maxUnasked = 1024;

export async function createLinkHandler(
  _: undefined,
  reply: (news: LinkNews) => void,
): Promise<Handler<LinkOrder>> {
  const mpi = mpiOfAddon();
  const library = loadLibrary(mpi);
  const [rank, size] = inWords(() => mpi.initialize(pieceBytes(process.env)));
  // messages pass only between rank 0 and each of the other ranks
  const peers = rank === 0 ? Array.from({ length: size - 1 }, (_, i) => i + 1) : [0];
  const heard = new Map(peers.map((peer) => [peer, performance.now()]));
  let isOver = false;

  const receive = (kind: number, from: number, bytes: Uint8Array) =>
    mpi.exchange(kind, [], at(from, bytes));
  const send = (kind: number, to: number, bytes: Uint8Array) =>
    mpi.exchange(kind, at(to, bytes), []);
  const sendLength = (to: number, { length }: Uint8Array) =>
    send(tag.length, to, new Uint8Array(Float64Array.of(length).buffer));

  /** Messages for rank 0 that have not been sent yet, and whether the length of the first one has */
  const waiting: Uint8Array[] = [];
  let isAnnounced = false;
  /**
   * Sends messages to rank 0, large ones only when it asks for them: if both sides sent large messages at the same time,
   * each would wait for the other to receive.
   */
  const sendWaiting = () => {
    for (let message = waiting[0]; message !== undefined; message = waiting[0]) {
      if (!isAnnounced) sendLength(0, message);
      isAnnounced = message.length > maxUnasked;
      if (isAnnounced) {
        if (mpi.probe(tag.grant, 0) === undefined) return;
        receive(tag.grant, 0, new Uint8Array(1));
      }
      send(tag.message, 0, message);
      waiting.shift();
      isAnnounced = false;
    }
  };

  let pause = minPollMs;
  const receiveMessages = (peer: number) => {
    while (mpi.probe(tag.length, peer) !== undefined) {
      const length = new Float64Array(1);
      receive(tag.length, peer, new Uint8Array(length.buffer));
      const message = new Uint8Array(length[0]);
      // nothing is sent between asking and receiving, because the other side then only sends
      if (rank === 0 && message.length > maxUnasked) send(tag.grant, peer, new Uint8Array(1));
      receive(tag.message, peer, message);
      heard.set(peer, performance.now());
      pause = minPollMs;
      reply({ type: 'message', rank: peer, message });
    }
  };

  const look = () => {
    if (isOver) return;
    sendWaiting();
    pause = waiting.length > 0 ? minPollMs : Math.min(maxPollMs, 1.2 * pause);
    for (const peer of peers) {
      if (receiveBeats(mpi, peer)) heard.set(peer, performance.now());
      receiveMessages(peer);
    }
    poll = setTimeout(look, pause);
  };
  let poll = setTimeout(look, pause);
  let last = performance.now();
  const beat = () => {
    for (const peer of peers) mpi.beat(peer);
    last = performance.now();
  };
  const beats = setInterval(() => {
    if (isOver) return;
    const now = performance.now();
    // while this process itself was stopped, it could not hear the others, so their silence in that time does not count
    const hasSlept = now - last > patienceMs / 2;
    beat();
    for (const peer of peers) {
      if (isOver) return;
      if (hasSlept) heard.set(peer, now);
      const silence = now - (heard.get(peer) ?? now);
      if (silence <= patienceMs) continue;
      isOver = true;
      reply({ type: 'lost', rank: peer, seconds: Math.round(silence / 1000) });
    }
  }, beatMs);

  /** Whether all other processes have said farewell, after which they give no more signs of life. */
  const haveLeft = () => {
    const gone = peers.filter((peer) => mpi.probe(tag.farewell, peer) !== undefined);
    for (const peer of gone) heard.set(peer, performance.now());
    return gone.length === peers.length;
  };

  reply({ type: 'joined', rank, size, library });
  return async (order) => {
    if (order.type === 'send') {
      const { message, ranks } = order;
      // an answer may come soon
      pause = minPollMs;
      clearTimeout(poll);
      if (rank > 0) waiting.push(message);
      else {
        for (const to of ranks) {
          // the others must not take this process for lost while a large message goes to one after the other
          if (performance.now() - last > beatMs) beat();
          sendLength(to, message);
          send(tag.message, to, message);
        }
      }
      look();
    } else {
      // the first process has all that it needs, but still receives a message that it may have been told of
      waiting.splice(isAnnounced ? 1 : 0);
      const isDone = () => (rank === 0 ? haveLeft() : waiting.length === 0);
      while (!isOver && !isDone()) await pauseFor(minPollMs);
      clearTimeout(poll);
      clearInterval(beats);
      // if a process is lost, the others cannot leave together
      if (isOver) return;
      isOver = true;
      await leaveTogether(mpi, rank, size);
      reply({ type: 'left' });
    }
  };
}

/** A list by rank in which only one rank has a value */
function at<T>(rank: number, value: T): T[] {
  const list: T[] = [];
  list[rank] = value;
  return list;
}

function inWords<T>(work: () => T): T {
  try {
    return work();
  } catch (error) {
    throw new CharnnError(error instanceof Error ? error.message : String(error));
  }
}
