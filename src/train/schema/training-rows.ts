/** Options about how a network is trained: fields of the `config` object in state files. */
import { backendNames, precisionNames, trainingPrecisions } from '../../backend/device.js';
import { maxContext } from '../../counts/ngram-layout.js';
import { limits } from '../../limits.js';
import { flag, option, topic } from '../../options/table.js';
import {
  choice,
  count,
  decayFraction,
  fraction,
  integer,
  notNegative,
  orAuto,
  positive,
  properFraction,
} from '../../options/types.js';
import { clipNames, divergenceActions, dropoutMaskNames, scheduleNames } from '../names.js';
import { optimizerDefaults, optimizerNames, optimizersThat } from '../update/optimizers.js';

const momentumUsers = optimizersThat(({ defaults }) => defaults.momentum > 0);
const decoupledUsers = optimizersThat(({ decoupled }) => decoupled);

const updateRows = topic('Training', {
  batchSize: option(
    '<n>',
    integer(1, limits.parameters),
    'number of text streams read side by side',
    {
      absent: '32; 64 for size large, 16 for a small text',
    },
  ),
  seqLength: option(
    '<n>',
    integer(1, limits.parameters),
    'characters that each stream reads between two updates (backpropagation through time)',
    { absent: '64; 32 for a small text' },
  ),
  dropout: option('<x>', properFraction, "fraction of each layer's outputs set to 0", {
    absent: 'chosen by how often the text is read',
  }),
  dropoutMask: option(
    '<kind>',
    choice(dropoutMaskNames),
    'draw a new dropout mask at each time step, or keep one locked for all steps between two updates',
    { default: 'step' },
  ),
  weightDrop: option('<x>', properFraction, 'fraction of the recurrent weights set to 0', {
    default: 0,
  }),
  optimizer: option('<name>', choice(optimizerNames), 'optimiser', {
    default: 'muon',
    field: 'optimizer.name',
  }),
  learningRate: option(
    '<x>',
    positive,
    'peak learning rate; a quarter of the default for 5,000 pairs or more',
    {
      defaultBy: {
        option: 'optimizer',
        values: optimizerDefaults('learningRate'),
      },
      field: 'schedule.rate',
    },
  ),
  weightDecay: option(
    '<x>',
    notNegative,
    `decoupled weight decay of matrices (${decoupledUsers}); more is picked for few pairs that are read often`,
    {
      defaultBy: {
        option: 'optimizer',
        values: optimizerDefaults('weightDecay'),
      },
      field: 'optimizer.weightDecay',
    },
  ),
  beta1: option('<x>', properFraction, "Adam's decay rate of the first moment", {
    default: 0.9,
    field: 'optimizer.beta1',
  }),
  beta2: option('<x>', properFraction, "Adam's decay rate of the second moment", {
    default: 0.99,
    field: 'optimizer.beta2',
  }),
  momentum: option('<x>', properFraction, `momentum (${momentumUsers})`, {
    defaultBy: {
      option: 'optimizer',
      values: optimizerDefaults('momentum'),
    },
    field: 'optimizer.momentum',
  }),
  average: option(
    '<x>',
    properFraction,
    'decay of the exponential moving average (EMA) of the weights, which is validated and saved; 0 keeps no average',
    { default: 0.995 },
  ),
  clip: option('<x>', positive, 'gradient clipping threshold', {
    default: 1,
    field: 'clip.limit',
  }),
  clipBy: option(
    '<what>',
    choice(clipNames),
    'clip gradients by global norm, by value, or not at all',
    { default: 'norm', field: 'clip.name' },
  ),
});

