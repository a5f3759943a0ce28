/**
 * Fits the weights of a mixture to a text from which neither the network nor the counts have learned. Newton's method
 * finds the weights of highest likelihood: first one pair for all positions, then a pair for each class of positions
 * (`mixture.ts`), regularised towards the common pair.
 */
import { usualWeights } from './mixture.js';

/** The positions to which the weights are fitted, with n predictions each by network and counts */
export interface FitData {
  /** V: the number of characters */
  readonly vocabulary: number;
  /** [n, V] the network's logits */
  readonly logits: Float32Array;
  /** [n, V] log-probabilities by the counts */
  readonly counted: Float32Array;
  /** [n] the class of each position, which decides the pair of weights that it uses */
  readonly classes: Uint16Array;
  /** [n] id of the character that actually followed */
  readonly targets: ArrayLike<number>;
}

type Pair = readonly [network: number, counts: number];

const iterations = 5;
/**
 * Strength of the regularisation towards the starting weights: it acts like this many positions whose log-probabilities
 * have a variance of 1 nat²
 */
const pull = 10;
const largest = 3;
/** Weights are rounded to multiples of 1/precision, so that files record few digits. */
const precision = 1e4;

/**
 * Fits a pair of weights for each class of positions.
 * @param classes number of classes
 * @returns [classes, 2] weights of network and counts
 */
export function fitWeights(data: FitData, classes: number): Float64Array {
  const n = data.classes.length;
  const order = new Uint32Array(n);
  const starts = new Uint32Array(classes + 1);
  for (let i = 0; i < n; i++) starts[data.classes[i] + 1]++;
  for (let c = 1; c <= classes; c++) starts[c] += starts[c - 1];
  const next = starts.slice();
  for (let i = 0; i < n; i++) order[next[data.classes[i]]++] = i;
  const common = fitPair(data, order, usualWeights);
  const weights = new Float64Array(2 * classes);
  for (let c = 0; c < classes; c++) {
    const pair = fitPair(data, order.subarray(starts[c], starts[c + 1]), common);
    weights.set(
      pair.map((weight) => Math.round(weight * precision) / precision),
      2 * c,
    );
  }
  return weights;
}

/** First and second derivative of the log-likelihood, summed over positions */
interface Curve {
  readonly slope: Pair;
  /** Variance of the network's log-probabilities, covariance with the counts', variance of the counts' */
  readonly variances: readonly [number, number, number];
}

function fitPair(data: FitData, positions: Uint32Array, start: Pair): Pair {
  if (positions.length === 0) return start;
  let [a, b] = start;
  for (let i = 0; i < iterations; i++) {
    const { slope, variances } = curveAt(data, positions, a, b);
    const [p, q] = [slope[0] - pull * (a - start[0]), slope[1] - pull * (b - start[1])];
    const [xx, xy, yy] = [variances[0] + pull, variances[1], variances[2] + pull];
    const determinant = xx * yy - xy * xy;
    a = within(a + limited((yy * p - xy * q) / determinant));
    b = within(b + limited((xx * q - xy * p) / determinant));
  }
  return [a, b];
}

function limited(step: number): number {
  return Number.isFinite(step) ? Math.max(-0.5, Math.min(0.5, step)) : 0;
}

function within(weight: number): number {
  return Math.max(0, Math.min(largest, weight));
}

function curveAt(data: FitData, positions: Uint32Array, a: number, b: number): Curve {
  const { vocabulary: V, logits, counted, targets } = data;
  const mixed = new Float64Array(V);
  let [p, q, xx, xy, yy] = [0, 0, 0, 0, 0];
  for (let i = 0; i < positions.length; i++) {
    const start = positions[i] * V;
    let max = Number.NEGATIVE_INFINITY;
    for (let id = 0; id < V; id++) {
      const value = a * logits[start + id] + b * counted[start + id];
      mixed[id] = value;
      if (value > max) max = value;
    }
    const target = start + targets[positions[i]];
    // differences from the logit of the character that followed, because raw values would lose digits in the sums of
    // squares
    const [x0, y0] = [logits[target], counted[target]];
    let [sum, x1, y1, x2, z2, y2] = [0, 0, 0, 0, 0, 0];
    for (let id = 0; id < V; id++) {
      const weight = Math.exp(mixed[id] - max);
      const x = logits[start + id] - x0;
      const y = counted[start + id] - y0;
      sum += weight;
      x1 += weight * x;
      y1 += weight * y;
      x2 += weight * x * x;
      z2 += weight * x * y;
      y2 += weight * y * y;
    }
    const [meanX, meanY] = [x1 / sum, y1 / sum];
    p -= meanX;
    q -= meanY;
    xx += x2 / sum - meanX * meanX;
    xy += z2 / sum - meanX * meanY;
    yy += y2 / sum - meanY * meanY;
  }
  return { slope: [p, q], variances: [xx, xy, yy] };
}
