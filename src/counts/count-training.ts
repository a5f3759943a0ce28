/** Counts the n-grams of a training text: a long one in a thread, so that signals can be handled meanwhile. */
import { limits } from '../limits.js';
import { requireMemory } from '../machine/memory.js';
import type { CreateHandler } from '../threads/handler.js';
import { WorkerPool } from '../threads/worker-pool.js';
import { type Counted, type CountingPlan, createCountingHandler } from './counting-handler.js';

/**
 * Max fraction of a training text that is held out at its beginning, to fit the weights of the mixture on it. The
 * beginning is used because validation takes place on the end.
 */
const heldShare = 0.02;
/** Max number of characters that are held out */
const maxHeld = 50_000;
/**
 * Max number of predicted probabilities that are kept for fitting: each held-out character has one for every character
 * of the vocabulary
 */
const maxHeldPredictions = 2 ** 23;

/**
 * Max number of characters that are counted in the calling thread. This takes up to about two tenths of a second, in
 * which no signal is handled; starting a thread would take nearly as much processor time.
 */
const maxCountedHere = 20_000;

/**
 * Number of characters that are held out at the beginning of a training text. Neither the network nor the counts learn
 * from them before the weights have been fitted.
 */
export function heldLength(characters: number, vocabulary: number): number {
  return Math.min(
    maxHeld,
    Math.floor(heldShare * characters),
    Math.floor(maxHeldPredictions / vocabulary),
  );
}

/**
 * Estimated max bytes that counting takes: the sorted n-grams, a finished table and one under construction, each with
 * its trie, and the predictions for fitting
 */
function countingBytes({ text, vocabulary, context }: CountingPlan, characters: number): number {
  const sorted = 16 * Math.min(text.length, 2 ** 23);
  const entries = Math.min(limits.counts.entries, context * characters);
  return sorted + 2 * 36 * entries + 16 * vocabulary * (context + 1) + 2 * 4 * maxHeldPredictions;
}

/**
 * Counts the n-grams of a training text in a worker thread, or in the calling thread if the text is short.
 * @returns undefined if the signal ended it
 * @throws CharnnError when memory does not suffice, or no thread can be started
 */
export function countTraining(
  plan: CountingPlan,
  signal?: AbortSignal,
): Promise<Counted | undefined> {
  requireCounting(plan);
  const isShort = plan.text.length <= maxCountedHere && plan.given === undefined;
  const module = new URL('../bundle/counting-worker.js', import.meta.url);
  return countedBy(module, plan, signal, isShort ? createCountingHandler : undefined);
}

/**
 * @param characters number of characters that are counted, if they are more than the plan's text
 * @param lists bytes that are taken for n-grams which come from other processes
 * @throws CharnnError when there is not enough memory for counting
 */
export function requireCounting(
  plan: CountingPlan,
  characters = plan.text.length,
  lists = 0,
): void {
  const bytes = countingBytes(plan, characters) + lists;
  requireMemory(bytes, 'counting the text', 'train without counts');
}

/**
 * Counts in a thread, or in the calling thread.
 * @param module the entry module of the thread
 * @param createHandler creates the handler that counts in the calling thread; if absent, a thread is started
 * @returns what the handler replies; undefined if it replies nothing, or if the signal ended the counting
 * @throws CharnnError when the counting fails, or the thread cannot be started
 */
export async function countedBy<Plan>(
  module: URL,
  plan: Plan,
  signal?: AbortSignal,
  createHandler?: CreateHandler<Plan, 'count', Counted | undefined>,
): Promise<Counted | undefined> {
  let pool: WorkerPool<Plan, 'count', Counted | undefined> | undefined;
  let stop = () => {};
  try {
    return await new Promise<Counted | undefined>((resolve, reject) => {
      stop = () => resolve(undefined);
      signal?.addEventListener('abort', stop);
      if (signal?.aborted) stop();
      WorkerPool.start<Plan, 'count', Counted | undefined>({
        workers: 1,
        module,
        ...(createHandler && { createHandler }),
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
