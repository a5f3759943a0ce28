/** From the options of a program to how records are drawn. */

import { limits } from '../limits.js';
import type { Model as ModelData } from '../model/model-data.js';
import { checkOptions, type OptionsOf, option, refuseConflicts } from '../options/table.js';
import { count, integer, notNegative, text, type ValueType } from '../options/types.js';
import { ownSeparator, separatorsFor, stopSequence } from '../sample/record-ends.js';
import { constraintRows, countsWeightRow, filterRows, lengthRow } from '../sample/sample-rows.js';
import { constraintFor, type SampleSettings } from '../sample/settings.js';
import { prepareText } from '../text/decode.js';

const texts: ValueType<string | readonly string[]> = {
  expected: 'a text or a list of texts',
  parse: (given) => given,
  accepts: (value): value is string | readonly string[] =>
    typeof value === 'string' ||
    (Array.isArray(value) && value.every((part) => typeof part === 'string')),
};

const textRows = {
  prompt: option('<text>', text, 'text to continue; it is not part of what is returned', {
    default: '',
  }),
  length: { ...lengthRow, help: 'max number of characters of a record' },
  temperature: option(
    '<x>',
    notNegative,
    'divides the logits: below 1 more predictable, above 1 more varied, 0 greedy',
    { default: 1 },
  ),
  ...filterRows,
  ...constraintRows,
  countsWeight: countsWeightRow,
  stop: option('<text>', texts, 'what ends a record and is not part of it', {
    conflicts: ['match'],
  }),
  until: option('<text>', texts, 'what ends a record and is part of it', {
    conflicts: ['match'],
  }),
  seed: option('<n>', integer(0), 'random seed; the same seed gives the same records', {
    absent: 'random',
  }),
};

const recordRows = {
  ...textRows,
  count: option('<n>', count, 'number of records'),
  threads: option('<n>', integer(1, limits.threads), 'worker threads'),
};

export type TextSampleOptions = OptionsOf<typeof textRows>;
export type RecordSampleOptions = OptionsOf<typeof recordRows>;

export interface Sampling {
  readonly settings: SampleSettings;
  readonly prompt: ArrayLike<number>;
}

/** @throws UsageError naming an option that is unknown or out of range */
export function checkSampling(
  options: Record<string, unknown>,
  what: 'sample' | 'sampleText',
): asserts options is RecordSampleOptions {
  const rows = what === 'sample' ? recordRows : textRows;
  checkOptions(rows, options, what);
  refuseConflicts(rows, options);
}

/** @throws UsageError for an expression that no record can match */
export function samplingOf(options: RecordSampleOptions, model: ModelData): Sampling {
  const { vocabulary } = model;
  const list = (given: string | readonly string[] = []) =>
    typeof given === 'string' ? [given] : given;
  // a string that can never come ends nothing
  const stopsOf = (given: readonly string[], key: string, kept: boolean) =>
    given.flatMap((end) => stopSequence(end, key, kept, model, () => {}));
  const own = ownSeparator(model);
  const given = [
    ...stopsOf(list(options.stop), 'stop', false),
    ...stopsOf(list(options.until), 'until', true),
  ];
  const isOpen = !options.stop && !options.until && options.match === undefined;
  const isRecords = options.count !== undefined;
  const stops = isRecords && isOpen ? own : given;
  const prompt = options.prompt ?? textRows.prompt.default;
  const separators = isRecords ? separatorsFor(prompt !== '', model, stops, own) : [];
  const settings: SampleSettings = Object.freeze({
    length: options.length ?? textRows.length.default,
    temperatures: [options.temperature ?? textRows.temperature.default],
    schedule: undefined,
    greedy: options.greedy ?? false,
    topK: options.topK,
    topP: options.topP,
    minP: options.minP,
    typical: options.typical,
    banRepeats: options.banRepeats,
    stops,
    separators: separators.map(({ ids }) => ids),
    allow: options.allow,
    match: options.match,
    countsWeight: options.countsWeight,
    seed: options.seed ?? Math.floor(Math.random() * 2 ** 32),
  });
  // an expression that cannot be met is told before any work
  constraintFor(settings, vocabulary);
  return { settings, prompt: idsOf(prompt, model) };
}

/** The ids of a string, made uniform as a corpus is */
export function idsOf(given: string, { vocabulary, text: rules }: ModelData) {
  const uniform = prepareText(given, rules);
  return vocabulary.encode(rules.unit === 'byte' ? Buffer.from(uniform) : uniform).ids;
}
