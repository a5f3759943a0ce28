/** How a network is trained. Made from raw options once, checked and frozen before any work starts. */
import type { BackendName } from '../backend/device.js';

export const optimizerNames = ['muon', 'adamw', 'adam', 'rmsprop', 'sgd'] as const;
export type OptimizerName = (typeof optimizerNames)[number];

export const scheduleNames = ['wsd', 'cosine', 'constant', 'step', 'plateau'] as const;
export type ScheduleName = (typeof scheduleNames)[number];

export const clipNames = ['norm', 'value', 'none'] as const;
export type ClipName = (typeof clipNames)[number];

export interface OptimizerConfig {
  readonly name: OptimizerName;
  readonly weightDecay: number;
  readonly beta1: number;
  readonly beta2: number;
  /** RMSprop's decay of the mean square */
  readonly alpha: number;
  readonly momentum: number;
  readonly epsilon: number;
}

export interface ScheduleConfig {
  readonly name: ScheduleName;
  /** Highest learning rate */
  readonly rate: number;
  /** Steps in which the rate rises linearly from 0 */
  readonly warmup: number;
  /** wsd: share of the training in which the rate falls */
  readonly decayShare: number;
  /** wsd, cosine: the last rate as a share of the highest */
  readonly finalRate: number;
  /** step: the rate is multiplied by `decay` every `every` epochs; plateau: on no progress */
  readonly decay: number;
  readonly every: number;
  /** plateau: validations without progress before the rate falls */
  readonly patience: number;
}

/** Dropout's mask: new at each step, or one for a chunk */
export const dropoutMaskNames = ['step', 'locked'] as const;
export type DropoutMaskName = (typeof dropoutMaskNames)[number];

/** When training ends: exactly one of the three. */
export type TrainLength =
  | { readonly kind: 'steps'; readonly steps: number }
  | { readonly kind: 'epochs'; readonly epochs: number }
  | { readonly kind: 'seconds'; readonly seconds: number };

export const divergenceActions = ['stop', 'rollback'] as const;
export type DivergenceAction = (typeof divergenceActions)[number];

/** What happens when the loss is not finite, or far above its best. */
export interface DivergenceConfig {
  readonly action: DivergenceAction;
  /** Times that training goes back to the last good model, at most */
  readonly rollbacks: number;
}

export interface TrainConfig {
  readonly batchSize: number;
  readonly seqLength: number;
  /** Share of each layer's output set to zero */
  readonly dropout: number;
  readonly dropoutMask: DropoutMaskName;
  /** Share of the recurrent weights set to zero */
  readonly weightDrop: number;
  readonly optimizer: OptimizerConfig;
  readonly schedule: ScheduleConfig;
  /**
   * Decay of the exponential moving average of the weights that is validated and saved as the model
   * (Polyak & Juditsky 1992); 0: the weights themselves
   */
  readonly average: number;
  readonly clip: { readonly name: ClipName; readonly limit: number };
  readonly length: TrainLength;
  /** Validations without a better one after which training ends; 0: never */
  readonly earlyStop: number;
  /** Steps between validations; undefined: about twenty over the training */
  readonly evalEvery: number | undefined;
  /** Training ends when the validation loss is at most this, in nats; undefined: it need not */
  readonly targetLoss?: number;
  /** Validations whose models are kept beside the best one, the latest; where `Save` can */
  readonly keep?: number;
  readonly divergence: DivergenceConfig;
  /** Whether each file or record is a document: state and gradients do not run from one into the next */
  readonly documents?: boolean;
  readonly seed: number;
  readonly threads: number;
  readonly backend: BackendName;
}

/** Adam at a constant rate and nothing else: for what trains without being asked how. */
export const plainTraining = {
  dropout: 0,
  dropoutMask: 'step',
  weightDrop: 0,
  optimizer: {
    name: 'adam',
    weightDecay: 0,
    beta1: 0.9,
    beta2: 0.999,
    alpha: 0.99,
    momentum: 0.9,
    epsilon: 1e-8,
  },
  schedule: {
    name: 'constant',
    rate: 2e-3,
    warmup: 0,
    decayShare: 1,
    finalRate: 1,
    decay: 1,
    every: 1,
    patience: 0,
  },
  average: 0,
  clip: { name: 'norm', limit: 5 },
  length: { kind: 'steps', steps: 1 },
  earlyStop: 0,
  divergence: { action: 'stop', rollbacks: 0 },
  evalEvery: undefined,
  seed: 1,
} as const satisfies Partial<TrainConfig>;
