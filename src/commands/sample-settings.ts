/** From the raw options of `charnn sample` to checked settings. */

import type { BackendName } from '../backend/device.js';
import { defaults } from '../cli/options/defaults.js';
import type { Output } from '../cli/output.js';
import { UsageError } from '../errors.js';
import type { Model } from '../model/model.js';
import type { End } from '../sample/ends.js';
import { constraintFor, type SampleSettings } from '../sample/settings.js';
import { prepareText } from '../text/decode.js';
import { quoteText } from '../text/quote.js';
import { readEscapes } from './escapes.js';

/** Options as the parser leaves them: absent ones undefined. */
export interface RawSampleOptions {
  readonly model?: string;
  readonly last?: boolean;
  readonly length?: number;
  readonly count?: number;
  readonly prime?: string;
  readonly primeFile?: string;
  readonly complete?: string;
  readonly encoding?: string;
  readonly interactive?: boolean;
  /** False with --no-echo */
  readonly echo?: boolean;
  readonly stop?: readonly string[];
  readonly until?: readonly string[];
  readonly temp?: readonly number[];
  readonly tempSchedule?: readonly number[];
  readonly topK?: number;
  readonly topP?: number;
  readonly minP?: number;
  readonly typical?: number;
  readonly banRepeats?: number;
  readonly allow?: string;
  readonly match?: string;
  readonly beam?: number;
  readonly greedy?: boolean;
  readonly unique?: boolean;
  readonly novel?: string;
  readonly null?: boolean;
  readonly seed?: number;
  readonly threads?: number;
  readonly backend?: BackendName;
  readonly quiet?: boolean;
}

/** Options that say how records are drawn, which a beam search does not do */
const chance: readonly (readonly [keyof RawSampleOptions, string])[] = [
  ['temp', '--temp'],
  ['tempSchedule', '--temp-schedule'],
  ['topK', '--top-k'],
  ['topP', '--top-p'],
  ['minP', '--min-p'],
  ['typical', '--typical'],
  ['banRepeats', '--ban-repeats'],
  ['greedy', '--greedy'],
  ['seed', '--seed'],
  ['unique', '--unique'],
  ['novel', '--novel'],
  ['complete', '--complete'],
];

/** @throws UsageError for options that contradict each other, or escapes that mean nothing */
export function sampleSettings(
  raw: RawSampleOptions,
  model: Model,
  output: Output,
): SampleSettings {
  refuseTogether(raw, 'prime', 'primeFile', '--prime', '--prime-file');
  refuseTogether(raw, 'temp', 'tempSchedule', '--temp', '--temp-schedule');
  if ([raw.primeFile, raw.complete, raw.novel].filter((path) => path === '-').length > 1) {
    throw new UsageError('standard input (-) is given twice: it can be read only once');
  }
  if (raw.beam !== undefined) {
    for (const [option, flag] of chance) {
      if (raw[option] === undefined) continue;
      throw new UsageError(`--beam leaves nothing to chance: leave out ${flag}`);
    }
    if (raw.count !== undefined && raw.count > raw.beam) {
      throw new UsageError(`a beam of ${raw.beam} finds no ${raw.count} records: give --beam more`);
    }
  }
  for (const option of ['stop', 'until'] as const) {
    if (raw.match === undefined || raw[option] === undefined) continue;
    throw new UsageError(`--match ends records itself: leave out --${option}`);
  }
  // a line is completed by its end
  const isOpen = !raw.stop && !raw.until && !raw.match;
  const lineEnd = raw.complete !== undefined && isOpen;
  const stop = lineEnd ? ['\\n'] : (raw.stop ?? []);
  const endsOf = (strings: readonly string[], option: string, kept: boolean) =>
    strings.flatMap((text) => endOf(readEscapes(text, option), option, kept, model, output));
  const own = ownSeparator(model);
  const isDefault = raw.count !== undefined && isOpen && !lineEnd;
  const ends = [
    ...endsOf(stop, '--stop', false),
    ...endsOf(raw.until ?? [], '--until', true),
    ...(isDefault ? own : []),
  ];
  const settings = Object.freeze({
    length: raw.length ?? defaults.length,
    temperatures: raw.temp ?? [defaults.temp],
    schedule: raw.tempSchedule,
    greedy: raw.greedy ?? false,
    topK: raw.topK,
    topP: raw.topP,
    minP: raw.minP,
    typical: raw.typical,
    banRepeats: raw.banRepeats,
    ends,
    separators: separatorsFor(raw, model, ends, own).map(({ ids }) => ids),
    allow: raw.allow,
    match: raw.match,
    seed: raw.seed ?? Math.floor(Math.random() * 2 ** 32),
  });
  // an expression that cannot be met is told before any work
  constraintFor(settings, model.vocabulary);
  return settings;
}

function refuseTogether(
  raw: RawSampleOptions,
  a: keyof RawSampleOptions,
  b: keyof RawSampleOptions,
  nameA: string,
  nameB: string,
): void {
  if (raw[a] === undefined || raw[b] === undefined) return;
  throw new UsageError(`${nameA} and ${nameB} exclude each other: leave one out`);
}

/** What ends the records of the text that the model learned from, if it knows it */
function ownSeparator({ separator, vocabulary }: Model): End[] {
  if (separator === undefined) return [];
  const { ids, unknown } = vocabulary.encode(separator);
  return unknown === 0 ? [{ ids: Array.from(ids), kept: false }] : [];
}

/**
 * What stands before a record. A prompt begins a record of the text that the model learned from; without a
 * prompt, records follow each other as in one long text that is cut where they end. A single text is no
 * record, and a model of documents has learnt that each begins from no state.
 */
function separatorsFor(
  raw: RawSampleOptions,
  { training }: Model,
  ends: readonly End[],
  own: readonly End[],
): readonly End[] {
  const isRecords =
    raw.count !== undefined || raw.complete !== undefined || raw.unique || raw.novel !== undefined;
  if (!isRecords || raw.beam !== undefined || training?.documents === true) return [];
  const isPrompted = Boolean(raw.prime ?? raw.primeFile ?? raw.complete);
  if (own.length > 0 && (isPrompted || ends.length === 0)) return own;
  return ends;
}

function endOf(
  text: string,
  option: string,
  kept: boolean,
  { vocabulary, text: textOptions }: Model,
  output: Output,
): End[] {
  if (text === '') throw new UsageError(`${option} must not be empty`);
  const { ids, unknown } = vocabulary.encode(prepareText(text, textOptions));
  if (unknown === 0) return [{ ids: Array.from(ids), kept }];
  output.warn(
    `${option} ${quoteText(text)} can never come: the model does not know all of its characters`,
  );
  return [];
}
