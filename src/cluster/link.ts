/** Sends messages to the other processes of a training run and receives theirs, in the main thread. */
import { deserialize, serialize } from 'node:v8';
import { CharnnError } from '../errors.js';
import { WorkerPool } from '../threads/worker-pool.js';
import { setUpUcx } from './launcher.js';
import type { LinkNews, LinkOrder } from './link-handler.js';
import { mpiOfAddon } from './mpi.js';

/** A message from a rank: any value that can be cloned */
export interface Letter {
  readonly rank: number;
  readonly content: unknown;
}

/** Milliseconds allowed for a last message to reach the other processes */
const farewellMs = 300;

export class Link {
  private readonly letters: Letter[] = [];
  private failure: Error | undefined;
  private waiting: { resolve(letter: Letter): void; reject(error: Error): void } | undefined;
  private onLeft: (() => void) | undefined;
  private pool!: WorkerPool<undefined, LinkOrder, LinkNews>;
  private joined!: Extract<LinkNews, { type: 'joined' }>;

  private constructor() {}

  /**
   * Joins the other processes; returns when all have joined.
   * @param size number of processes that the launcher has started
   * @throws CharnnError when MPI cannot be used, or the MPI library belongs to another launcher
   */
  static async open(size: number): Promise<Link> {
    // only the main thread can set an environment variable that a library sees
    setUpUcx(process.env);
    const link = new Link();
    const joined = new Promise<Extract<LinkNews, { type: 'joined' }>>((resolve, reject) => {
      link.waiting = { resolve: () => {}, reject };
      link.onJoined = resolve;
    });
    link.pool = await WorkerPool.start<undefined, LinkOrder, LinkNews>({
      workers: 1,
      module: new URL('../bundle/link-worker.js', import.meta.url),
      data: () => undefined,
      onReply: (_, news) => link.take(news),
      onFailure: (error) => link.fail(error),
    });
    link.joined = await joined;
    link.waiting = undefined;
    if (link.size === size) return link;
    await link.pool.close();
    throw new CharnnError(
      `the launcher has started ${size} processes, but ${link.library} knows of ${link.size}: it belongs to another launcher; install the library of this one, or give its path in the variable CHARNN_MPI`,
    );
  }

  private onJoined: ((news: Extract<LinkNews, { type: 'joined' }>) => void) | undefined;

  get rank(): number {
    return this.joined.rank;
  }

  get size(): number {
    return this.joined.size;
  }

  /** The name and version that the MPI library reports */
  get library(): string {
    return this.joined.library;
  }

  send(rank: number, content: unknown): void {
    this.pool.post(0, { type: 'send', ranks: [rank], message: serialize(content) });
  }

  /** Sends the same message to all other ranks. Only rank 0 may call this. */
  sendAll(content: unknown): void {
    const ranks = Array.from({ length: this.size - 1 }, (_, i) => i + 1);
    this.pool.post(0, { type: 'send', ranks, message: serialize(content) });
  }

  /**
   * Waits for the next message from any rank.
   * @throws CharnnError when a process is lost
   */
  receive(): Promise<Letter> {
    const letter = this.letters.shift();
    if (letter) return Promise.resolve(letter);
    if (this.failure) return Promise.reject(this.failure);
    return new Promise((resolve, reject) => {
      this.waiting = { resolve, reject };
    });
  }

  /** Called with each message as soon as it arrives; if it returns true, `receive` will not return that message. */
  onLetter: (letter: Letter) => boolean = () => false;

  /** Called when a process is lost */
  onFailure: (error: Error) => void = () => {};

  /** Ends the work of all other ranks; after a failure, it does not wait for them. Only rank 0 may call this. */
  async end(isFailure: boolean): Promise<void> {
    this.sendAll({ type: 'end', isFailure });
    await (isFailure ? this.abandon() : this.leave());
  }

  /** Leaves MPI in an orderly way, which all processes must do together. */
  async leave(): Promise<void> {
    if (this.failure === undefined) {
      const left = new Promise<void>((resolve) => {
        this.onLeft = resolve;
      });
      this.pool.post(0, { type: 'leave' });
      await left;
    }
    await this.pool.close();
  }

  /** Stops listening after a failure, when some messages may never be completed. */
  async abandon(): Promise<void> {
    // gives the last message time to arrive
    await new Promise((resolve) => setTimeout(resolve, farewellMs));
    await this.pool.close();
  }

  private take(news: LinkNews): void {
    switch (news.type) {
      case 'joined':
        this.onJoined?.(news);
        return;
      case 'left':
        this.onLeft?.();
        return;
      case 'lost':
        this.fail(
          new CharnnError(
            `process ${news.rank} of this training has not answered for ${news.seconds} seconds: its machine or the network connection to it was lost, or the process was stopped; continue with charnn train --resume`,
          ),
        );
        return;
      case 'message': {
        const letter = { rank: news.rank, content: deserialize(news.message) };
        if (this.onLetter(letter)) return;
        const { waiting } = this;
        this.waiting = undefined;
        if (waiting) waiting.resolve(letter);
        else this.letters.push(letter);
      }
    }
  }

  private fail(error: Error): void {
    this.failure ??= error;
    this.waiting?.reject(this.failure);
    this.waiting = undefined;
    this.onFailure(this.failure);
    // this is done last: it makes the thread that exchanges data with the lost process fail as well, and that error
    // would hide the cause
    if (this.joined) mpiOfAddon().breakOff();
    this.onLeft?.();
  }
}
