/** From the options of `charnn sample` to checked settings. */
import type { Output } from '../../cli/output.js';
import { UsageError } from '../../errors.js';
import { readEscapes } from '../../messages/escapes.js';
import { quoteText } from '../../messages/quote.js';
import type { Model } from '../../model/model.js';
import { flagOf, refuseConflicts } from '../../options/table.js';
import { constraintFor, type SampleSettings } from '../../sample/settings.js';
import type { End } from '../../sample/stop-matcher.js';
import { prepareText } from '../../text/decode.js';
import { type CommandSampleOptions, sampleTable } from './sample-options.js';

/** Options that say how records are drawn, which a beam search does not do */
const chance = [
  ...(['temp', 'tempSchedule', 'topK', 'topP', 'minP', 'typical', 'banRepeats'] as const),
  ...(['greedy', 'seed', 'unique', 'novel', 'complete'] as const),
];

/** @throws UsageError for options that contradict each other, or escapes that mean nothing */
export function sampleSettings(
  options: CommandSampleOptions,
  model: Model,
  output: Output,
): SampleSettings {
  refuseConflicts(sampleTable, options);
  if (
    [options.promptFile, options.complete, options.novel].filter((path) => path === '-').length > 1
  ) {
    throw new UsageError('standard input (-) is given twice: it can be read only once');
  }
  if (options.beam !== undefined) {
    for (const key of chance) {
      if (options[key] === undefined) continue;
      throw new UsageError(`--beam leaves nothing to chance: leave out ${flagOf(key)}`);
    }
    if (options.count !== undefined && options.count > options.beam) {
      throw new UsageError(
        `a beam of ${options.beam} finds no ${options.count} records: give a larger --beam`,
      );
    }
  }
  for (const option of ['stop', 'until'] as const) {
    if (options.match === undefined || options[option] === undefined) continue;
    throw new UsageError(`--match ends records itself: leave out --${option}`);
  }
  // a line is completed by its end
  const isOpen = !options.stop && !options.until && !options.match;
  const lineEnd = options.complete !== undefined && isOpen;
  const stop = lineEnd ? ['\\n'] : (options.stop ?? []);
  const endsOf = (strings: readonly string[], option: string, kept: boolean) =>
    strings.flatMap((text) => endOf(readEscapes(text, option), option, kept, model, output));
  const own = ownSeparator(model);
  const isDefault = options.count !== undefined && isOpen && !lineEnd;
  const ends = [
    ...endsOf(stop, '--stop', false),
    ...endsOf(options.until ?? [], '--until', true),
    ...(isDefault ? own : []),
  ];
  const settings = Object.freeze({
    length: options.length ?? sampleTable.length.default,
    temperatures: options.temp ?? sampleTable.temp.default,
    schedule: options.tempSchedule,
    greedy: options.greedy ?? false,
    topK: options.topK,
    topP: options.topP,
    minP: options.minP,
    typical: options.typical,
    banRepeats: options.banRepeats,
    ends,
    separators: separatorsFor(options, model, ends, own).map(({ ids }) => ids),
    allow: options.allow,
    match: options.match,
    seed: options.seed ?? Math.floor(Math.random() * 2 ** 32),
  });
  // an expression that cannot be met is told before any work
  constraintFor(settings, model.vocabulary);
  return settings;
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
  options: CommandSampleOptions,
  { training }: Model,
  ends: readonly End[],
  own: readonly End[],
): readonly End[] {
  const isRecords =
    options.count !== undefined ||
    options.complete !== undefined ||
    options.unique ||
    options.novel !== undefined;
  if (!isRecords || options.beam !== undefined || training?.documents === true) return [];
  const isPrompted = Boolean(options.prompt ?? options.promptFile ?? options.complete);
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
