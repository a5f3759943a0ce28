/** `charnn score`: prints each line with its bits per character in front. */

import { openDevice } from '../backend/open-device.js';
import { defineCommand } from '../cli/command.js';
import { createOutput } from '../cli/output.js';
import * as rows from '../cli/rows.js';
import { UsageError } from '../errors.js';
import { evaluate } from '../evaluate/evaluate.js';
import { type ScoredLine, scoreLines } from '../evaluate/score-lines.js';
import { requireWeightsThatLearn } from '../library/fixed-weights.js';
import { labelChoiceRow } from '../library/label-choice.js';
import { folderReporter, readingOf } from '../library/text-reading.js';
import { usableCores } from '../machine/cores.js';
import { jsonText } from '../messages/quote.js';
import type { Model } from '../model/model-data.js';
import { flag, type OptionsOf, option } from '../options/table.js';
import { notNegative } from '../options/types.js';
import { countsWeightRow } from '../sample/sample-rows.js';
import { uniformText, withoutCr } from '../text/encode.js';
import { lineGroups } from '../text/lines.js';
import { loadCorpus } from '../text/load-corpus.js';
import { columnRows, encodingRow, invalidRow } from '../text/reading-rows.js';
import { findSources } from '../text/sources.js';
import { readChosenModel } from './input/chosen-model.js';
import { refuseModels, textArguments } from './input/text-arguments.js';
import { noteFewerThreads } from './output/fewer-threads.js';
import { noteUnknown } from './output/unknown-note.js';
import { LineWriter, write } from './output/write.js';

/** Max bytes of a line with --per-char, so that its JSON fits a string of V8 */
const maxPerCharacter = 10e6;

const table = {
  model: rows.model,
  label: labelChoiceRow,
  last: rows.last,
  total: flag(
    'print only the bits per character of the whole input, read as one text as eval does',
  ),
  dynamic: flag('dynamic evaluation: adapt to the lines while reading them (slower, one thread)'),
  countsWeight: countsWeightRow,
  perChar: flag('print lines of JSON with the cost of each character'),
  threshold: option(
    '<x>',
    notNegative,
    'print only lines of at least this many bits per character',
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
    'Read lines from files or standard input and print each with its bits per\ncharacter in front, in order: the higher, the less the model expected the line.',
  examples: [
    ['charnn score app.log | sort -rn | head', 'the oddest lines'],
    ['tail -f app.log | charnn score --threshold 4', 'odd lines, as they come'],
    ['charnn score --per-char < poem.txt', 'each character, as JSON'],
  ],
  synonyms: ['anomaly', 'rank'],
  options: table,
  standardOutput: 'result',
  run: scoreTexts,
});

async function scoreTexts(
  texts: readonly string[],
  options: OptionsOf<typeof table>,
): Promise<void> {
  if (options.total && (options.perChar || options.threshold !== undefined)) {
    throw new UsageError('--total is one number: leave out --per-char and --threshold');
  }
  const output = createOutput(options.quiet ?? false);
  const dynamic = options.dynamic ?? false;
  requireWeightsThatLearn(options.precision, dynamic);
  await refuseModels(texts);
  const model = await readChosenModel(
    options.model ?? rows.model.default,
    options.label,
    options.last,
  );
  const device = await openDevice(options.backend, options.precision);
  if (device.note !== undefined) output.note(device.note);
  const paths = textArguments(texts);
  const { text, vocabulary } = model;
  const onFolder = folderReporter(output);
  const reading = readingOf(options, text.unit, options.total ? 'error' : 'replace');

  if (options.total) {
    const { ids, unknown, starts } = await loadCorpus(paths, {
      text,
      vocabulary,
      minCount: 1,
      stdin: process.stdin,
      reading,
      onFolder,
    });
    const { bitsPerCharacter } = await evaluate(model, device, ids, {
      dynamic,
      starts,
      countsWeight: options.countsWeight,
    });
    await write(`${bitsPerCharacter.toFixed(6)}\n`);
    noteUnknown(unknown, vocabulary, output);
    return;
  }

  const { unit } = text;
  const sources = await findSources(paths, process.stdin, { reading, unit, onFolder });
  const maxBytes = options.perChar ? maxPerCharacter : undefined;
  const groups = lineGroups(sources, { reading, unit, maxBytes });
  const lines = scoreLines(groups, {
    models: [model],
    device,
    threads: options.threads ?? usableCores(),
    onFewer: noteFewerThreads(output),
    dynamic,
    countsWeight: options.countsWeight,
    characters: options.perChar ?? false,
  });
  const writer = new LineWriter();
  const min = options.threshold ?? Number.NEGATIVE_INFINITY;
  let unknown = 0;
  for await (const scored of lines) {
    unknown += scored.losses[0].unknown;
    const bits = bitsPerCharacter(scored).toFixed(6);
    // the number is compared as it is printed, so that a threshold copied from the output includes its own line
    if (Number(bits) < min) continue;
    if (options.perChar) await writer.line(perCharacter(scored, model, Number(bits)));
    else await writer.line(`${bits}\t`, withoutCr(scored.line, text));
  }
  await writer.end();
  noteUnknown(unknown, model.vocabulary, output);
}

/** Bits per character of a line; 0 for an empty line of a model that does not know line ends */
function bitsPerCharacter({ losses: [{ nats, characters }] }: ScoredLine): number {
  return characters > 0 ? nats / Math.LN2 / characters : 0;
}

/** One line as JSON: its characters, the line end last, and the bits of each. */
function perCharacter({ line, losses: [of] }: ScoredLine, { text }: Model, bits: number): string {
  const shown = withoutCr(line, text);
  const uniform = `${uniformText(shown, text)}\n`;
  const characters =
    text.unit === 'byte' ? [...Buffer.from(uniform, 'latin1')] : Array.from(uniform);
  const round = (x: number) => Number(x.toFixed(6));
  return jsonText({
    text: Buffer.from(shown).toString('utf8'),
    bitsPerCharacter: bits,
    loss: round(bits * Math.LN2),
    characters: characters.slice(0, of.characters),
    bits: Array.from(of.losses ?? [], (loss) => round(loss / Math.LN2)),
  });
}
