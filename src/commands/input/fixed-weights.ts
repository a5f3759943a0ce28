/** Refuses to train a model whose weights have only 8 bits. */
import type { Precision } from '../../backend/device.js';
import { UsageError } from '../../errors.js';

/** @throws UsageError when something is to learn in a precision with 8-bit weights */
export function requireWeightsThatLearn(
  precision: Precision | undefined,
  dynamic: boolean | undefined,
): void {
  if (precision !== 'int8' || !dynamic) return;
  throw new UsageError(
    '--dynamic goes on learning, and weights of 8 bits cannot: leave out either --dynamic or --precision int8',
  );
}
