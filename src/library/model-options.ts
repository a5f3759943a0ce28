/** The options of a model's calls (names, types, ranges and defaults), and what a model tells about its network. */

import { backendNames } from '../backend/device.js';
import { searchRows } from '../convert/convert-rows.js';
import { limits } from '../limits.js';
import { flag, type OptionsOf, option } from '../options/table.js';
import { choice, integer, oneOrMore, repeated, text, type ValueType } from '../options/types.js';
import { choiceRows, countsWeightRow, extentRows, recordRows } from '../sample/sample-rows.js';
import { columnRows, readingRows } from '../text/reading-rows.js';
import { predictingPrecision } from '../train/schema/training-rows.js';
import type { AbortSignalLike } from './abort.js';
import type { Corpus } from './corpus.js';
import { textOf } from './held.js';
import { labelChoiceRow } from './label-choice.js';

const backendRow = option(
  '<name>',
  choice(backendNames),
  'compute back end: native code, WebAssembly (wasm), or slow reference code; auto takes the fastest that works',
  { default: 'auto' },
);
const threadsRow = option('<n>', integer(1, limits.threads), 'worker threads');
const dynamicRow = flag('dynamic evaluation: adapt to the text while reading it (slower)');

type Paths = string | readonly string[];

const pathsOrCorpus: ValueType<Paths | Corpus> = {
  expected: 'a path, a list of paths or a Corpus',
  parse: (given) => given,
  accepts: (value): value is Paths | Corpus =>
    oneOrMore(text, repeated(text)).accepts(value) ||
    (typeof value === 'object' && value !== null && textOf(value) !== undefined),
};

const { temp, tempSchedule, ...filterRows } = choiceRows;
const countsWeight = countsWeightRow;
const promptHelp = 'text to continue; it is not part of what is returned';

/** Options for sampling a text; programs write out the names `temp` and `tempSchedule` of the command line. */
const oneTextRows = {
  ...extentRows,
  temperature: temp,
  temperatureSchedule: tempSchedule,
  ...filterRows,
};

export const modelRows = {
  load: {
    backend: backendRow,
    precision: predictingPrecision,
    last: flag(
      'use the latest weights of the training, from its state file, instead of the best model',
    ),
    label: labelChoiceRow,
  },
  save: { plainWeights: flag('write weights as numbers, not as base64') },
  sampleText: { ...oneTextRows, prompt: option('<text>', text, promptHelp) },
  sample: {
    ...oneTextRows,
    ...recordRows,
    prompt: option(
      '<text>',
      oneOrMore(text, repeated(text)),
      `${promptHelp}; of a list, each text is continued \`count\` times`,
    ),
    novel: { ...recordRows.novel, type: pathsOrCorpus },
    threads: threadsRow,
  },
  evaluate: { ...readingRows, ...columnRows, dynamic: dynamicRow, countsWeight },
  evaluateText: { dynamic: dynamicRow, countsWeight },
  score: {
    dynamic: dynamicRow,
    countsWeight,
    perChar: flag('return the cost of each character'),
    threads: threadsRow,
  },
  convert: { ...searchRows, label: labelChoiceRow, threads: threadsRow },
  evaluatePairs: {
    ...readingRows,
    format: columnRows.format,
    beam: searchRows.beam,
    lengthPenalty: searchRows.lengthPenalty,
  },
  compress: {
    learn: flag('whether the model keeps learning from what it compresses', { default: true }),
    threads: threadsRow,
  },
  decompress: {},
} as const;

/** The option that every call accepts in addition to its own */
interface Abortable {
  /** A signal that ends the call; the promise is rejected with the signal's reason. */
  readonly signal?: AbortSignalLike | undefined;
}

export interface LoadOptions extends OptionsOf<(typeof modelRows)['load']> {}
export interface SaveOptions extends OptionsOf<(typeof modelRows)['save']> {}
export interface SampleOptions extends OptionsOf<(typeof modelRows)['sample']>, Abortable {}
export interface SampleTextOptions extends OptionsOf<(typeof modelRows)['sampleText']>, Abortable {}
export interface EvaluateFileOptions extends OptionsOf<(typeof modelRows)['evaluate']>, Abortable {}
export interface EvaluateTextOptions
  extends OptionsOf<(typeof modelRows)['evaluateText']>,
    Abortable {}
export interface ScoreOptions extends OptionsOf<(typeof modelRows)['score']>, Abortable {}
export interface ConvertOptions extends OptionsOf<(typeof modelRows)['convert']>, Abortable {}
export interface EvaluatePairsOptions
  extends OptionsOf<(typeof modelRows)['evaluatePairs']>,
    Abortable {}
export interface CompressOptions extends OptionsOf<(typeof modelRows)['compress']>, Abortable {
  /** Called several times a second with the fraction of the work that is done, from 0 to 1 */
  readonly onProgress?: ((fraction: number) => void) | undefined;
}

/** The cell and the sizes of a network */
export interface Architecture {
  /** rnn, lstm or gru, or the name of a cell given by equations */
  readonly cell: string;
  /** The equations, if the cell is given by equations */
  readonly equations?: string | undefined;
  readonly layers: number;
  readonly hidden: number;
  readonly embedding: number;
  /** Number of characters that the network knows, plus 1 for the unknown symbol */
  readonly vocabulary: number;
  readonly residual?: true | undefined;
  readonly layerNorm?: true | undefined;
  /** Whether the network reads a source and writes a target, as `convert` needs */
  readonly pairs?: true | undefined;
}