const scheduleRows = topic('Training', {
  schedule: option(
    '<name>',
    choice(scheduleNames),
    'learning-rate schedule; wsd: warm-up, stable, decay',
    { default: 'wsd', field: 'schedule.name' },
  ),
  warmup: option('<n>', integer(0), 'learning-rate warm-up steps', {
    default: 50,
    field: 'schedule.warmup',
  }),
  decayShare: option(
    '<x>',
    decayFraction,
    'with schedule wsd: fraction of the training, at its end, in which the learning rate decays',
    { default: 0.6, field: 'schedule.decayShare' },
  ),
  finalRate: option(
    '<x>',
    fraction,
    'with schedule wsd or cosine: final learning rate as a fraction of the peak',
    {
      default: 0.05,
      field: 'schedule.finalRate',
    },
  ),
  decay: option(
    '<x>',
    fraction,
    'with schedule step or plateau: factor by which the learning rate is lowered',
    {
      default: 0.5,
      field: 'schedule.decay',
    },
  ),
  decayEvery: option(
    '<n>',
    positive,
    'with schedule step: epochs between two decays of the learning rate',
    {
      default: 1,
      field: 'schedule.every',
    },
  ),
  patience: option(
    '<n>',
    integer(0),
    'with schedule plateau: validations without improvement before the learning rate decays',
    { default: 3, field: 'schedule.patience' },
  ),
  onDivergence: option(
    '<what>',
    choice(divergenceActions),
    'if the loss diverges: stop, or roll back to the last good model with half the learning rate',
    { default: 'stop', resume: true, field: 'divergence.action', since: 2 },
  ),
  rollbacks: option('<n>', integer(0), 'max number of rollbacks', {
    default: 3,
    resume: true,
    field: 'divergence.rollbacks',
    since: 2,
  }),
});

const validationRows = topic('Length', {
  earlyStop: option(
    '<n>',
    integer(0),
    'stop after this many validations without improvement; 0 never stops early',
    { default: 6, resume: true },
  ),
  evalEvery: option('<n>', count, 'training steps between validations', {
    absent: '20 validations in all',
    optional: true,
  }),
  targetLoss: option(
    '<x>',
    positive,
    'stop when the validation loss is at most x, in nats per character',
    { optional: true, resume: true },
  ),
});

const precisionHelp = 'number format of matrix products: float32, or bfloat16 with float32 sums';

/**
 * The precision for running an existing model. It is never chosen automatically, because the same command must give the
 * same bytes everywhere.
 */
export const runningPrecision = option('<format>', choice(trainingPrecisions), precisionHelp, {
  default: 'f32',
});

/** The option of `runningPrecision`, plus 8-bit integers, for commands in which a trained model only predicts */
export const predictingPrecision = option(
  '<format>',
  choice(precisionNames),
  'number format of matrix products: float32, bfloat16 with float32 sums, or 8-bit integers, the fastest when characters are processed one at a time',
  { default: 'f32' },
);

const runRows = topic('Run', {
  seed: option('<n>', integer(0), 'random seed; the same seed gives the same model', {
    default: 1,
  }),
  threads: option('<n>', integer(1, limits.threads), 'worker threads', {
    absent: 'usable cores',
    environment: 'CHARNN_THREADS',
    resume: true,
  }),
  backend: option(
    '<name>',
    choice(backendNames),
    'compute back end: native code, WebAssembly (wasm), or slow reference code; auto takes the fastest that works',
    {
      default: 'auto',
      environment: 'CHARNN_BACKEND',
      resume: true,
    },
  ),
  precision: option(
    '<format>',
    choice([...trainingPrecisions, 'auto']),
    `${precisionHelp}; auto takes bf16 if it makes a step at least 1.1 times as fast`,
    { absent: 'auto', optional: true, resume: true },
  ),
});

const keepRows = topic('Files', {
  keep: option(
    '<n>',
    integer(0, 10_000),
    'keep the models of the last n validations in addition to the best one, as NAME.step-000400.json',
    { absent: '0', optional: true, resume: true },
  ),
});

const documentRows = topic('Text', {
  documents: flag(
    'treat each file and each record as a text of its own: the state is reset at its beginning',
    {
      optional: true,
    },
  ),
});

const countsRows = topic('Training', {
  counts: option(
    '<n>',
    orAuto(integer(0, maxContext)),
    "count the text's n-grams, with contexts of up to n characters, and mix them into the network's predictions; auto chooses n by the length of the text, and counts nothing below 5,000 characters; 0 counts nothing",
    { absent: 'auto', optional: true },
  ),
});

/** Constants of the optimisers that files record but no option changes. */
const fixedRows = {
  alpha: {
    ...option('<x>', properFraction, "RMSprop's decay rate of the mean square"),
    default: 0.99,
    field: 'optimizer.alpha',
    internal: true,
  },
  epsilon: {
    ...option('<x>', positive, 'term that keeps the optimisers from dividing by 0'),
    default: 1e-8,
    field: 'optimizer.epsilon',
    internal: true,
  },
} as const;

export const trainingRows = {
  ...updateRows,
  ...scheduleRows,
  ...validationRows,
  ...keepRows,
  ...runRows,
  ...documentRows,
  ...countsRows,
  ...fixedRows,
};
