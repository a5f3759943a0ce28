/**
 * Mixes predictions log-linearly, as PAQ does (Mahoney 2005), with weights that follow the gradient of the cost of each
 * coded character:
 *
 *     p(c) ∝ exp(Σᵢ wᵢ sᵢ(c)),  wᵢ ← wᵢ + η (sᵢ(target) - Σ_c p(c) sᵢ(c))
 *
 * where sᵢ(c) is the logarithm of prediction i, up to a constant. It uses only operations whose result the language
 * specifies to the last bit.
 */
import type { Frequencies } from './frequencies.js';

/** A prediction to be mixed with others */
export interface MixedInput {
  /** For each symbol, the logarithm of its probability as the next character, up to a constant */
  readonly logs: Float64Array;
  /**
   * Weights of this prediction, one for each degree of reliability; each learns from the characters for which it is
   * used.
   */
  readonly weights: Float64Array;
  /** Index of the weight for the current character; callers choose it by how reliable the prediction is. */
  set: number;
}

export class Mixer {
  /** The mixed prediction: for each symbol, the weighted sum of the logarithms of all predictions */
  readonly mixed: Float64Array;

  /**
   * @param size number of symbols
   * @param rate learning rate η of the mixing weights
   */
  constructor(
    size: number,
    private readonly inputs: readonly MixedInput[],
    private readonly rate: number,
  ) {
    this.mixed = new Float64Array(size);
  }

  /** Mixes the predictions of the current character. */
  mix(): void {
    const { mixed, inputs } = this;
    inputs.forEach(({ logs, weights, set }, i) => {
      const weight = weights[set];
      if (i === 0) for (let c = 0; c < mixed.length; c++) mixed[c] = weight * logs[c];
      else for (let c = 0; c < mixed.length; c++) mixed[c] += weight * logs[c];
    });
  }

  /**
   * Learns from the character that was coded.
   * @param frequencies with which it was coded, made from the mixed prediction
   */
  learn(target: number, { values, total }: Frequencies): void {
    const { inputs, rate } = this;
    for (const { logs, weights, set } of inputs) {
      let mean = 0;
      for (let c = 0; c < values.length; c++) mean += values[c] * logs[c];
      weights[set] += rate * (logs[target] - mean / total);
    }
  }
}
