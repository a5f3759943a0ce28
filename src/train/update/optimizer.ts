/**
 * Optimisers over the parameter table: which moments they keep, who updates what, and one update.
 */
import type { Backend, Tensor } from '../../backend/backend.js';
import type { Parameter } from '../../model/parameters.js';
import type { OptimizerName } from '../names.js';
import type { OptimizerConfig } from '../train-config.js';

/** Lists of moments, each the size of the parameters. */
export function momentCount(name: OptimizerName): number {
  return name === 'rmsprop' || name === 'sgd' ? 1 : 2;
}

export interface Update {
  readonly learningRate: number;
  /** 1-based number of the update */
  readonly step: number;
  /** clipping coefficient */
  readonly gradientScale: number;
}

/** Views on the same elements of weights, gradients and what the optimiser keeps. */
export interface ParameterPart {
  readonly decays: boolean;
  readonly weight: Tensor;
  readonly gradient: Tensor;
  readonly moments: readonly Tensor[];
  readonly ema: Tensor | undefined;
}

/** All parameters, as flat lists. */
export interface FlatParameters {
  readonly weights: Tensor;
  readonly gradients: Tensor;
  readonly moments: readonly Tensor[];
  readonly ema: Tensor | undefined;
}

function part(
  backend: Backend,
  flat: FlatParameters,
  decays: boolean,
  start: number,
  shape: readonly number[],
): ParameterPart {
  const cut = (x: Tensor) => backend.view(x, start, shape);
  return {
    decays,
    weight: cut(flat.weights),
    gradient: cut(flat.gradients),
    moments: flat.moments.map(cut),
    ema: flat.ema && cut(flat.ema),
  };
}

/**
 * Cuts the flat list of parameters into `count` shares of about equal size, at multiples of 16 elements,
 * and returns share `index`, parameter by parameter.
 */
export function sliceParameters(
  backend: Backend,
  parameters: readonly Parameter[],
  flat: FlatParameters,
  index: number,
  count: number,
): ParameterPart[] {
  const edge = (i: number) => Math.round((flat.weights.size * i) / count / 16) * 16;
  const [from, to] = [edge(index), index === count - 1 ? flat.weights.size : edge(index + 1)];
  return parameters.flatMap(({ start, size, decays }) => {
    const first = Math.max(start, from);
    const end = Math.min(start + size, to);
    return first < end ? [part(backend, flat, decays, first, [end - first])] : [];
  });
}

/**
 * The matrices that Muon updates, each whole: the cells' weights, a gate at a time. They are dealt out to
 * `count` replicas, largest first, to the one with the least work so far.
 * @returns those of replica `index`
 */
export function dealMatrices(
  backend: Backend,
  parameters: readonly Parameter[],
  flat: FlatParameters,
  index: number,
  count: number,
): ParameterPart[] {
  const work = new Array<number>(count).fill(0);
  const own: ParameterPart[] = [];
  const matrices = parameters.flatMap(({ gates, shape, start }) => {
    const [rows, columns] = [shape[0] / gates, shape[1]];
    const cost = rows * columns * Math.min(rows, columns);
    return Array.from({ length: gates }, (_, g) => ({
      start: start + g * rows * columns,
      shape: [rows, columns],
      cost,
    }));
  });
  for (const { start, shape, cost } of matrices.sort((a, b) => b.cost - a.cost)) {
    const owner = work.indexOf(Math.min(...work));
    work[owner] += cost;
    if (owner === index) own.push(part(backend, flat, true, start, shape));
  }
  return own;
}

/**
 * Weight of the newest weights in their moving average: 1 - decay, but more in the beginning, so that
 * the average soon forgets the weights that training began with.
 * @param step 1-based number of the update
 */
export function emaWeight(decay: number, step: number): number {
  return 1 - Math.min(decay, (1 + step) / (10 + step));
}

/** Applies one update to a part of the parameters. */
export function update(
  backend: Backend,
  config: OptimizerConfig,
  { weight, gradient, moments, decays }: ParameterPart,
  { learningRate, step, gradientScale }: Update,
): void {
  const { optimizer: name, beta1, beta2, epsilon, alpha, momentum } = config;
  const weightDecay = decays ? config.weightDecay : 0;
  switch (name) {
    case 'muon':
    case 'adamw':
    case 'adam': {
      if (name === 'muon' && weight.shape.length > 1) {
        backend.muon(weight, gradient, moments[0], {
          rate: learningRate,
          momentum,
          decay: weightDecay,
          gradientScale,
        });
        return;
      }
      const decoupled = name !== 'adam';
      backend.adam(weight, gradient, moments[0], moments[1], {
        rate: learningRate,
        beta1,
        beta2,
        epsilon,
        l2: decoupled ? 0 : weightDecay,
        decay: decoupled ? weightDecay : 0,
        step,
        gradientScale,
      });
      return;
    }
    case 'rmsprop': {
      const l2 = weightDecay;
      backend.rmsprop(weight, gradient, moments[0], {
        rate: learningRate,
        alpha,
        epsilon,
        l2,
        gradientScale,
      });
      return;
    }
    case 'sgd': {
      const l2 = weightDecay;
      backend.sgd(weight, gradient, moments[0], {
        rate: learningRate,
        momentum,
        l2,
        gradientScale,
      });
    }
  }
}
