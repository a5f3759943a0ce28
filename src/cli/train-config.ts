/** From the raw options of `charnn train` to a checked, frozen configuration. */
import { usableCores } from '../backend/cores.js';
import type { BackendName } from '../backend/device.js';
import { UsageError } from '../errors.js';
import { type CellName, type ModelConfig, variants } from '../model/config.js';
import type { InvalidAction, TextFormat } from '../text/reading-options.js';
import type { BatchShape } from '../text/split.js';
import type { NormalForm, TextOptions, TextUnit } from '../text/unit.js';
import type {
  ClipName,
  DivergenceAction,
  DivergenceConfig,
  DropoutMaskName,
  OptimizerName,
  ScheduleName,
  TrainConfig,
  TrainLength,
} from '../train/config.js';
import { type Size, sizes } from '../train/recipe.js';
import { checkLayerNorm, flagOf } from './checks.js';
import { defaults as d } from './options/defaults.js';
import type { SizeChoice } from './options/train.js';

/** Options as the parser leaves them: absent ones undefined. */
export interface RawTrainOptions {
  readonly encoding?: string;
  readonly invalid?: InvalidAction;
  readonly format?: TextFormat;
  readonly textColumn?: string;
  readonly cell?: CellName;
  readonly size?: SizeChoice;
  readonly layers?: number;
  readonly hidden?: number;
  readonly embedding?: number;
  readonly residual?: boolean;
  readonly layerNorm?: boolean;
  readonly unit?: TextUnit;
  readonly normalize?: NormalForm;
  readonly keepCr?: boolean;
  readonly minCount?: number;
  readonly separator?: string;
  readonly documents?: boolean;
  readonly valFrac?: number;
  readonly valFile?: string;
  readonly valChars?: number;
  readonly batchSize?: number;
  readonly seqLength?: number;
  readonly dropout?: number;
  readonly dropoutMask?: DropoutMaskName;
  readonly weightDrop?: number;
  readonly optimizer?: OptimizerName;
  readonly learningRate?: number;
  readonly weightDecay?: number;
  readonly beta1?: number;
  readonly beta2?: number;
  readonly momentum?: number;
  readonly average?: number;
  readonly clip?: number;
  readonly clipBy?: ClipName;
  readonly schedule?: ScheduleName;
  readonly warmup?: number;
  readonly decayShare?: number;
  readonly finalRate?: number;
  readonly decay?: number;
  readonly decayEvery?: number;
  readonly patience?: number;
  readonly epochs?: number;
  readonly steps?: number;
  readonly time?: number;
  readonly earlyStop?: number;
  readonly onDivergence?: DivergenceAction;
  readonly rollbacks?: number;
  readonly evalEvery?: number;
  readonly targetLoss?: number;
  readonly keep?: number;
  readonly output?: string;
  readonly force?: boolean;
  readonly resume?: boolean;
  readonly initFrom?: string;
  readonly plainWeights?: boolean;
  readonly seed?: number;
  readonly threads?: number;
  readonly backend?: BackendName;
  readonly json?: boolean;
  readonly quiet?: boolean;
  readonly debug?: boolean;
}

export interface TrainSettings {
  readonly model: Omit<ModelConfig, 'vocabulary'>;
  readonly text: TextOptions;
  readonly minCount: number;
  readonly valFrac: number;
  readonly valFile: string | undefined;
  readonly valChars: number;
  readonly train: TrainConfig;
}

/** What is picked for options that are absent, once the text is known. */
export interface Picked {
  readonly model: Size & { readonly cell?: CellName };
  readonly batch: BatchShape;
  readonly dropout: number;
  /** What was asked for, or less where that is more than the text is worth */
  readonly length: TrainLength;
}

/** What stands for it before the text is known. */
const unknownYet: Picked = {
  model: sizes.small,
  batch: { batchSize: 1, seqLength: 1 },
  dropout: 0,
  length: { kind: 'epochs', epochs: 1 },
};

/**
 * @param picked for options that are absent and have no default of their own
 * @throws UsageError for options that contradict each other
 */
