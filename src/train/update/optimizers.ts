/**
 * The optimisers. An entry defines one completely: its default options, the moments it keeps, and its update. The
 * names, the choices and defaults of the options, and what is stored in memory and in files follow from the table.
 */
import type { Backend } from '../../backend/backend.js';
import type { OptimizerConfig } from '../train-config.js';
import type { ParameterPart } from './parameter-parts.js';

export interface Optimizer {
  /** Default values of the options that depend on the optimiser */
  readonly defaults: {
    readonly learningRate: number;
    readonly weightDecay: number;
    /** The default momentum; 0 if the optimiser does not use momentum */
    readonly momentum: number;
  };
  /** Number of lists of moments that the optimiser keeps, each as long as the list of parameters */
  readonly moments: number;
  /** Whether weight decay shrinks the weights directly, instead of adding an L2 penalty to the gradient */
  readonly decoupled: boolean;
  /** Whether the optimiser updates each weight matrix of a cell's gates as a whole */
  readonly takesMatrices?: boolean;
  /**
   * The number of lists of moments, counted from the first, that the optimiser uses for matrices that it updates as a
   * whole. In the other lists, the elements of such matrices stay 0.
   */
  readonly matrixMoments?: number;
  /**
   * Applies one update to a part of the parameters: a whole matrix, if the optimiser updates whole matrices, or a list.
   * @param config its weight decay is 0 for parameters that do not decay
   */
  update(backend: Backend, config: OptimizerConfig, part: ParameterPart, step: Update): void;
}

export interface Update {
  readonly learningRate: number;
  /** 1-based number of the update */
  readonly step: number;
  /** the factor by which clipping scales the gradients */
  readonly gradientScale: number;
}

/** Muon for the cells' matrices, and AdamW for everything else, as Jordan et al. 2024 combine them. */
const muon: Optimizer = {
  defaults: { learningRate: 6e-3, weightDecay: 0.01, momentum: 0.95 },
  moments: 2,
  decoupled: true,
  takesMatrices: true,
  matrixMoments: 1,
  update(backend, config, part, step) {
    const { weight, gradient, moments } = part;
    if (weight.shape.length === 1) {
      adamw.update(backend, config, part, step);
      return;
    }
    const { learningRate: rate, gradientScale } = step;
    const { momentum, weightDecay: decay } = config;
    backend.muon(weight, gradient, moments[0], { rate, momentum, decay, gradientScale });
  },
};

const adamw: Optimizer = {
  defaults: { learningRate: 4e-3, weightDecay: 0.01, momentum: 0 },
  moments: 2,
  decoupled: true,
  update(backend, config, { weight, gradient, moments }, step) {
    const { beta1, beta2, epsilon, weightDecay: decay } = config;
    const { learningRate: rate, ...rest } = step;
    const constants = { rate, beta1, beta2, epsilon, l2: 0, decay };
    backend.adam(weight, gradient, moments[0], moments[1], { ...constants, ...rest });
  },
};

const adam: Optimizer = {
  defaults: { learningRate: 4e-3, weightDecay: 0, momentum: 0 },
  moments: 2,
  decoupled: false,
  update(backend, config, { weight, gradient, moments }, step) {
    const { beta1, beta2, epsilon, weightDecay: l2 } = config;
    const { learningRate: rate, ...rest } = step;
    const constants = { rate, beta1, beta2, epsilon, l2, decay: 0 };
    backend.adam(weight, gradient, moments[0], moments[1], { ...constants, ...rest });
  },
};

const rmsprop: Optimizer = {
  defaults: { learningRate: 2e-3, weightDecay: 0, momentum: 0 },
  moments: 1,
  decoupled: false,
  update(backend, config, { weight, gradient, moments }, step) {
    const { learningRate: rate, gradientScale } = step;
    const { alpha, epsilon, weightDecay: l2 } = config;
    backend.rmsprop(weight, gradient, moments[0], { rate, alpha, epsilon, l2, gradientScale });
  },
};

const sgd: Optimizer = {
  defaults: { learningRate: 0.5, weightDecay: 0, momentum: 0.9 },
  moments: 1,
  decoupled: false,
  update(backend, config, { weight, gradient, moments }, step) {
    const { learningRate: rate, gradientScale } = step;
    const { momentum, weightDecay: l2 } = config;
    backend.sgd(weight, gradient, moments[0], { rate, momentum, l2, gradientScale });
  },
};

/** The optimisers, in the order in which help lists them */
const table = { muon, adamw, adam, rmsprop, sgd };

export type OptimizerName = keyof typeof table;
export const optimizers: Readonly<Record<OptimizerName, Optimizer>> = table;
export const optimizerNames = Object.keys(table) as OptimizerName[];

/** The default of an option for each optimiser */
export function optimizerDefaults(
  option: keyof Optimizer['defaults'],
): Readonly<Record<OptimizerName, number>> {
  const values = optimizerNames.map((name) => [name, optimizers[name].defaults[option]]);
  return Object.fromEntries(values);
}

/** The names of the optimisers that fulfil a condition, in the order in which help lists them */
export function optimizersThat(holds: (optimizer: Optimizer) => boolean): string {
  return optimizerNames.filter((name) => holds(optimizers[name])).join(', ');
}

/** Number of lists of moments, each as long as the list of parameters */
export function momentCount(name: OptimizerName): number {
  return optimizers[name].moments;
}

/** Whether any element that a list of moments has for a parameter is ever other than 0; the first list has number 0 */
export function usesMoment(
  name: OptimizerName,
  list: number,
  { gates }: { readonly gates: number },
): boolean {
  const { takesMatrices, moments, matrixMoments = moments } = optimizers[name];
  return !takesMatrices || gates === 0 || list < matrixMoments;
}

/**
 * Weight of the newest weights in their moving average: 1 - decay, but more in the beginning, so that the average soon
 * forgets the initial weights.
 * @param step 1-based number of the update
 */
export function emaWeight(decay: number, step: number): number {
  return 1 - Math.min(decay, (1 + step) / (10 + step));
}

/** Applies one update to a part of the parameters. */
export function update(
  backend: Backend,
  config: OptimizerConfig,
  part: ParameterPart,
  step: Update,
): void {
  const own = part.decays ? config : { ...config, weightDecay: 0 };
  optimizers[config.optimizer].update(backend, own, part, step);
}
