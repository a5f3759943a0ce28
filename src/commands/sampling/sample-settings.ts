/** From the options of `charnn sample` to checked settings. */
import type { Output } from '../../cli/output.js';
import { UsageError } from '../../errors.js';
import { readEscapes } from '../../messages/escapes.js';
import type { Model } from '../../model/model-data.js';
import { flagOf, refuseConflicts } from '../../options/table.js';
import { ownSeparator, separatorsFor, stopSequence } from '../../sample/record-ends.js';
import { constraintFor, type SampleSettings } from '../../sample/settings.js';
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
  const stopsOf = (strings: readonly string[], option: string, kept: boolean) =>
    strings.flatMap((text) =>
      stopSequence(readEscapes(text, `--${option}`), option, kept, model, (message) =>
        output.warn(message),
      ),
    );
  const own = ownSeparator(model);
  const isDefault = options.count !== undefined && isOpen && !lineEnd;
  const stops = [
    ...stopsOf(stop, 'stop', false),
    ...stopsOf(options.until ?? [], 'until', true),
    ...(isDefault ? own : []),
  ];
  const isPrompted = Boolean(options.prompt ?? options.promptFile ?? options.complete);
  const separators = isRecords(options) ? separatorsFor(isPrompted, model, stops, own) : [];
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
    stops,
    separators: separators.map(({ ids }) => ids),
    allow: options.allow,
    match: options.match,
    countsWeight: options.countsWeight,
    seed: options.seed ?? Math.floor(Math.random() * 2 ** 32),
  });
  // an expression that cannot be met is told before any work
  constraintFor(settings, model.vocabulary);
  return settings;
}

/** A single text is no record, and a beam search draws none. */
function isRecords(options: CommandSampleOptions): boolean {
  const { count, complete, unique, novel, beam } = options;
  const many = count !== undefined || complete !== undefined || unique || novel !== undefined;
  return many === true && beam === undefined;
}
