/**
 * Distributes jobs over the workers of a pool; the results come in the order of the jobs.
 *
 * A job may answer in several chunks. Chunks of the job that is next in order are yielded at once, those of later jobs
 * wait. A slow reader holds everything back: a worker is told that its reply was taken only when the reader has asked
 * for more, and no job is begun that is too far ahead of the one being read.
 *
 * Neither here nor elsewhere on the path of many short calls is a generator function created within a call: V8 keeps
 * its hidden class in the old generation, and with it everything that the call has left behind, until a full garbage
 * collection.
 */
import type { CreateHandler } from './handler.js';
import { type PoolOptions, WorkerPool } from './worker-pool.js';

/** A message to a worker: a job to do, or that one of its replies has been taken */
export type JobMessage<Job> =
  | { readonly index: number; readonly job: Job }
  | { readonly taken: true };

export interface Chunk<Result> {
  /** Index of the job, counted from 0 */
  readonly index: number;
  readonly value: Result;
  /** Whether this is the job's last chunk */
  readonly done: boolean;
}

export type ChunkReply<Result> = readonly Chunk<Result>[];

/** Workers in other processes, which do a part of the jobs */
export interface OtherWorkers<Data, Job, Result> {
  /** The number of other processes */
  readonly processes: number;
  /**
   * Starts the workers of the other processes, with the same data as the workers of this process.
   * @returns the number of these workers
   */
  start(
    data: Data,
    listener: {
      onReply(worker: number, chunks: ChunkReply<Result>): void;
      onFailure(error: Error): void;
    },
  ): Promise<number>;
  post(worker: number, message: JobMessage<Job>): void;
}

export interface MapOptions<Data, Job, Result>
  extends Pick<
    PoolOptions<Data, JobMessage<Job>, ChunkReply<Result>>,
    'workers' | 'module' | 'onFewer' | 'bytesPerWorker'
  > {
  readonly createHandler: CreateHandler<Data, JobMessage<Job>, ChunkReply<Result>>;
  /** Data that every worker receives at its start */
  readonly data: Data;
  /** Max number of jobs that a worker has at a time, including those that it has not begun */
  readonly jobsPerWorker: number;
  /** Workers in other processes, if there are any */
  readonly others?: OtherWorkers<Data, Job, Result> | undefined;
}

/**
 * Max number of jobs that are begun ahead of the job whose chunks are being yielded, for each worker and in multiples
 * of `jobsPerWorker`
 */
const lead = 4;

/**
 * Does the jobs, and yields their results in the order of the jobs.
 * @param jobs the jobs, which are read no faster than they can be done
 * @throws the error of a worker or of `jobs`; CharnnError when no thread can be started
 */
export async function* mapOrdered<Data, Job, Result>(
  jobs: AsyncIterable<Job> | Iterable<Job>,
  { data, jobsPerWorker, others, ...options }: MapOptions<Data, Job, Result>,
): AsyncGenerator<Chunk<Result>, void, void> {
  let wake = () => {};
  let failure: Error | undefined;
  const replies: { worker: number; chunks: ChunkReply<Result> }[] = [];
  const onReply = (worker: number, chunks: ChunkReply<Result>) => {
    replies.push({ worker, chunks });
    wake();
  };
  const onFailure = (error: Error) => {
    failure ??= error;
    wake();
  };
  const pool = await WorkerPool.start<Data, JobMessage<Job>, ChunkReply<Result>>({
    ...options,
    data: () => data,
    onReply,
    onFailure,
  });
  // the workers of other processes are numbered after those of this one
  const local = pool.size;
  const distant = await others
    ?.start(data, { onReply: (worker, chunks) => onReply(local + worker, chunks), onFailure })
    .catch(async (error: unknown) => {
      await pool.close();
      throw error;
    });
  const post = (worker: number, message: JobMessage<Job>) =>
    worker < local ? pool.post(worker, message) : others?.post(worker - local, message);

  const load = new Array<number>(local + (distant ?? 0)).fill(0);
  const window = lead * jobsPerWorker * load.length;
  /** Index of the job whose chunks are being yielded */
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
        const worker = load.indexOf(Math.min(...load));
        if (load[worker] >= jobsPerWorker) break;
        const { value, done } = await iterator.next();
        if (done) exhausted = true;
        else {
          load[worker]++;
          post(worker, { index: posted++, job: value });
        }
      }
    } catch (error) {
      failure ??= error instanceof Error ? error : new Error(String(error));
    }
    pulling = false;
    wake();
  };

  const early = new Map<number, Chunk<Result>[]>();
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
      for (const chunk of reply.chunks) {
        if (chunk.done) load[reply.worker]--;
        const list = early.get(chunk.index);
        if (list === undefined) early.set(chunk.index, [chunk]);
        else list.push(chunk);
      }
      // yield the chunks that have arrived and are next in the order of the jobs
      for (let list = early.get(current); list !== undefined; list = early.get(current)) {
        early.delete(current);
        for (const chunk of list) {
          yield chunk;
          if (chunk.done) current++;
        }
      }
      post(reply.worker, { taken: true });
    }
  } finally {
    await pool.close();
    // ending the iterator of the jobs is not awaited, because jobs may come from a pipe whose input never comes
    void iterator.return?.();
  }
}
