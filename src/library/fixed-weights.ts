/** Refuses what would change weights of 8 bits, because these cannot learn. */
import type { Precision } from '../backend/device.js';
import { OptionError } from '../errors.js';

/** @throws OptionError when a model with 8-bit weights would have to learn */
export function requireWeightsThatLearn(
  precision: Precision | undefined,
  dynamic: boolean | undefined,
): void {
  if (precision !== 'int8' || !dynamic) return;
  throw new OptionError((name) => {
    const [learning, fixed] = [name('dynamic'), name('precision', 'int8')];
    return `${learning} changes the weights, but 8-bit weights cannot be changed: leave out either ${learning} or ${fixed}`;
  });
}

/** @throws OptionError when a model is to compress in a precision that no compressed file uses */
export function requireCodingPrecision(precision: Precision): void {
  if (precision !== 'int8') return;
  throw new OptionError(
    (name) =>
      `compress is not possible for a model loaded with ${name('precision', 'int8')}: load it without`,
  );
}
