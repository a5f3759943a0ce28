/** Counts the n-grams of a training text that several processes hold in shares. */
import { countedBy, requireCounting } from '../../counts/count-training.js';
import type { Counted, CountingPlan } from '../../counts/counting-handler.js';
import { listingBytes, listsBytes } from '../../counts/shared-runs.js';
import { requireMemory } from '../../machine/memory.js';
import type { Ids } from '../../text/unit.js';
import type { Processes } from '../replicas/replica-plan.js';

/** What a process counts of its share of the text */
export interface CountedShare {
  /** Where the characters whose n-grams are counted begin and end; those before them only serve as context */
  readonly from: number;
  readonly to: number;
  readonly vocabulary: number;
  readonly context: number;
}

/** The input of a process's counting thread */
export interface ShareCountingPlan extends CountedShare {
  readonly ids: Ids;
  readonly processes: Processes;
  /** Absent in all processes but the first */
  readonly first?: {
    /**
     * How a table is made from the n-grams of all shares. Its text is only the beginning of the training text, on which
     * the weights are fitted.
     */
    readonly whole: CountingPlan;
    /** One integer, which becomes 1 if counting is no longer wanted */
    readonly stop: SharedArrayBuffer;
  };
}

/**
 * Checks that the first process can count, before the others begin.
 * @param whole its text is the share of this process
 * @param characters number of characters of the whole text
 * @throws CharnnError when memory does not suffice
 */
export function requireSharedCounting(whole: CountingPlan, characters: number): void {
  requireCounting(whole, characters, listingBytes(whole.text.length) + listsBytes(characters));
}

/**
 * Counts as the first process, whose memory has been checked (`requireSharedCounting`).
 * @returns undefined if the signal ended it
 * @throws CharnnError when no thread can be started, or another process is lost
 */
export async function countShares(
  plan: ShareCountingPlan,
  whole: CountingPlan,
  signal?: AbortSignal,
): Promise<Counted | undefined> {
  const stop = new SharedArrayBuffer(4);
  // the thread is not ended at once, because the other processes would then wait for it
  const end = () => Atomics.store(new Int32Array(stop), 0, 1);
  signal?.addEventListener('abort', end);
  if (signal?.aborted) end();
  try {
    return await countedBy(module, { ...plan, first: { whole, stop } });
  } finally {
    signal?.removeEventListener('abort', end);
  }
}

/**
 * Counts as another process, until the first one has all counts.
 * @throws CharnnError when memory does not suffice, no thread can be started, or another process is lost
 */
export async function countShare(plan: ShareCountingPlan): Promise<void> {
  requireMemory(listingBytes(plan.to - plan.from), 'counting the text', 'train without counts');
  await countedBy(module, plan);
}

const module = new URL('../../bundle/share-counting-worker.js', import.meta.url);
