/** Weights of 8 bits are for models that stay as they are. */
import type { Precision } from '../backend/device.js';
import { OptionError } from '../errors.js';

/** @throws OptionError when what would go on learning has weights that cannot */
export function requireWeightsThatLearn(
  precision: Precision | undefined,
  dynamic: boolean | undefined,
): void {
  if (precision !== 'int8' || !dynamic) return;
  throw new OptionError((name) => {
    const [learning, fixed] = [name('dynamic'), name('precision', 'int8')];
    return `${learning} goes on learning, and weights of 8 bits cannot: leave out either ${learning} or ${fixed}`;
  });
}

/** @throws OptionError where a model would compress in a precision that no compressed file is in */
export function requireCodingPrecision(precision: Precision): void {
  if (precision !== 'int8') return;
  throw new OptionError(
    (name) => `compress is not for a model with ${name('precision', 'int8')}: load it without`,
  );
}
