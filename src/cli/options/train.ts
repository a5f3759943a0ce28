import { normalForms, textUnits } from '../../text/unit.js';
import {
  clipNames,
  divergenceActions,
  dropoutMaskNames,
  optimizerNames,
  scheduleNames,
} from '../../train/config.js';
import { sizeNames, sizes } from '../../train/recipe.js';
import type { OptionGroup } from '../option.js';
import {
  decayShare,
  duration,
  integer,
  notNegative,
  positive,
  properShare,
  share,
  text,
} from '../values.js';
import { defaults as d } from './defaults.js';
import { flag, oneOf, option } from './definitions.js';
import {
  backend,
  count,
  debug,
  json,
  quiet,
  reading,
  shapeOptions,
  table,
  threads,
} from './shared.js';

const sizeChoices = [...sizeNames, 'auto'] as const;
export type SizeChoice = (typeof sizeChoices)[number];

const bySize = { layers: 'by --size', hidden: 'by --size', embedding: 'by --size' };

const modelOptions: OptionGroup = {
  title: 'Model:',
  options: [
    oneOf(
      '--size <name>',
      `layers × units: ${listOfSizes()}`,
      sizeChoices,
      'auto: by text and time',
    ),
    ...shapeOptions(bySize),
    flag('--no-residual', 'not even where the size has it (medium, large)'),
    flag('--no-layer-norm', 'not even where the size has it (medium)'),
  ],
};

function listOfSizes(): string {
  return sizeNames.map((name) => `${sizes[name].layers} × ${sizes[name].hidden}`).join(', ');
}

const textOptions: OptionGroup = {
  title: 'Text:',
  options: [
    oneOf('--unit <unit>', 'what a character is', textUnits, d.unit),
    ...reading,
    ...table,
    oneOf('--normalize <form>', 'Unicode normal form', normalForms),
    flag('--keep-cr', 'keep carriage returns; else line ends become LF'),
    option('--min-count <n>', 'rarer characters become unknown', count, d.minCount),
    option(
      '--separator <text>',
      "ends each record of the text; escapes as in sample's --stop, an empty text: none",
      text,
      'found where it is clear',
    ),
    flag('--documents', 'learn each file, and each record, by itself: nothing carries over'),
    option('--val-frac <x>', 'last share of the text, for validation', properShare, d.valFrac),
    option('--val-file <file>', 'validate on this text instead', text),
    option('--val-chars <n>', 'validate on at most n characters', count, d.valChars),
  ],
};

const trainingOptions: OptionGroup = {
  title: 'Training:',
  options: [
    option(
      '--batch-size <n>',
      'streams read side by side',
      count,
      '32, large 64, of a small text 16',
    ),
    option('--seq-length <n>', 'steps of a chunk', count, '64, of a small text 32'),
    option(
      '--dropout <x>',
      "share of each layer's output set to 0",
      properShare,
      'by how often the text is read',
    ),
    oneOf(
      '--dropout-mask <kind>',
      'new at each step, or one for a chunk',
      dropoutMaskNames,
      d.dropoutMask,
    ),
    option(
      '--weight-drop <x>',
      'share of the recurrent weights set to 0',
      properShare,
      d.weightDrop,
    ),
    oneOf('--optimizer <name>', 'update rule', optimizerNames, d.optimizer),
    option(
      '--learning-rate <x>',
      'highest rate',
      positive,
      `${d.learningRate.muon}; adam ${d.learningRate.adamw}, rmsprop ${d.learningRate.rmsprop}, sgd ${d.learningRate.sgd}`,
    ),
    option(
      '--weight-decay <x>',
      'on matrices',
      notNegative,
      `${d.weightDecay.muon}; muon and adamw only`,
    ),
    option('--beta1 <x>', 'Adam: decay of the mean', properShare, d.beta1),
    option('--beta2 <x>', 'Adam: decay of the mean square', properShare, d.beta2),
    option('--momentum <x>', 'Muon, SGD', properShare, `${d.momentum.muon}; sgd ${d.momentum.sgd}`),
    option(
      '--average <x>',
      'decay of the average of weights that is saved; 0: none',
      properShare,
      d.average,
    ),
    option('--clip <x>', 'limit of the gradient', positive, d.clip),
    oneOf('--clip-by <what>', 'what the limit is of', clipNames, d.clipBy),
    oneOf('--schedule <name>', 'course of the learning rate', scheduleNames, d.schedule),
    option('--warmup <n>', 'steps in which it rises', integer(0), d.warmup),
    option(
      '--decay-share <x>',
      'wsd: last share of the training, in which it falls',
      decayShare,
      d.decayShare,
    ),
    option('--final-rate <x>', 'wsd, cosine: last rate, share of the highest', share, d.finalRate),
    option('--decay <x>', 'step, plateau: factor of the rate', share, d.decay),
    option('--decay-every <n>', 'step: epochs between two falls', positive, d.decayEvery),
    option('--patience <n>', 'plateau: validations to wait', integer(0), d.patience),
    oneOf(
      '--on-divergence <what>',
      'end, or go back to the last good model with half the rate',
      divergenceActions,
      d.onDivergence,
    ),
    option('--rollbacks <n>', 'times to go back at the most', integer(0), d.rollbacks),
  ],
};

const lengthOptions: OptionGroup = {
  title: 'Length:',
  options: [
    option(
      '--epochs <x>',
      'passes over the text',
      positive,
      '10, of a small text more, of a large one fewer',
    ),
    option('--steps <n>', 'updates', count),
    option('--time <time>', '90s, 3m, 1.5h', duration),
    option(
      '--early-stop <n>',
      'validations without a better one after which it ends, 0: never',
      integer(0),
      d.earlyStop,
    ),
    option('--eval-every <n>', 'steps between validations', count, '20 in all'),
    option(
      '--target-loss <x>',
      'end when the validation loss is at most x, in nats per character',
      positive,
    ),
  ],
};

const fileOptions: OptionGroup = {
  title: 'Files:',
  options: [
    option('-o, --output <file>', 'where the best model goes', text, d.output),
    option(
      '--keep <n>',
      'keep the models of the last n validations beside it, as NAME.step-000400.json',
      integer(0, 10_000),
      0,
    ),
    flag('-f, --force', 'replace an existing model'),
    flag('--resume', 'go on with an interrupted training'),
    option('--init-from <file>', 'start from the weights of this model', text),
    flag('--plain-weights', 'weights as numbers, not as base64'),
  ],
};

const runOptions: OptionGroup = {
  title: 'Run:',
  options: [
    option('--seed <n>', 'same seed, same model', integer(0), d.seed),
    threads,
    backend,
    { ...json, description: 'events as lines of JSON on standard output' },
    quiet,
    debug,
  ],
};

export const trainOptions: readonly OptionGroup[] = [
  modelOptions,
  textOptions,
  trainingOptions,
  lengthOptions,
  fileOptions,
  runOptions,
];
