/** The error of a model whose weights are so large that its predictions are not numbers. */
import { CharnnError } from '../errors.js';

/** @param whose a phrase for the model, such as `model 2 of 3`, which is the subject of the message */
export function overflowError(whose = 'the model'): CharnnError {
  return new CharnnError(
    `${whose} cannot predict: its weights are so large that their products are not numbers; use another model, or train it again`,
  );
}

/**
 * @param start where a row of logits begins
 * @param count its length
 * @throws CharnnError if any of the logits is not a number, or infinitely large
 */
export function requireNumbers(logits: Float32Array, start: number, count: number): void {
  let sum = 0;
  for (let i = start; i < start + count; i++) sum += logits[i];
  if (!(sum < Number.POSITIVE_INFINITY)) throw overflowError();
}
