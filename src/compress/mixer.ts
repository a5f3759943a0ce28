/**
 * Mixes two predictions into one, as PAQ does (Mahoney 2005): in the logistic domain, weighted, with weights
 * that follow the gradient of what was coded,
 *
 *     p(c) ∝ exp(Σᵢ wᵢ sᵢ(c)),  wᵢ ← wᵢ + η (sᵢ(target) - Σ_c p(c) sᵢ(c))
 *
 * with sᵢ(c) the logarithm of prediction i, up to a constant. All of it by operations whose result the
 * language fixes to the last bit.
 */
import type { Frequencies } from './frequencies.js';
import { logarithm } from './logarithm.js';

/** η: the learning rate of the weights */
const rate = 2e-3;

export class Mixer {
  /** Σᵢ wᵢ sᵢ for each symbol */
  readonly mixed: Float64Array;
  /** sᵢ of the two predictions: log-probabilities relative to the most probable symbol's */
  private readonly network: Float64Array;
  private readonly counted: Float64Array;
  /** The two weights of each set */
  private readonly weights: Float64Array;
  private set = 0;

  /**
   * @param size symbols
   * @param sets of weights: which one is used tells how much one of the predictions is worth
   */
  constructor(size: number, sets: number) {
    this.mixed = new Float64Array(size);
    this.network = new Float64Array(size);
    this.counted = new Float64Array(size);
    this.weights = new Float64Array(2 * sets).fill(0.5);
  }

  /**
   * @param logits the network's for this character, from `start` on
   * @param probabilities as counted; above 0
   */
  mix(logits: Float32Array, start: number, probabilities: Float64Array, set: number): void {
    const { mixed, network, counted, weights } = this;
    this.set = set;
    const [a, b] = [weights[2 * set], weights[2 * set + 1]];
    let max = Number.NEGATIVE_INFINITY;
    for (let c = 0; c < mixed.length; c++) if (logits[start + c] > max) max = logits[start + c];
    for (let c = 0; c < mixed.length; c++) {
      network[c] = logits[start + c] - max;
      counted[c] = logarithm(probabilities[c]);
      mixed[c] = a * network[c] + b * counted[c];
    }
  }

  /** @param frequencies what the mixed prediction was coded with */
  learn(target: number, { values, total }: Frequencies): void {
    const { network, counted, weights, set } = this;
    let [a, b] = [0, 0];
    for (let c = 0; c < values.length; c++) {
      a += values[c] * network[c];
      b += values[c] * counted[c];
    }
    weights[2 * set] += rate * (network[target] - a / total);
    weights[2 * set + 1] += rate * (counted[target] - b / total);
  }
}
