/**
 * Jobs spread over the lanes of a crew, their results in the order of the jobs.
 *
 * A job may answer in several pieces; those of the job that is next in order are handed on at once, those
 * of later jobs wait. Nothing runs away from a slow reader: a lane hears that its reply was taken only
 * when the reader has come back for more, and no job begins that is too far ahead of the one being read.
 */
import { Crew, type Perform } from './crew.js';

/** To a lane: a job to do, or word that one of its replies has been taken */
export type LaneMessage<Job> =
  | { readonly index: number; readonly job: Job }
  | { readonly taken: true };

export interface Piece<Result> {
  /** Of the job, from 0 on */
  readonly index: number;
  readonly value: Result;
  /** Whether it is the job's last */
  readonly done: boolean;
}

export type LaneReply<Result> = readonly Piece<Result>[];

export interface InOrderOptions<Data, Job, Result> {
  readonly lanes: number;
  readonly module: URL;
  readonly perform: Perform<Data, LaneMessage<Job>, LaneReply<Result>>;
  readonly data: Data;
  /** Jobs that a lane has at a time, those it works on and those it will go on with */
  readonly jobsPerLane: number;
}

/** A lane may be this many jobs ahead of the one that is read, in multiples of `jobsPerLane`. */
const lead = 4;

/**
 * @param jobs pulled no faster than they can be done
 * @throws what a lane throws, or `jobs`
 */
export async function* inOrder<Data, Job, Result>(
  jobs: AsyncIterable<Job> | Iterable<Job>,
  options: InOrderOptions<Data, Job, Result>,
): AsyncGenerator<Piece<Result>, void, void> {
  const { jobsPerLane } = options;
  let wake = () => {};
  let failure: Error | undefined;
  const replies: { lane: number; pieces: LaneReply<Result> }[] = [];
  const crew = new Crew<Data, LaneMessage<Job>, LaneReply<Result>>({
    ...options,
    onReply(lane, pieces) {
      replies.push({ lane, pieces });
      wake();
    },
    onFailure(error) {
      failure ??= error;
      wake();
    },
  });

  const load = new Array<number>(crew.lanes).fill(0);
  const window = lead * jobsPerLane * crew.lanes;
  /** The job whose pieces are handed on */
  let current = 0;
  let posted = 0;
  let exhausted = false;
  let pulling = false;
  const iterator =
    Symbol.asyncIterator in jobs ? jobs[Symbol.asyncIterator]() : jobs[Symbol.iterator]();
  const feed = async () => {
    if (pulling) return;
    pulling = true;
    try {
      while (!exhausted && failure === undefined && posted < current + window) {
        const lane = load.indexOf(Math.min(...load));
        if (load[lane] >= jobsPerLane) break;
        const { value, done } = await iterator.next();
        if (done) exhausted = true;
        else {
          load[lane]++;
          crew.post(lane, { index: posted++, job: value });
        }
      }
    } catch (error) {
      failure ??= error instanceof Error ? error : new Error(String(error));
    }
    pulling = false;
    wake();
  };

  const early = new Map<number, Piece<Result>[]>();
  /** The pieces that are next in order, among those that came early */
  function* ready(): Generator<Piece<Result>> {
    for (let list = early.get(current); list !== undefined; list = early.get(current)) {
      early.delete(current);
      for (const piece of list) {
        yield piece;
        if (piece.done) current++;
      }
    }
  }

  try {
    for (;;) {
      feed();
      if (failure !== undefined) throw failure;
      const reply = replies.shift();
      if (reply === undefined) {
        if (exhausted && current === posted) return;
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
        continue;
      }
      for (const piece of reply.pieces) {
        if (piece.done) load[reply.lane]--;
        const list = early.get(piece.index);
        if (list === undefined) early.set(piece.index, [piece]);
        else list.push(piece);
      }
      yield* ready();
      crew.post(reply.lane, { taken: true });
    }
  } finally {
    await crew.close();
    // not awaited: a reader of a pipe may be waiting for input that never comes
    void iterator.return?.();
  }
}
