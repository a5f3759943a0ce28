/** Weights of 8 bits are for models that stay as they are. */
import type { Precision } from '../../backend/device.js';
import { UsageError } from '../../errors.js';

/** @throws UsageError when what would go on learning has weights that cannot */
export function requireWeightsThatLearn(
  precision: Precision | undefined,
  dynamic: boolean | undefined,
): void {
  if (precision !== 'int8' || !dynamic) return;
  throw new UsageError(
    '--dynamic goes on learning, and weights of 8 bits cannot: leave out either --dynamic or --precision int8',
  );
}
