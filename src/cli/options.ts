/** All options of all commands. */
import { backendNames } from '../backend/select.js';
import { limits } from '../checkpoint/json.js';
import { cellNames } from '../model/config.js';
import { normalForms, textUnits } from '../text/unit.js';
import {
  clipNames,
  divergenceActions,
  dropoutMaskNames,
  optimizerNames,
  scheduleNames,
} from '../train/config.js';
import { sizeNames, sizes } from '../train/recipe.js';
import type { OptionDefinition, OptionGroup } from './option.js';
import {
  choice,
  decayShare,
  duration,
  integer,
  listOf,
  notNegative,
  type Parse,
  positive,
  positiveShare,
  properShare,
  share,
  text,
  unitList,
} from './values.js';

/** Values that hold when an option is absent. */
export const defaults = {
  cell: 'lstm',
  unit: 'char',
  minCount: 1,
  valFrac: 0.1,
  valChars: 1_000_000,
  dropoutMask: 'step',
  weightDrop: 0,
  optimizer: 'muon',
  learningRate: { muon: 6e-3, adamw: 4e-3, adam: 4e-3, rmsprop: 2e-3, sgd: 0.5 },
  weightDecay: { muon: 0.01, adamw: 0.01, adam: 0, rmsprop: 0, sgd: 0 },
  beta1: 0.9,
  beta2: 0.99,
  alpha: 0.99,
  momentum: { muon: 0.95, adamw: 0, adam: 0, rmsprop: 0, sgd: 0.9 },
  epsilon: 1e-8,
  average: 0.995,
  clip: 1,
  clipBy: 'norm',
  schedule: 'wsd',
  warmup: 50,
  decayShare: 0.6,
  finalRate: 0.05,
  decay: 0.5,
  decayEvery: 1,
  patience: 3,
  earlyStop: 6,
  onDivergence: 'stop',
  rollbacks: 3,
  seed: 1,
  output: 'charnn.json',
  length: 500,
  temp: 1,
  /** The torch-rnn benchmark's */
  bench: {
    layers: 2,
    hidden: 256,
    embedding: 64,
    vocabulary: 65,
    batchSize: 50,
    seqLength: 50,
    iterations: 20,
  },
  gradients: { layers: 2, hidden: 256, embedding: 64, seqLength: 64, lags: 128, positions: 64 },
  visualize: { output: 'charnn.html', maxChars: 1_000_000 },
  report: { output: 'report.html' },
} as const;

function option(
  flags: string,
  description: string,
  parse: Parse<unknown>,
  absent?: string | number,
): OptionDefinition {
  return { flags, description, parse, default: absent === undefined ? undefined : `${absent}` };
}

function oneOf(
  flags: string,
  description: string,
  choices: readonly string[],
  absent?: string,
): OptionDefinition {
  return { flags, description, parse: choice(choices), choices, default: absent };
}

function repeatable(flags: string, description: string, parse: Parse<unknown>): OptionDefinition {
  return { flags, description: `${description} (repeatable)`, parse, repeatable: true };
}

function flag(flags: string, description: string): OptionDefinition {
  return { flags, description };
}

const d = defaults;
const count = integer(1);

const backend = oneOf('--backend <name>', 'what computes', backendNames, 'auto');
const quiet = flag('-q, --quiet', 'say nothing but warnings and errors');
const threads = option('--threads <n>', 'worker threads', integer(1, 1024), 'usable cores');
const debug = flag('--debug', 'show the stack of an error');
const json = flag('--json', 'machine-readable output');
const modelFile = option('-m, --model <file>', 'the model', text, d.output);

const pageFile = option('-o, --output <file>', 'write a page, self-contained HTML', text);

/** Cell and sizes; `absent`: what holds for a size that is not given. */
function shapeOptions(
  absent: Readonly<Record<'layers' | 'hidden' | 'embedding', string | number>>,
) {
  return [
    oneOf('--cell <name>', 'recurrent cell', cellNames, d.cell),
    option('--layers <n>', 'recurrent layers', integer(1, limits.layers), absent.layers),
    option('--hidden <n>', 'units of each layer', integer(1, limits.width), absent.hidden),
    option(
      '--embedding <n>',
      'width of the character embedding, 0: one-hot',
      integer(0, limits.width),
      absent.embedding,
    ),
  ];
}

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
  ],
};

