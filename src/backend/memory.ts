/** Whether this machine can hold what is about to be allocated. */
import { totalmem } from 'node:os';
import { CharnnError } from '../errors.js';

const gigabyte = 2 ** 30;

/**
 * Memory of the machine, or of the container the process runs in, in bytes. Not what is free just now:
 * systems count caches as used, and swap.
 */
export function machineMemory(): number {
  const constrained = process.constrainedMemory?.() ?? 0;
  return constrained > 0 ? Math.min(totalmem(), constrained) : totalmem();
}

/**
 * @param what is to be held, for the message
 * @throws CharnnError with both figures when it cannot fit
 */
export function requireMemory(bytes: number, what: string): void {
  const memory = machineMemory();
  if (bytes <= memory) return;
  throw new CharnnError(
    `not enough memory for ${what}: ${(bytes / gigabyte).toFixed(2)} GiB are needed, and this machine has ${(memory / gigabyte).toFixed(2)} GiB`,
  );
}
