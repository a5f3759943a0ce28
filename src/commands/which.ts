/** `charnn which`: prints each line with the model that is most likely to have written it. */

import { basename } from 'node:path';
import { openDevice } from '../backend/open-device.js';
import { readModel } from '../checkpoint/model-file.js';
import { defineCommand } from '../cli/command.js';
import { createOutput, grouped } from '../cli/output.js';
import * as rows from '../cli/rows.js';
import { UsageError } from '../errors.js';
import { scoreLines } from '../evaluate/score-lines.js';
import { withChosenLabels } from '../library/label-choice.js';
import { folderReporter, readingOf } from '../library/text-reading.js';
import { usableCores } from '../machine/cores.js';
import { printable, quote } from '../messages/quote.js';
import { type OptionsOf, option } from '../options/table.js';
import { modelFile, path, repeated } from '../options/types.js';
import { withoutCr } from '../text/encode.js';
import { lineGroups } from '../text/lines.js';
import { encodingRow, invalidRow } from '../text/reading-rows.js';
import { findSources } from '../text/sources.js';
import { textArguments } from './input/text-arguments.js';
import { noteFewerThreads } from './output/fewer-threads.js';
import { LineWriter } from './output/write.js';

const table = {
  model: option(
    '<file>',
    repeated(modelFile),
    'a model to compare, in addition to those named as arguments',
    {
      short: 'm',
    },
  ),
  text: option('<file>', repeated(path), 'read the lines from this file', {
    absent: 'standard input',
  }),
  encoding: encodingRow,
  invalid: invalidRow('replace'),
  threads: rows.threads,
  backend: rows.backend,
  precision: rows.predictionPrecision,
  quiet: rows.quiet,
  debug: rows.debug,
};

export const which = defineCommand({
  name: 'which',
  arguments: '[model...]',
  summary: 'say which of several models fits each line best',
  description:
    'Print each line of standard input with the name of the model that gives it the\nhighest probability, and the difference in bits to the next best model.',
  examples: [
    ['charnn which en.json de.json < mixed.txt', 'language of each line'],
    ['charnn which *.json < log | cut -f1 | sort | uniq -c', 'how often each fits best'],
  ],
  synonyms: ['classify', 'compare', 'identify'],
  options: table,
  standardOutput: 'result',
  run: compareModels,
});

async function compareModels(
  models: readonly string[],
  options: OptionsOf<typeof table>,
): Promise<void> {
  const paths = [...models, ...(options.model ?? [])];
  if (paths.length < 2) throw new UsageError('which compares several models: name at least two');
  const output = createOutput(options.quiet ?? false);
  const loaded = await Promise.all(
    paths.map(async (file) => withChosenLabels(await readModel(file), undefined)),
  );
  const device = await openDevice(options.backend, options.precision);
  if (device.note !== undefined) output.note(device.note);
  // the lines are decoded as text if any of the models reads characters, not bytes
  const unit = loaded.every((model) => model.text.unit === 'byte') ? 'byte' : 'char';
  const keepCr = loaded.some((model) => model.text.keepCr);
  const reading = readingOf(options, unit, 'replace');
  const onFolder = folderReporter(output);
  const given = textArguments(options.text ?? []);
  const sources = await findSources(given, process.stdin, { reading, unit, onFolder });
  const labels = modelLabels(paths);
  const writer = new LineWriter();
  const lines = scoreLines(lineGroups(sources, { reading, unit }), {
    models: loaded,
    device,
    threads: options.threads ?? usableCores(),
    onFewer: noteFewerThreads(output),
    characters: false,
  });
  const unknown = loaded.map(() => 0);
  for await (const { line, losses } of lines) {
    losses.forEach((loss, i) => {
      unknown[i] += loss.unknown;
    });
    const ranked = losses.map(({ nats }, i) => ({ nats, i })).sort((a, b) => a.nats - b.nats);
    const margin = (ranked[1].nats - ranked[0].nats) / Math.LN2;
    await writer.line(
      `${labels[ranked[0].i]}\t${margin.toFixed(2)}\t`,
      withoutCr(line, { unit, keepCr }),
    );
  }
  await writer.end();
  const counts = unknown.flatMap((n, i) => (n > 0 ? [`${grouped(n)} to ${quote(labels[i])}`] : []));
  if (counts.length > 0) output.note(`unknown characters: ${counts.join(', ')}`);
}

/** File names without folder and extension, or the whole paths if those names are not unique. */
function modelLabels(paths: readonly string[]): readonly string[] {
  const names = paths.map((file) => basename(file).replace(/\.json$/, ''));
  const labels = new Set(names).size === names.length ? names : paths;
  // control characters are escaped even in a pipe, because a name has to remain one field of a line of output
  return labels.map(printable);
}