function listOfSizes(): string {
  return sizeNames.map((name) => `${sizes[name].layers} × ${sizes[name].hidden}`).join(', ');
}

const textOptions: OptionGroup = {
  title: 'Text:',
  options: [
    oneOf('--unit <unit>', 'what a character is', textUnits, d.unit),
    oneOf('--normalize <form>', 'Unicode normal form', normalForms),
    flag('--keep-cr', 'keep carriage returns; else line ends become LF'),
    option('--min-count <n>', 'rarer characters become unknown', count, d.minCount),
    option('--val-frac <x>', 'last share of the text, for validation', properShare, d.valFrac),
    option('--val-file <file>', 'validate on this text instead', text),
    option('--val-chars <n>', 'validate on at most n characters', count, d.valChars),
  ],
};

const trainingOptions: OptionGroup = {
  title: 'Training:',
  options: [
    option('--batch-size <n>', 'streams read side by side', count, '32, of a small text 16'),
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
  ],
};

const fileOptions: OptionGroup = {
  title: 'Files:',
  options: [
    option('-o, --output <file>', 'where the best model goes', text, d.output),
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

export const sampleOptions: readonly OptionGroup[] = [
  {
    title: 'Records:',
    options: [
      modelFile,
      option(
        '-l, --length <n>',
        'most characters of a record, its prompt not counted',
        integer(0),
        d.length,
      ),
      option('-n, --count <n>', 'records, each followed by a line feed', count, 'one text'),
      repeatable('--stop <text>', 'ends a record, itself left out; \\n and such understood', text),
      repeatable('--until <text>', 'ends a record, itself included', text),
      flag('-0, --null', 'a NUL byte after each record'),
      flag('--unique', 'no record twice'),
      option('--novel <corpus>', 'no record that stands in this text', text),
    ],
  },
  {
    title: 'Prompt:',
    options: [
      option('-p, --prime <text>', 'a text to go on from', text),
      option('--prime-file <file>', 'a file to go on from, - for standard input', text),
      option('--complete <file>', 'go on from each line of a file; ends with the line', text),
      flag('--no-echo', 'do not print the prompt'),
    ],
  },
  {
    title: 'Choice:',
    options: [
      option(
        '-t, --temp <list>',
        'temperature: below 1 safer, above 1 wilder; of several each record takes the next',
        listOf(positive),
        d.temp,
      ),
      option('--temp-schedule <list>', 'temperatures along a record: 1.2,0.5', listOf(positive)),
      option('--top-k <n>', 'among the n most probable characters', count),
      option('--top-p <x>', 'among the most probable that have this share', positiveShare),
      option('--min-p <x>', 'at least x times as probable as the most probable', share),
      option('--typical <x>', 'among the least surprising that have this share', positiveShare),
      option('--ban-repeats <n>', 'no run of n characters twice in a record', integer(2)),
      option('--allow <class>', 'only these characters: a-z, \\p{L}, …', text),
      option('--match <regex>', 'only records that match as a whole; a line end ends them', text),
      flag('--greedy', 'always the most probable character'),
      option('--beam <n>', 'the most probable record that a beam of n finds', integer(1, 1024)),
    ],
  },
  {
    title: 'Run:',
    options: [
      option('--seed <n>', 'same seed, same records', integer(0), 'random'),
      threads,
      backend,
      quiet,
      debug,
    ],
  },
];

export const evalOptions: readonly OptionGroup[] = [
  {
    title: 'Options:',
    options: [
      modelFile,
      flag('--dynamic', 'adapt to the text while reading it (slower)'),
      backend,
      json,
      quiet,
      debug,
    ],
  },
];

export const scoreOptions: readonly OptionGroup[] = [
  {
    title: 'Options:',
    options: [
      modelFile,
      flag('--total', 'one number instead: all of it as one text, as eval reads it'),
      flag('--dynamic', 'adapt to the lines while reading them, in order (slower, one thread)'),
      flag('--per-char', 'lines of JSON with what each character costs'),
      option('--threshold <x>', 'only lines of at least so many bits per character', notNegative),
      threads,
      backend,
      quiet,
      debug,
    ],
  },
];

export const whichOptions: readonly OptionGroup[] = [
  {
    title: 'Options:',
    options: [
      repeatable('--text <file>', 'the lines; else standard input', text),
      threads,
      backend,
      quiet,
      debug,
    ],
  },
];

export const noveltyOptions: readonly OptionGroup[] = [
  {
    title: 'Options:',
    options: [
      repeatable('--corpus <file>', 'what may have been copied: a file or folder', text),
      option('--runs <n>', 'longest runs to show', integer(0), 10),
      json,
      debug,
    ],
  },
];

export const compressOptions: readonly OptionGroup[] = [
  {
    title: 'Options:',
    options: [
      option('-m, --model <file>', 'a model to begin with', text, 'a fresh one of bytes'),
      flag('--no-learn', 'leave the model as it is: faster'),
      threads,
      backend,
      quiet,
      debug,
    ],
  },
];

export const decompressOptions: readonly OptionGroup[] = [
  {
    title: 'Options:',
    options: [option('-m, --model <file>', 'the model that compress was given', text), debug],
  },
];

export const inspectOptions: readonly OptionGroup[] = [
  { title: 'Options:', options: [json, debug] },
];

export const benchOptions: readonly OptionGroup[] = [
  {
    title: 'Options:',
    options: [
      ...shapeOptions(d.bench),
      option('--batch-size <n>', 'streams read side by side', count, d.bench.batchSize),
      option('--seq-length <n>', 'steps of a chunk', count, d.bench.seqLength),
      threads,
      option('--iterations <n>', 'training iterations to time', count, d.bench.iterations),
      backend,
      json,
      debug,
    ],
  },
];

export const gradientsOptions: readonly OptionGroup[] = [
  {
    title: 'Network:',
    options: [
      modelFile,
      {
        ...option(
          '--cell <names>',
          'fresh networks instead, side by side',
          listOf(choice(cellNames)),
        ),
        choices: cellNames,
      },
      ...shapeOptions(d.gradients).slice(1),
      option('--seed <n>', 'of the fresh weights', integer(0), d.seed),
    ],
  },
  {
    title: 'Measure:',
    options: [
      option('--lags <n>', 'steps back', integer(1, 100_000), d.gradients.lags),
      option('--positions <n>', 'places of the text to average over', count, d.gradients.positions),
      option('--seq-length <n>', 'steps of a chunk', count, "the training's"),
    ],
  },
  { title: 'Options:', options: [pageFile, backend, json, quiet, debug] },
];

export const visualizeOptions: readonly OptionGroup[] = [
  {
    title: 'Options:',
    options: [
      modelFile,
      option('-o, --output <file>', 'the page', text, d.visualize.output),
      option('--units <list>', 'all, or such as 0:17,1:200 (layer:unit)', unitList, 'what fits'),
      option('--max-chars <n>', 'show at most n characters', count, d.visualize.maxChars),
      backend,
      json,
      quiet,
      debug,
    ],
  },
];

export const reportOptions: readonly OptionGroup[] = [
  {
    title: 'Options:',
    options: [option('-o, --output <file>', 'the page', text, d.report.output), quiet, debug],
  },
];

export const commandOptions = {
  train: trainOptions,
  sample: sampleOptions,
  eval: evalOptions,
  score: scoreOptions,
  which: whichOptions,
  novelty: noveltyOptions,
  compress: compressOptions,
  decompress: decompressOptions,
  inspect: inspectOptions,
  bench: benchOptions,
  gradients: gradientsOptions,
  visualize: visualizeOptions,
  report: reportOptions,
} as const;
