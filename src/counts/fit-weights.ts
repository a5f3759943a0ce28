/**
 * The weights of a mixture, fitted on a text that neither of the two has learned from: the most probable ones, by
 * Newton's method, of a pair for all positions first, then of each class, drawn towards the common pair.
 */
import { usualWeights } from './mixture.js';

/** What is known of the positions that are fitted on */
export interface FitData {
  /** V */
  readonly vocabulary: number;
  /** [n, V] the network's logits */
  readonly logits: Float32Array;
  /** [n, V] ln p of the counts */
  readonly counted: Float32Array;
  /** [n] */
  readonly classes: Uint16Array;
  /** [n] ids that followed */
  readonly targets: ArrayLike<number>;
}

type Pair = readonly [network: number, counts: number];

const iterations = 5;
/** How strongly weights are drawn to those they begin with: as this many positions' variance of 1 nat² */
const pull = 10;
const largest = 3;
/** Weights are recorded with so many decimals. */
const precision = 1e4;

/**
 * @param classes how many there are
 * @returns [classes, 2]
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

/** Sums over positions of the slope of ln p and of the variances of the two logarithms */
interface Curve {
  readonly slope: Pair;
  /** Of the network, of both together, of the counts */
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
    // from the character that came, so that sums of squares lose no digits
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
