/** Counting the text of a training. */
import { limits } from '../limits.js';
import { requireMemory } from '../machine/memory.js';
import { WorkerPool } from '../threads/worker-pool.js';
import type { Counted, CountingPlan } from './counting-handler.js';

/** What is held out of a training text at its beginning, far from what it is validated on, for weights to be fitted on: this share of it, */
const heldShare = 0.02;
/** no more characters, */
const mostHeld = 50_000;
/** and no more numbers, one for each character and character of the vocabulary. */
const mostHeldNumbers = 2 ** 23;

/** How many characters at the beginning of a training text neither network nor counts learn from at first. */
export function heldLength(characters: number, vocabulary: number): number {
  return Math.min(
    mostHeld,
    Math.floor(heldShare * characters),
    Math.floor(mostHeldNumbers / vocabulary),
  );
}

/** What sorting takes, and two tables, with their tries and what is being built: bytes, at the most */
function countingBytes({ text, vocabulary, context }: CountingPlan): number {
  const sorted = 16 * Math.min(text.length, 2 ** 23);
  const entries = Math.min(limits.counts.entries, context * text.length);
  return sorted + 2 * 36 * entries + 16 * vocabulary * (context + 1) + 2 * 4 * mostHeldNumbers;
}

/**
 * Counts in a thread.
 * @returns undefined where the signal ended it
 * @throws CharnnError when memory does not suffice, or no thread can be started
 */
export async function countTraining(
  plan: CountingPlan,
  signal?: AbortSignal,
): Promise<Counted | undefined> {
  requireMemory(countingBytes(plan), 'counting the text', 'train without counts');
  let pool: WorkerPool<CountingPlan, 'count', Counted> | undefined;
  let stop = () => {};
  try {
    return await new Promise<Counted | undefined>((resolve, reject) => {
      stop = () => resolve(undefined);
      signal?.addEventListener('abort', stop);
      if (signal?.aborted) stop();
      WorkerPool.start<CountingPlan, 'count', Counted>({
        workers: 1,
        module: new URL('./counting-worker.js', import.meta.url),
        data: () => plan,
        onReply: (_, counted) => resolve(counted),
        onFailure: reject,
      }).then((started) => {
        pool = started;
        started.post(0, 'count');
      }, reject);
    });
  } finally {
    signal?.removeEventListener('abort', stop);
    await pool?.close();
  }
}
