/** The events that a training run reports while it runs. Losses are in nats per character. */

import type { Precision } from '../backend/device.js';
import type { ModelConfig } from '../model/model-config.js';
import type { LengthPlan } from './length/step-budget.js';

export interface StartEvent {
  readonly type: 'start';
  readonly model: ModelConfig;
  /** The number of the model's parameters */
  readonly parameters: number;
  readonly trainCharacters: number;
  readonly validationCharacters: number;
  readonly batchSize: number;
  readonly seqLength: number;
  readonly threads: number;
  readonly backend: string;
  /** The number format of matrix products */
  readonly precision: Precision;
  /** The norm at which gradients are clipped; null where they are not clipped by norm */
  readonly clipNorm: number | null;
  /** Number of steps that were done before: above 0 when a training run is resumed */
  readonly step: number;
  /** Total number of steps; undefined until a training run with a time limit has planned it */
  readonly totalSteps: number | undefined;
}

export interface ProgressEvent {
  readonly type: 'progress';
  readonly step: number;
  readonly totalSteps: number | undefined;
  /** Fraction of the training that is done, 0 to 1 */
  readonly fraction: number;
  readonly epoch: number;
  /** Training loss, averaged over the latest steps */
  readonly loss: number;
  /** Training loss in bits per character, averaged over the latest steps */
  readonly bitsPerCharacter: number;
  readonly gradientNorm: number;
  readonly learningRate: number;
  readonly charactersPerSecond: number;
  readonly secondsElapsed: number;
  readonly secondsLeft: number | undefined;
}

/** One entry of a model's history. */
export interface Validation {
  readonly step: number;
  readonly epoch: number;
  /**
   * Mean training loss since the previous validation, with rare characters as the unknown symbol that the network sees;
   * null before the first step
   */
  readonly trainLoss: number | null;
  /**
   * The loss on the validation text; null if there is none. Unknown characters cost the same as in `evaluate`, so that
   * both report the same loss for a text.
   */
  readonly validationLoss: number | null;
  /** Validation loss of network and n-gram counts together; absent from a training run without counts */
  readonly mixtureLoss?: number;
  readonly learningRate: number;
  /** Mean norm of the gradient before clipping, since the previous validation; null before the first step */
  readonly gradientNorm: number | null;
  /** The largest gradient norm of a step since the previous validation, and the gradient norm of the latest step */
  readonly maxGradientNorm?: number;
  readonly lastGradientNorm?: number;
  /**
   * Fraction of the steps since the previous validation in which the gradient was clipped; null before the first step
   */
  readonly clipped: number | null;
  /** The number of rollbacks so far, if there have been any */
  readonly rollbacks?: number;
}

/** The losses of a validation in bits per character */
export interface LossesInBits {
  readonly trainBitsPerCharacter: number | null;
  readonly validationBitsPerCharacter: number | null;
  readonly mixtureBitsPerCharacter?: number;
}

export interface ValidationEvent extends Validation, LossesInBits {
  readonly type: 'validation';
  /** Whether this validation is the best so far, so that the model was saved */
  readonly best: boolean;
  readonly secondsElapsed: number;
}

export interface SavedEvent {
  readonly type: 'saved';
  /** 'kept': the model of a validation that is kept beside the best one */
  readonly what: 'model' | 'state' | 'kept';
  readonly path: string;
}

/** A text drawn from a model that has just been saved, with the training's seed. */
export interface SampleEvent {
  readonly type: 'sample';
  readonly step: number;
  readonly text: string;
}

/** The phases of a training run, in order; training and validating alternate. */
export const phases = [
  'reading',
  'measuring',
  'counting',
  'training',
  'validating',
  'judging',
  'comparing',
] as const;
export type Phase = (typeof phases)[number];

/** A training run enters a phase, or reports how much of it is done. */
export interface PhaseEvent {
  readonly type: 'phase';
  readonly phase: Phase;
  /** The fraction of the phase that is done, 0 to 1, if known */
  readonly fraction?: number;
}

/** A message that requires no action, for instance about sizes that were picked. Only the library emits it. */
export interface NoteEvent {
  readonly type: 'note';
  readonly message: string;
}

export interface WarningEvent {
  readonly type: 'warning';
  readonly message: string;
}

/** The loss diverged, and training continues from the last good model. */
export interface RollbackEvent {
  readonly type: 'rollback';
  readonly step: number;
  /** The loss that diverged, which may be NaN */
  readonly loss: number;
  readonly bitsPerCharacter: number;
  /** The number of this rollback, counted from 1 */
  readonly count: number;
  /** Factor of the learning rate from now on */
  readonly rateFactor: number;
}

export interface EndEvent {
  readonly type: 'end';
  /**
   * 'target': the loss has reached the target; 'overfitting': the validation loss has not improved for as many
   * validations as early stopping allows
   */
  readonly reason: 'finished' | 'target' | 'overfitting' | 'interrupted' | 'diverged';
  readonly step: number;
  readonly secondsElapsed: number;
  readonly best: (Validation & LossesInBits) | undefined;
  readonly plan: LengthPlan;
}

/** Losses on the validation text of models without a network, emitted after the end of a training run. */
export interface BaselineEvent {
  readonly type: 'baseline';
  /** n of the n-gram model */
  readonly ngramOrder: number;
  readonly ngramBitsPerCharacter: number;
  readonly gzipBitsPerCharacter: number;
  /** Bits per character of xz; absent where xz is not installed */
  readonly xzBitsPerCharacter: number | undefined;
}

/** Extends an object that holds losses in nats by the same losses in bits per character. */
export function withBits<
  Entry extends {
    readonly trainLoss?: number | null;
    readonly validationLoss?: number | null;
    readonly mixtureLoss?: number | null;
  },
>(entry: Entry): Entry & LossesInBits {
  const inBits = (nats: number | null | undefined) => (nats == null ? null : nats / Math.LN2);
  return {
    ...entry,
    trainBitsPerCharacter: inBits(entry.trainLoss),
    validationBitsPerCharacter: inBits(entry.validationLoss),
    ...(entry.mixtureLoss != null && { mixtureBitsPerCharacter: entry.mixtureLoss / Math.LN2 }),
  };
}

export type TrainEvent =
  | StartEvent
  | ProgressEvent
  | ValidationEvent
  | SavedEvent
  | SampleEvent
  | NoteEvent
  | PhaseEvent
  | WarningEvent
  | RollbackEvent
  | EndEvent
  | BaselineEvent;
