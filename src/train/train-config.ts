/** How a network is trained: the complete configuration, made from options once and then frozen. */
import type { Complete } from '../options/table.js';
import type { trainingRows } from './schema/training-rows.js';

/** When training ends: exactly one of the three. */
export type TrainLength =
  | { readonly kind: 'steps'; readonly steps: number }
  | { readonly kind: 'epochs'; readonly epochs: number }
  | { readonly kind: 'seconds'; readonly seconds: number };

export type TrainConfig = Complete<typeof trainingRows> & { readonly length: TrainLength };

export type OptimizerConfig = Pick<
  TrainConfig,
  'optimizer' | 'weightDecay' | 'beta1' | 'beta2' | 'alpha' | 'momentum' | 'epsilon'
>;

export type ScheduleConfig = Pick<
  TrainConfig,
  | 'schedule'
  | 'learningRate'
  | 'warmup'
  | 'decayShare'
  | 'finalRate'
  | 'decay'
  | 'decayEvery'
  | 'patience'
>;

/** Adam at a constant learning rate and nothing else: for what trains without being asked how. */
export const plainTraining = {
  dropout: 0,
  dropoutMask: 'step',
  weightDrop: 0,
  optimizer: 'adam',
  weightDecay: 0,
  beta1: 0.9,
  beta2: 0.999,
  alpha: 0.99,
  momentum: 0.9,
  epsilon: 1e-8,
  schedule: 'constant',
  learningRate: 2e-3,
  warmup: 0,
  decayShare: 0.6,
  finalRate: 1,
  decay: 1,
  decayEvery: 1,
  patience: 0,
  average: 0,
  clip: 5,
  clipBy: 'norm',
  length: { kind: 'steps', steps: 1 },
  earlyStop: 0,
  onDivergence: 'stop',
  rollbacks: 0,
  evalEvery: undefined,
  seed: 1,
} as const satisfies Partial<TrainConfig>;
