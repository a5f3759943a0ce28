/** `charnn convert`: writes for each line the target that a model of pairs gives it. */
import { openDevice } from '../backend/open-device.js';
import { defineCommand } from '../cli/command.js';
import { createOutput } from '../cli/output.js';
import * as rows from '../cli/rows.js';
import { convertLines } from '../convert/convert-lines.js';
import { searchRows, searchSettings, writingRows } from '../convert/convert-rows.js';
import { attachGiven, neededColumns, requireTable } from '../convert/given-lines.js';
import { UsageError } from '../errors.js';
import { labelChoice, labelChoiceRow } from '../library/label-choice.js';
import { folderReporter, readingOf } from '../library/text-reading.js';
import { usableCores } from '../machine/cores.js';
import type { Model } from '../model/model-data.js';
import type { OptionsOf } from '../options/table.js';
import { lineGroups } from '../text/lines.js';
import { columnRows, encodingRow, invalidRow } from '../text/reading-rows.js';
import { findSources } from '../text/sources.js';
import { readPairModel } from './input/pair-model.js';
import { refuseModels, textArguments } from './input/text-arguments.js';
import { ConvertedWriter } from './output/converted.js';
import { noteFewerThreads } from './output/fewer-threads.js';

/** Options for sources in one column of a table */
const sourceColumnRows = {
  format: { ...columnRows.format, absent: 'lines, or ndjson if the model was trained on it' },
  textColumn: {
    ...columnRows.textColumn,
    help: 'name of the column that contains the source',
    default: 'source',
  },
};

const table = {
  model: rows.model,
  last: rows.last,
  ...searchRows,
  ...writingRows,
  label: labelChoiceRow,
  encoding: encodingRow,
  ...sourceColumnRows,
  invalid: invalidRow('replace'),
  threads: rows.threads,
  backend: rows.backend,
  quiet: rows.quiet,
  debug: rows.debug,
};

export const convert = defineCommand({
  name: 'convert',
  arguments: '[text...]',
  summary: 'convert each line with a model trained with --pairs',
  description:
    'Convert each line of files or standard input with a model that was trained with\n--pairs, and print the results, one for each line, in order.',
  examples: [
    ['charnn convert < words.txt', 'a target for each word'],
    ['echo hello | charnn convert -m lexicon.json', 'another model'],
    ['charnn convert --n-best 5 --scores < words.txt', 'five targets for each'],
    ['charnn convert --label form=past < verbs.txt', 'for a model with labels'],
    ['charnn convert --threshold 0.2 --mark ? < words.txt', 'only likely targets'],
  ],
  synonyms: ['translate', 'transduce', 'transliterate', 'g2p'],
  options: table,
  standardOutput: 'result',
  run: convertTexts,
});

async function convertTexts(
  texts: readonly string[],
  options: OptionsOf<typeof table>,
): Promise<void> {
  const search = searchSettings(options, options.scores ?? false);
  if (options.mark !== undefined && options.threshold === undefined) {
    throw new UsageError(
      '--mark is for targets that --threshold leaves out: give --threshold as well',
    );
  }
  const output = createOutput(options.quiet ?? false);
  await refuseModels(texts);
  const model = await readPairModel(options.model ?? rows.model.default, options.last);
  const device = await openDevice(options.backend);
  if (device.note !== undefined) output.note(device.note);
  const { unit } = model.text;
  const chosen = labelChoice(model, options.label);
  const columns = neededColumns(model, chosen);
  const reading = {
    ...readingOf(sourceColumnOf(options, model), unit, 'replace'),
    ...(columns && { beside: columns }),
    // a source that has vectors may be without characters
    isOptional: model.beside?.vector !== undefined,
  };
  requireTable(columns, reading.format);
  const attach = attachGiven(model, columns, chosen);
  const onFolder = folderReporter(output);
  const sources = await findSources(textArguments(texts), process.stdin, {
    reading,
    unit,
    onFolder,
  });
  const converted = convertLines(lineGroups(sources, { reading, unit, attach }), {
    model,
    device,
    search,
    threads: options.threads ?? usableCores(),
    onFewer: noteFewerThreads(output),
  });
  const writer = new ConvertedWriter({
    several: options.nBest !== undefined,
    scores: options.scores ?? false,
    threshold: options.threshold ?? Number.POSITIVE_INFINITY,
    mark: options.mark,
  });
  for await (const lines of converted) await writer.write(lines);
  await writer.end(output);
}

/** Format and column of the sources: one per line, unless an option or the model's training text says otherwise */
function sourceColumnOf(
  options: OptionsOf<typeof table>,
  { text }: Model,
): OptionsOf<typeof table> {
  const { format = text.pairs?.format ?? 'lines', textColumn } = options;
  if (format === 'dict') {
    throw new UsageError(
      '--format dict is for pairs, but convert reads only sources: give one source on each line',
    );
  }
  const column = format === 'lines' ? textColumn : (textColumn ?? table.textColumn.default);
  return { ...options, format, textColumn: column };
}
