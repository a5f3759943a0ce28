/** Decides how many threads train if several processes train together. */
import { CharnnError, optionName } from '../errors.js';
import { coresInStep } from '../machine/cores.js';

/** How many processes train together: in all, and on this machine */
export interface ProcessCounts {
  readonly total: number;
  readonly onThisMachine: number;
}

export const alone: ProcessCounts = { total: 1, onThisMachine: 1 };

/** This process's share of the cores of the machine */
export function threadsHere({ onThisMachine }: ProcessCounts): number {
  return Math.max(1, Math.floor(coresInStep() / onThisMachine));
}

/**
 * The total number of threads of all processes. Each process has the same number, and together they have no more
 * threads than there are rows in the batch.
 * @param each the number of threads that was given for each process
 * @throws CharnnError if the batch has fewer rows than there are processes
 */
export function threadsOfAll(each: number, batchSize: number, { total }: ProcessCounts): number {
  const possible = Math.min(each, Math.floor(batchSize / total));
  if (possible > 0) return possible * total;
  throw new CharnnError(
    `${total} processes cannot share a batch of ${batchSize}: start fewer of them, or give a larger ${optionName('batchSize')}`,
  );
}
