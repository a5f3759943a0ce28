/**
 * Measures how far back the gradient reaches: the norm of ∂L_t/∂s_{t-k}, where L_t is the loss of one prediction and
 * s_{t-k} a layer's state (h, or the LSTM's c) k steps before it. This is the quantity studied by Hochreiter (1991),
 * Bengio et al. (1994) and Pascanu et al. (2013): in a vanilla RNN it shrinks or grows like the k-th power of the
 * recurrent Jacobian.
 *
 * Each row of a batch is a window of K characters that ends at one position of the text; it begins with the state that
 * the text before it leaves, and only its last step has a loss. A single backward pass, step by step, then gives the
 * gradient at every lag from 1 to K. It is not truncated as in training; see `cutOff`.
 */
import type { Backend } from '../backend/backend.js';
import { type Scope, withScope } from '../backend/device.js';
import { CharnnError, optionName } from '../errors.js';
import { cellOf } from '../model/cells/cells.js';
import type { ModelConfig } from '../model/model-config.js';
import type { Ids } from '../text/unit.js';
import { batchRows, GradientWindows, warmup } from './gradient-windows.js';

export interface FlowOptions {
  /** K: the longest lag */
  readonly lags: number;
  /**
   * Number of predictions to measure, spread evenly over the text, fewer if the text is short; or their positions: the
   * indices of the characters before the predicted ones, from lags - 1 to the last but one
   */
  readonly positions: number | readonly number[];
}

/** Statistics of the gradient's norm at one lag, over all positions. */
export interface LagStatistics {
  readonly lag: number;
  readonly mean: number;
  /** 10th percentile of the norm over all positions; then its median and its 90th percentile */
  readonly p10: number;
  readonly median: number;
  readonly p90: number;
}

export interface StateFlow {
  readonly layer: number;
  readonly state: string;
  /** Statistics of the norm of the gradient w.r.t. this part of the state, at lags 1 to K */
  readonly byLag: readonly LagStatistics[];
}

export interface GradientFlow {
  readonly positions: number;
  /** Gradient w.r.t. the whole state of all layers, at lags 1 to K */
  readonly whole: readonly LagStatistics[];
  /** Gradient w.r.t. parts of the state: by layer from the bottom, h before c */
  readonly states: readonly StateFlow[];
}

/**
 * Measures the gradient by lag.
 * @param weights flat, in the order of the parameter table
 * @param ids a text in the model's vocabulary
 * @throws CharnnError when the text is shorter than a window and its target
 */
export function gradientFlow(
  device: Scope,
  config: ModelConfig,
  weights: ArrayLike<number>,
  ids: Ids,
  options: FlowOptions,
): Promise<GradientFlow> {
  return withScope(device, (backend) => flowOn(backend, config, weights, ids, options));
}

async function flowOn(
  backend: Backend,
  config: ModelConfig,
  weights: ArrayLike<number>,
  ids: Ids,
  { lags, positions }: FlowOptions,
): Promise<GradientFlow> {
  const chosen = typeof positions === 'number' ? spread(ids.length, lags, positions) : positions;
  const B = Math.min(batchRows, chosen.length);
  const windows = new GradientWindows(backend, config, weights, lags, B);
  const { states } = cellOf(config);
  const parts = Array.from({ length: config.layers }, (_, layer) =>
    states.map((state) => ({ layer, state, norms: byLagAndPosition(lags, chosen.length) })),
  );
  for (let first = 0; first < chosen.length; first += B) {
    const batch = chosen.slice(first, first + B);
    await windows.measure(ids, batch, (layer, lag, state, row, norm) => {
      parts[layer][state].norms[lag - 1][first + row] = norm;
    });
  }
  const all = parts.flat();
  const whole = byLagAndPosition(lags, chosen.length).map((values, i) =>
    values.map((_, position) => Math.hypot(...all.map(({ norms }) => norms[i][position]))),
  );
  return {
    positions: chosen.length,
    whole: statistics(whole),
    states: all.map(({ layer, state, norms }) => ({ layer, state, byLag: statistics(norms) })),
  };
}

/** Memory for the norms of the gradient: for each lag, a list by position */
function byLagAndPosition(lags: number, positions: number): Float64Array[] {
  return Array.from({ length: lags }, () => new Float64Array(positions));
}

/**
 * Spreads the ends of the windows evenly over the text. Each end has a whole window before it and one character after
 * it. To fit a short text, first fewer characters are read before a window to settle its state, and only then are
 * positions left out.
 */
function spread(length: number, lags: number, positions: number): number[] {
  const last = length - 2;
  if (last < lags - 1) {
    throw new CharnnError(
      `the text is too short for lags up to ${lags}: it has ${length} characters, but ${lags + 1} are needed; give a smaller number as ${optionName('lags')}, or a longer text`,
    );
  }
  const spare = last - (lags - 1);
  const first = lags - 1 + Math.max(0, Math.min(warmup, spare + 1 - positions));
  const count = Math.min(positions, last - first + 1);
  const stride = count > 1 ? (last - first) / (count - 1) : 0;
  return Array.from({ length: count }, (_, i) => Math.round(first + i * stride));
}

function statistics(byLag: readonly Float64Array[]): LagStatistics[] {
  return byLag.map((values, i) => {
    const sorted = values.toSorted();
    const quantile = (q: number) => sorted[Math.round(q * (sorted.length - 1))];
    const mean = values.reduce((sum, x) => sum + x, 0) / values.length;
    return { lag: i + 1, mean, p10: quantile(0.1), median: quantile(0.5), p90: quantile(0.9) };
  });
}

/**
 * The part of the gradient that truncation to chunks of T steps cuts off: the fraction of the mean norms, summed over
 * the measured lags, that lies beyond the chunk's edge. A prediction may be at any position in its chunk, so lag k
 * crosses the edge in min(1, k / T) of all cases.
 */
export function cutOff(byLag: readonly LagStatistics[], T: number): number {
  let all = 0;
  let cut = 0;
  for (const { lag, mean } of byLag) {
    all += mean;
    cut += mean * Math.min(1, lag / T);
  }
  return all > 0 ? cut / all : 0;
}
