/** `charnn score`: prints each line with its bits per character in front. */

import type { Device } from '../backend/device.js';
import { openDevice } from '../backend/open-device.js';
import { defineCommand } from '../cli/command.js';
import { createOutput, type Output } from '../cli/output.js';
import * as rows from '../cli/rows.js';
import { exitCode, UsageError } from '../errors.js';
import { evaluate } from '../evaluate/evaluate.js';
import { quantilesOf } from '../evaluate/line-costs.js';
import { type LineScoring, scoreLines } from '../evaluate/score-lines.js';
import { requireWeightsThatLearn } from '../library/fixed-weights.js';
import { labelChoiceRow } from '../library/label-choice.js';
import type { SharedWork } from '../library/shared-work.js';
import { folderReporter, readingOf } from '../library/text-reading.js';
import { usableCores } from '../machine/cores.js';
import { quote } from '../messages/quote.js';
import type { Model } from '../model/model-data.js';
import { flag, flagOf, type OptionsOf, option } from '../options/table.js';
import { count, path, repeated } from '../options/types.js';
import { countsWeightRow } from '../sample/sample-rows.js';
import { lineGroups } from '../text/lines.js';
import { loadCorpus } from '../text/load-corpus.js';
import { columnRows, encodingRow, invalidRow } from '../text/reading-rows.js';
import { findSources } from '../text/sources.js';
import { readChosenModel } from './input/chosen-model.js';
import { inAllProcesses } from './input/several-processes.js';
import { refuseModels, textArguments } from './input/text-arguments.js';
import { noteFewerThreads } from './output/fewer-threads.js';
import { noteUnknown } from './output/unknown-note.js';
import { LineWriter, write } from './output/write.js';
import { cutOff, quantilesIn, thresholdType } from './scoring/cut-off.js';
import { NumberedLines } from './scoring/numbered-lines.js';
import { judge, printed } from './scoring/scored-line.js';
import { TopLines } from './scoring/top-lines.js';

/** Max bytes of a line with --per-char, so that its JSON fits a string of V8 */
const maxPerCharacter = 10e6;

/** Options about which lines are printed and how, which are in conflict with --total */
const ofLines = [
  'perChar',
  'threshold',
  'calibrate',
  'top',
  'window',
  'lineNumber',
  'withFilename',
  'json',
  'follow',
] as const;

const table = {
  model: rows.model,
  label: labelChoiceRow,
  last: rows.last,
  total: flag(
    'print only the bits per character of the whole input, which is read as one text, as eval does',
  ),
  dynamic: flag('dynamic evaluation: adapt to the lines while reading them (slower, one thread)'),
  countsWeight: countsWeightRow,
  perChar: flag('print lines of JSON with the cost of each character'),
  threshold: option(
    '<x>',
    thresholdType,
    'print only lines of at least this many bits per character; a percentage such as 99.9% prints only lines that cost more than 99.9 % of normal lines; the exit code is 4 if no line is printed',
  ),
  calibrate: option(
    '<file>',
    repeated(path),
    'file of normal lines, with which a threshold in per cent compares',
    { absent: 'the validation text of the training' },
  ),
  top: option(
    '<n>',
    count,
    'print only the n lines with the most bits per character, the highest first',
  ),
  window: option(
    '<n>',
    count,
    'judge each line by the mean of its worst n consecutive characters instead of that of the whole line',
  ),
  lineNumber: flag('print the number of each line', { short: 'n' }),
  withFilename: flag('print the file of each line', { short: 'H' }),
  json: flag('print lines of JSON'),
  follow: flag(
    'keep reading as the files grow or are replaced, as log files are, until Ctrl-C is pressed',
  ),
  encoding: encodingRow,
  invalid: invalidRow('replace'),
  ...columnRows,
  threads: rows.threads,
  backend: rows.backend,
  precision: rows.predictionPrecision,
  quiet: rows.quiet,
  debug: rows.debug,
};

export const score = defineCommand({
  name: 'score',
  arguments: '[text...]',
  summary: 'print each line with its bits per character in front',
  description:
    'Read lines from files or standard input, and print them in order, each with its\nbits per character in front. The higher this number is, the less the model\nexpected the line.',
  examples: [
    ['charnn score app.log --top 20 -n', 'the oddest lines, numbered'],
    ['charnn score app.log --threshold 99.9%', 'lines odder than normal ones'],
    ['charnn score --follow app.log --threshold 4', 'odd lines as they arrive'],
    ['charnn score --per-char < poem.txt', 'each character, as JSON'],
  ],
  synonyms: ['anomaly', 'rank'],
  options: table,
  common: ['model', 'threshold', 'calibrate', 'top', 'window', 'lineNumber', 'follow', 'json'],
  standardOutput: 'result',
  run,
});

type Options = OptionsOf<typeof table>;

/** @returns the exit code if there was a threshold and no line was above it */
async function run(texts: readonly string[], options: Options): Promise<number | undefined> {
  checkTogether(options);
  const output = createOutput(options.quiet ?? false);
  const isShared = !options.total && !options.dynamic;
  return inAllProcesses(isShared, output, (shared) => scoreTexts(texts, options, output, shared));
}

