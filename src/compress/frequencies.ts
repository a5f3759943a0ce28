/**
 * Converts a row of logits to integer frequencies, with operations whose result the language specifies to the last bit,
 * because encoder and decoder must compute the same numbers and Math.exp may differ between engines.
 */
import { maxTotal } from './range-coder.js';

/** The powers 2^-k for k = 0 … 63 */
const halves = Float64Array.from({ length: 64 }, (_, k) => 2 ** -k);
/** Number of terms of the Taylor series of 2^-f = e^(-f ln 2), whose relative error is below 1e-9 for 0 ≤ f < 1 */
const terms = 11;
const series = new Float64Array(terms);
for (let n = 0, term = 1; n < terms; term *= -Math.LN2 / ++n) series[n] = term;

/** Computes e^-x for x ≥ 0, to nine digits; the result is 0 below 2^-63. */
export function exponential(x: number): number {
  const y = x * Math.LOG2E;
  if (!(y < 64)) return 0;
  const k = Math.floor(y);
  const f = y - k;
  let sum = series[terms - 1];
  for (let n = terms - 2; n >= 0; n--) sum = sum * f + series[n];
  return sum * halves[k];
}

export class Frequencies {
  readonly values: Float64Array;
  total = 0;
  private readonly scale: number;

  constructor(size: number) {
    this.values = new Float64Array(size);
    this.scale = 2 ** Math.min(22, Math.floor(Math.log2(maxTotal / 2 / size)));
  }

  /**
   * Sets the frequencies for a row of logits: the most probable symbol gets `scale`, the others in proportion, and each
   * at least 1.
   */
  set(logits: Float32Array | Float64Array, start: number): void {
    const { values, scale } = this;
    let max = Number.NEGATIVE_INFINITY;
    for (let i = 0; i < values.length; i++) if (logits[start + i] > max) max = logits[start + i];
    let total = 0;
    for (let i = 0; i < values.length; i++) {
      const value = 1 + Math.floor(scale * exponential(max - logits[start + i]));
      values[i] = value;
      total += value;
    }
    this.total = total;
  }

  before(id: number): number {
    let sum = 0;
    for (let i = 0; i < id; i++) sum += this.values[i];
    return sum;
  }
}
