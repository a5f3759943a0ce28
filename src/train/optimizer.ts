/**
 * Optimisers over the parameter table: which moments they keep, and one update.
 */
import type { Backend, Tensor } from '../backend/backend.js';
import type { Parameter } from '../model/parameters.js';
import type { OptimizerConfig, OptimizerName } from './config.js';

/** Lists of moments, each the size of the parameters. */
export function momentCount(name: OptimizerName): number {
  return name === 'adam' || name === 'adamw' ? 2 : 1;
}

export interface Update {
  readonly rate: number;
  /** 1-based number of the update */
  readonly step: number;
  /** clipping coefficient */
  readonly gradientScale: number;
}

/** One thread's share of the parameters: views on the same elements of weights, gradients, moments. */
export interface ParameterSlice {
  readonly decays: boolean;
  readonly weight: Tensor;
  readonly gradient: Tensor;
  readonly moments: readonly Tensor[];
  readonly average: Tensor | undefined;
}

/**
 * Cuts the flat list of parameters into `count` shares of about equal size, at multiples of 16 elements,
 * and returns the views of share `index`, parameter by parameter.
 */
export function sliceParameters(
  backend: Backend,
  parameters: readonly Parameter[],
  flat: {
    weights: Tensor;
    gradients: Tensor;
    moments: readonly Tensor[];
    average: Tensor | undefined;
  },
  index: number,
  count: number,
): ParameterSlice[] {
  const edge = (i: number) => Math.round((flat.weights.size * i) / count / 16) * 16;
  const [from, to] = [edge(index), index === count - 1 ? flat.weights.size : edge(index + 1)];
  const slices: ParameterSlice[] = [];
  for (const { start, size, decays } of parameters) {
    const first = Math.max(start, from);
    const end = Math.min(start + size, to);
    if (first >= end) continue;
    const cut = (x: Tensor) => backend.view(x, first, [end - first]);
    slices.push({
      decays,
      weight: cut(flat.weights),
      gradient: cut(flat.gradients),
      moments: flat.moments.map(cut),
      average: flat.average && cut(flat.average),
    });
  }
  return slices;
}

/**
 * Weight of the newest weights in their moving average: 1 - decay, but more in the beginning, so that
 * the average soon forgets the weights that training began with.
 * @param step 1-based number of the update
 */
export function averagingShare(decay: number, step: number): number {
  return 1 - Math.min(decay, (1 + step) / (10 + step));
}

/** Applies one update to a share of the parameters. */
export function updateSlice(
  backend: Backend,
  config: OptimizerConfig,
  slice: ParameterSlice,
  update: Update,
): void {
  const { weight, gradient, moments } = slice;
  const weightDecay = slice.decays ? config.weightDecay : 0;
  const { rate, step, gradientScale } = update;
  switch (config.name) {
    case 'adam':
    case 'adamw': {
      const decoupled = config.name === 'adamw';
      backend.adam(weight, gradient, moments[0], moments[1], {
        rate,
        beta1: config.beta1,
        beta2: config.beta2,
        epsilon: config.epsilon,
        l2: decoupled ? 0 : weightDecay,
        decay: decoupled ? weightDecay : 0,
        step,
        gradientScale,
      });
      return;
    }
    case 'rmsprop':
      backend.rmsprop(weight, gradient, moments[0], {
        rate,
        alpha: config.alpha,
        epsilon: config.epsilon,
        l2: weightDecay,
        gradientScale,
      });
      return;
    case 'sgd':
      backend.sgd(weight, gradient, moments[0], {
        rate,
        momentum: config.momentum,
        l2: weightDecay,
        gradientScale,
      });
  }
}