async function scoreTexts(
  texts: readonly string[],
  options: Options,
  output: Output,
  shared: SharedWork | undefined,
): Promise<number | undefined> {
  requireWeightsThatLearn(options.precision, options.dynamic ?? false);
  await refuseModels(texts);
  const model = await readChosenModel(
    options.model ?? rows.model.default,
    options.label,
    options.last,
  );
  const device = await openDevice(options.backend, options.precision);
  if (device.note !== undefined) output.note(device.note);
  const paths = textArguments(texts);
  if (options.total) {
    await printTotal(paths, model, device, options, output);
    return undefined;
  }
  const found = await printLines(paths, model, device, options, output, shared);
  return found === 0 && options.threshold !== undefined ? exitCode.nothingFound : undefined;
}

function checkTogether(options: Options): void {
  const { total, dynamic, threshold, calibrate, follow, top } = options;
  const other = ofLines.find((key) => options[key] !== undefined);
  if (total && other !== undefined) {
    throw new UsageError(`--total prints a single number: leave out ${flagOf(other)}`);
  }
  if (calibrate !== undefined && typeof threshold !== 'object') {
    throw new UsageError(
      '--calibrate is for a threshold in per cent: give one, such as --threshold 99.9%',
    );
  }
  if (dynamic && typeof threshold === 'object') {
    throw new UsageError(
      'with --dynamic, the costs of lines change as the model adapts: give --threshold a number, not a percentage',
    );
  }
  if (follow && top !== undefined) {
    throw new UsageError(
      '--top needs the end of the input, which --follow never reaches: leave out one of them',
    );
  }
}

async function printTotal(
  paths: readonly string[],
  model: Model,
  device: Device,
  options: Options,
  output: Output,
): Promise<void> {
  const { text, vocabulary } = model;
  const { ids, unknown, starts } = await loadCorpus(paths, {
    text,
    vocabulary,
    minCount: 1,
    stdin: process.stdin,
    reading: readingOf(options, text.unit, 'error'),
    onFolder: folderReporter(output),
  });
  const { bitsPerCharacter } = await evaluate(model, device, ids, {
    dynamic: options.dynamic ?? false,
    starts,
    countsWeight: options.countsWeight,
  });
  await write(`${bitsPerCharacter.toFixed(6)}\n`);
  noteUnknown(unknown, vocabulary, output);
}

/** @returns how many lines were printed */
async function printLines(
  paths: readonly string[],
  model: Model,
  device: Device,
  options: Options,
  output: Output,
  shared: SharedWork | undefined,
): Promise<number> {
  const { perChar = false, window, top } = options;
  const { unit } = model.text;
  const reading = readingOf(options, unit, 'replace');
  const finding = { reading, unit, onFolder: folderReporter(output) };
  const sources = await findSources(paths, process.stdin, finding);
  const scoring: LineScoring = {
    models: [model],
    device,
    threads: options.threads ?? shared?.threads ?? usableCores(),
    others: shared?.workers('lines', device, options.threads),
    onFewer: noteFewerThreads(output),
    dynamic: options.dynamic ?? false,
    countsWeight: options.countsWeight,
    characters: perChar || window !== undefined,
  };
  const isPrinted = cutOff(
    options.threshold,
    await normalLines(model, options, scoring, finding),
    output,
  );
  const lines = new NumberedLines(
    sources,
    { reading, unit, maxBytes: scoring.characters ? maxPerCharacter : undefined },
    options.follow ?? false,
  );
  const shown = {
    ...{ perChar, window, text: model.text, json: options.json ?? false },
    lineNumber: options.lineNumber ?? false,
    withFilename: options.withFilename ?? false,
  };
  const writer = new LineWriter();
  const highest = top === undefined ? undefined : new TopLines(top);
  let [unknown, found] = [0, 0];
  for await (const scored of scoreLines(lines.read(), scoring)) {
    const place = lines.next();
    unknown += scored.losses[0].unknown;
    const judged = judge(scored, window);
    if (!isPrinted(judged.cost)) continue;
    found++;
    const parts = () => printed(scored, judged, place, shown);
    if (highest === undefined) await writer.line(...parts());
    else highest.add(judged.cost, parts);
  }
  for (const parts of highest?.ordered() ?? []) await writer.line(...parts);
  await writer.end();
  noteUnknown(unknown, model.vocabulary, output);
  return found;
}

/** The costs of ordinary lines, if the threshold is a quantile of them. */
async function normalLines(
  model: Model,
  { threshold, calibrate, window, countsWeight }: Options,
  scoring: LineScoring,
  finding: Parameters<typeof findSources>[2] & Parameters<typeof lineGroups>[1],
) {
  if (typeof threshold !== 'object') return undefined;
  if (calibrate === undefined) {
    const counted = countsWeight === undefined ? undefined : '--counts-weight';
    const quantiles = quantilesIn(model, window === undefined ? counted : '--window');
    return { quantiles, what: 'validation lines' };
  }
  const usual = await findSources(calibrate, process.stdin, finding);
  const quantiles = await quantilesOf(scoreLines(lineGroups(usual, finding), scoring), window);
  const names = calibrate.map((name) => (name === '-' ? 'standard input' : quote(name))).join(', ');
  if (quantiles === undefined)
    throw new UsageError(`${names} has no lines with which to calibrate`);
  return { quantiles, what: `lines of ${names}` };
}
