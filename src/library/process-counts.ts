/** How many threads train, where several processes train together. */
import { CharnnError, optionName } from '../errors.js';
import { coresInStep } from '../machine/cores.js';

/** Numbers of processes that train together */
export interface ProcessCounts {
  readonly total: number;
  readonly onThisMachine: number;
}

export const alone: ProcessCounts = { total: 1, onThisMachine: 1 };

/** As many threads as there are cores for one of the processes on this machine */
export function threadsHere({ onThisMachine }: ProcessCounts): number {
  return Math.max(1, Math.floor(coresInStep() / onThisMachine));
}

/**
 * The threads of all processes together: as many in each, and no more than there are rows in the batch.
 * @param each the number for each process
 * @throws CharnnError if the batch has fewer rows than there are processes
 */
export function threadsOfAll(each: number, batchSize: number, { total }: ProcessCounts): number {
  const possible = Math.min(each, Math.floor(batchSize / total));
  if (possible > 0) return possible * total;
  throw new CharnnError(
    `${total} processes cannot share a batch of ${batchSize}: start fewer of them, or give a larger ${optionName('batchSize')}`,
  );
}
