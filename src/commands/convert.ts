/** `charnn convert`: writes for each line the target that a model of pairs gives it. */
import { openDevice } from '../backend/open-device.js';
import { defineCommand } from '../cli/command.js';
import { createOutput, grouped, type Output } from '../cli/output.js';
import * as rows from '../cli/rows.js';
import { convertLines } from '../convert/convert-lines.js';
import { folderReporter, readingOf } from '../library/text-reading.js';
import { limits } from '../limits.js';
import { usableCores } from '../machine/cores.js';
import type { OptionsOf } from '../options/table.js';
import { lineGroups } from '../text/lines.js';
import { encodingRow, invalidRow } from '../text/reading-rows.js';
import { findSources } from '../text/sources.js';
import { readPairModel } from './input/pair-model.js';
import { refuseModels, textArguments } from './input/text-arguments.js';
import { noteFewerThreads } from './output/fewer-threads.js';
import { write } from './output/write.js';

const table = {
  model: rows.model,
  last: rows.last,
  encoding: encodingRow,
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
  const output = createOutput(options.quiet ?? false);
  await refuseModels(texts);
  const model = await readPairModel(options.model ?? rows.model.default, options.last);
  const device = await openDevice(options.backend);
  if (device.note !== undefined) output.note(device.note);
  const { unit } = model.text;
  const reading = readingOf(options, unit, 'replace');
  const onFolder = folderReporter(output);
  const sources = await findSources(textArguments(texts), process.stdin, {
    reading,
    unit,
    onFolder,
  });
  const conversions = convertLines(lineGroups(sources, { reading, unit }), {
    model,
    device,
    threads: options.threads ?? usableCores(),
    onFewer: noteFewerThreads(output),
  });
  let [unknown, cut, refused] = [0, 0, 0];
  for await (const converted of conversions) {
    unknown += converted.unknown;
    cut += converted.cut;
    refused += converted.refused;
    await write(converted.bytes);
  }
  note(unknown, 'character is', 'characters are', 'unknown to the model, and read as such', output);
  note(cut, 'target does', 'targets do', 'not end by itself: cut off', output);
  const tooLong = `longer than ${limits.pairLength} characters: answered with an empty line`;
  note(refused, 'line is', 'lines are', tooLong, output);
}

function note(count: number, one: string, many: string, what: string, output: Output): void {
  if (count > 0) output.note(`${grouped(count)} ${count === 1 ? one : many} ${what}`);
}
