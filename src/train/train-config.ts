/** How a network is trained: the complete configuration, made from options once and then frozen. */
import { type Complete, withDefaults } from '../options/table.js';
import { trainingRows } from './schema/training-rows.js';

/** What ends a training run: a number of steps, a number of passes over the text, or a time. */
export type TrainLength =
  | { readonly kind: 'steps'; readonly steps: number }
  | { readonly kind: 'epochs'; readonly epochs: number }
  | { readonly kind: 'seconds'; readonly seconds: number };

export type TrainConfig = Complete<typeof trainingRows> & { readonly length: TrainLength };

type Rows = typeof trainingRows;

/** The options that files record in a nested object of this name, such as `beta1` in the field `optimizer.beta1` */
type Group<Name extends string> = Pick<
  TrainConfig,
  {
    [Key in keyof Rows]: Rows[Key] extends { readonly field: `${Name}.${string}` } ? Key : never;
  }[keyof Rows]
>;

export type OptimizerConfig = Group<'optimizer'>;
export type ScheduleConfig = Group<'schedule'>;

/** Names of the training options for which `plainTraining` has no values, so that its users have to add them */
type Missing = 'batchSize' | 'seqLength' | 'threads' | 'backend';

/** Adam at a constant learning rate and nothing else, for networks that are trained without training options. */
export const plainTraining: Omit<TrainConfig, Missing> = {
  // options that are not listed here have their defaults
  ...(withDefaults(trainingRows, {}) as Complete<Rows>),
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
};