export function trainSettings(raw: RawTrainOptions, picked: Picked = unknownYet): TrainSettings {
  refuseTogether(raw, 'steps', 'epochs');
  refuseTogether(raw, 'steps', 'time');
  refuseTogether(raw, 'epochs', 'time');
  refuseTogether(raw, 'valFile', 'valFrac');
  if (raw.unit === 'byte' && raw.normalize !== undefined) {
    throw new UsageError('--normalize is for characters: leave it out, or give --unit char');
  }
  const cell = raw.cell ?? picked.model.cell ?? d.cell;
  checkLayerNorm(raw, cell);
  const optimizer = raw.optimizer ?? d.optimizer;
  return deepFreeze({
    model: {
      cell,
      layers: raw.layers ?? picked.model.layers,
      hidden: raw.hidden ?? picked.model.hidden,
      embedding: raw.embedding ?? picked.model.embedding,
      // of a model with another cell nothing can be taken over; a size names none, its cells are LSTM's
      ...variants({
        residual: raw.residual ?? picked.model.residual ?? false,
        layerNorm:
          raw.layerNorm ??
          (cell === (picked.model.cell ?? 'lstm') && picked.model.layerNorm) ??
          false,
      }),
    },
    text: {
      unit: raw.unit ?? d.unit,
      keepCr: raw.keepCr ?? false,
      ...(raw.normalize && { normalize: raw.normalize }),
    },
    minCount: raw.minCount ?? d.minCount,
    valFrac: raw.valFile === undefined ? (raw.valFrac ?? d.valFrac) : 0,
    valFile: raw.valFile,
    valChars: raw.valChars ?? d.valChars,
    train: {
      batchSize: raw.batchSize ?? picked.batch.batchSize,
      seqLength: raw.seqLength ?? picked.batch.seqLength,
      dropout: raw.dropout ?? picked.dropout,
      dropoutMask: raw.dropoutMask ?? d.dropoutMask,
      weightDrop: raw.weightDrop ?? d.weightDrop,
      optimizer: {
        name: optimizer,
        weightDecay: raw.weightDecay ?? d.weightDecay[optimizer],
        beta1: raw.beta1 ?? d.beta1,
        beta2: raw.beta2 ?? d.beta2,
        alpha: d.alpha,
        momentum: raw.momentum ?? d.momentum[optimizer],
        epsilon: d.epsilon,
      },
      schedule: {
        name: raw.schedule ?? d.schedule,
        rate: raw.learningRate ?? d.learningRate[optimizer],
        warmup: raw.warmup ?? d.warmup,
        decayShare: raw.decayShare ?? d.decayShare,
        finalRate: raw.finalRate ?? d.finalRate,
        decay: raw.decay ?? d.decay,
        every: raw.decayEvery ?? d.decayEvery,
        patience: raw.patience ?? d.patience,
      },
      average: raw.average ?? d.average,
      clip: { name: raw.clipBy ?? d.clipBy, limit: raw.clip ?? d.clip },
      length: picked.length,
      earlyStop: raw.earlyStop ?? d.earlyStop,
      divergence: divergence(raw),
      evalEvery: raw.evalEvery,
      ...(raw.documents && { documents: true }),
      ...ending(raw),
      seed: raw.seed ?? d.seed,
      threads: raw.threads ?? usableCores(),
      backend: raw.backend ?? 'auto',
    },
  });
}

/** Options that may accompany --resume: what they say is not part of the training's identity. */
const free: ReadonlySet<string> = new Set([
  ...['resume', 'output', 'threads', 'backend', 'epochs', 'steps', 'time'],
  ...['json', 'quiet', 'debug', 'plainWeights', 'earlyStop', 'onDivergence', 'rollbacks'],
  ...['targetLoss', 'keep'],
]);

/**
 * The configuration of a resumed training: as it was, but for how it ends and where it runs, if given.
 * @throws UsageError for an option that would make it another training
 */
export function resumedConfig(raw: RawTrainOptions, saved: TrainConfig): TrainConfig {
  for (const key of Object.keys(raw)) {
    if (!free.has(key)) {
      throw new UsageError(
        `${flagOf(key)} cannot be changed with --resume: leave it out, or start anew with --init-from`,
      );
    }
  }
  refuseTogether(raw, 'steps', 'epochs');
  refuseTogether(raw, 'steps', 'time');
  refuseTogether(raw, 'epochs', 'time');
  return deepFreeze({
    ...saved,
    length: trainLength(raw) ?? saved.length,
    threads: raw.threads ?? saved.threads,
    backend: raw.backend ?? saved.backend,
    earlyStop: raw.earlyStop ?? saved.earlyStop,
    ...ending(raw),
    divergence: divergence(raw, saved.divergence),
  });
}

export function trainLength({ steps, epochs, time }: RawTrainOptions): TrainLength | undefined {
  if (steps !== undefined) return { kind: 'steps', steps };
  if (time !== undefined) return { kind: 'seconds', seconds: time };
  return epochs === undefined ? undefined : { kind: 'epochs', epochs };
}

/** Absent where not given, so that files without them stay as they are. */
function ending({ targetLoss, keep }: RawTrainOptions): Pick<TrainConfig, 'targetLoss' | 'keep'> {
  return {
    ...(targetLoss !== undefined && { targetLoss }),
    ...(keep !== undefined && { keep }),
  };
}

function divergence(raw: RawTrainOptions, saved?: DivergenceConfig): DivergenceConfig {
  return {
    action: raw.onDivergence ?? saved?.action ?? d.onDivergence,
    rollbacks: raw.rollbacks ?? saved?.rollbacks ?? d.rollbacks,
  };
}

function refuseTogether(
  raw: RawTrainOptions,
  a: keyof RawTrainOptions,
  b: keyof RawTrainOptions,
): void {
  if (raw[a] !== undefined && raw[b] !== undefined) {
    throw new UsageError(`${flagOf(a)} and ${flagOf(b)} contradict each other: give one of them`);
  }
}

function deepFreeze<T extends object>(value: T): T {
  for (const part of Object.values(value)) {
    if (typeof part === 'object' && part !== null) deepFreeze(part);
  }
  return Object.freeze(value);
}
