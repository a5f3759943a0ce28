/** Checks the options of sampling and makes settings of them, for the command line and the library. */
import { optionName, UsageError } from '../errors.js';
import type { StoredModel } from '../model/model-data.js';
import { refuseConflicts } from '../options/table.js';
import { listed } from '../options/types.js';
import { endsWithRecord, ownSeparator, separatorsFor, stopSequence } from './record-ends.js';
import { type DrawOptions, drawRows } from './sample-rows.js';
import { constraintFor, type SampleSettings } from './settings.js';

/** Options about random choices, which a beam search does not make */
const chance = [
  ...(['temp', 'tempSchedule', 'topK', 'topP', 'minP', 'typical', 'banRepeats'] as const),
  ...(['greedy', 'seed', 'unique', 'novel'] as const),
];

/** Which prompts the records continue */
export interface PromptUse {
  /** Whether there are prompts, common or of single records */
  readonly isPrompted: boolean;
  /** Whether each record has a prompt of its own */
  readonly isList: boolean;
}

/**
 * Makes the settings that options ask for. If none of `stop`, `until` and `match` says where records end, they end as
 * the records of the model's text do, provided that `count` or a list of prompts asks for records, or that the model
 * has learned each record as a text of its own, so that nothing can follow one.
 * @param warn called with a sentence about a stop sequence that can never occur
 * @throws UsageError for options that contradict each other, and for an expression that no record matches
 */
export function sampleSettings(
  options: DrawOptions,
  model: StoredModel,
  { isPrompted, isList }: PromptUse,
  warn: (message: string) => void,
): SampleSettings {
  checkDrawing(options, isList);
  const { stop, until, count, unique, novel, beam, temp, tempSchedule } = options;
  const isOpen = stop === undefined && until === undefined && options.match === undefined;
  const stopsOf = (given: DrawOptions['stop'], option: 'stop' | 'until') =>
    listed(given).flatMap((text) => stopSequence(text, option, option === 'until', model, warn));
  const own = ownSeparator(model);
  const stops = [
    ...stopsOf(stop, 'stop'),
    ...stopsOf(until, 'until'),
    ...(isOpen && (count !== undefined || isList || endsWithRecord(model)) ? own : []),
  ];
  // an unprinted record is sampled before each of many records, but not before a single text, and not in a beam
  // search, which draws nothing at random
  const isMany = count !== undefined || isList || unique === true || novel !== undefined;
  const isDrawn = isMany && beam === undefined;
  const separators = isDrawn ? separatorsFor(isPrompted, model, stops, own) : [];
  const settings: SampleSettings = Object.freeze({
    length: options.length ?? drawRows.length.default,
    temperatures: listed(temp ?? drawRows.temp.default),
    schedule: tempSchedule,
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
  // an expression that no record can match is refused before any work
  constraintFor(settings, model.vocabulary);
  return settings;
}

/** @throws UsageError for options that contradict each other */
function checkDrawing(options: DrawOptions, isList: boolean): void {
  refuseConflicts(drawRows, options);
  const { beam, count, match } = options;
  for (const key of ['stop', 'until'] as const) {
    if (match === undefined || options[key] === undefined) continue;
    throw new UsageError(
      `${optionName('match')} ends records itself: leave out ${optionName(key)}`,
    );
  }
  if (beam === undefined) return;
  for (const key of chance) {
    if (options[key] === undefined) continue;
    throw new UsageError(
      `${optionName('beam')} searches for the most probable record and cannot be combined with other ways of sampling: leave out ${optionName(key)}`,
    );
  }
  if (isList) {
    throw new UsageError(`${optionName('beam')} continues one prompt: give a single one`);
  }
  if (count !== undefined && count > beam) {
    throw new UsageError(
      `a beam of ${beam} finds at most ${beam} records, not ${count}: give a larger ${optionName('beam')}`,
    );
  }
}
