/** `charnn report`: shows training runs side by side, as a page of curves. */
import { defineCommand } from '../cli/command.js';
import { createOutput } from '../cli/output.js';
import * as rows from '../cli/rows.js';
import { quote } from '../messages/quote.js';
import { type OptionsOf, option } from '../options/table.js';
import { modelFile, path, repeated } from '../options/types.js';
import type { ReportData, RunData } from '../pages/data.js';
import { readRun } from './input/read-run.js';
import { checkPagePath, dated, writePage } from './output/page-file.js';

const table = {
  model: option(
    '<file>',
    repeated(modelFile),
    'a model to show, in addition to those named as arguments',
    {
      short: 'm',
    },
  ),
  output: option('<file>', path, 'where to write the page', {
    short: 'o',
    default: 'report.html',
  }),
  quiet: rows.quiet,
  debug: rows.debug,
};

export const report = defineCommand({
  name: 'report',
  arguments: '[run...]',
  summary: 'write a page with the curves of one or more training runs',
  description:
    'Write a page with the curves of training runs: loss, learning rate, gradient\nnorm, speed, samples. A run is given by its model (default: charnn.json) or by a\nlog, which is the standard output of charnn train --json.',
  examples: [
    ['charnn train book.txt --json > a.log', 'keep a log'],
    ['charnn report a.log b.log', 'two training runs side by side'],
  ],
  synonyms: ['plot', 'curves', 'history'],
  options: table,
  standardOutput: 'result',
  run: reportTrainings,
});

async function reportTrainings(
  runArguments: readonly string[],
  options: OptionsOf<typeof table>,
): Promise<void> {
  const given = [...runArguments, ...(options.model ?? [])];
  const files = given.length > 0 ? given : [rows.model.default];
  const output = createOutput(options.quiet ?? false);
  const page = options.output ?? table.output.default;
  await checkPagePath({ path: page, inputs: files });
  const runs: (RunData & { readonly file: string })[] = [];
  for (const file of files) {
    runs.push({ ...(await readRun(file)), file });
  }
  // if two files have the same short name, whole paths are shown
  const named = runs.map(({ file, ...run }) => {
    const shared = runs.filter(({ name }) => name === run.name).length > 1;
    return shared ? { ...run, name: file } : run;
  });
  const data: ReportData = { runs: named, provenance: dated(files.map(quote).join(', ')) };
  const title = `Training: ${named.map(({ name }) => name).join(', ')}`;
  await writePage(page, 'report', { title, data }, output);
}
