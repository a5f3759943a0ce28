/** `charnn publish`: writes a page that runs a model in the browser of whoever opens it. */
import { basename } from 'node:path';
import { openDevice } from '../backend/open-device.js';
import { defineCommand } from '../cli/command.js';
import { createOutput } from '../cli/output.js';
import * as rows from '../cli/rows.js';
import { optionName, UsageError } from '../errors.js';
import { type OptionsOf, option, topic } from '../options/table.js';
import { choice, path, repeated, text } from '../options/types.js';
import { weightFormats } from '../pages/model-page.js';
import { modelPage } from '../published/page-content.js';
import { publishedModel } from '../published/published-model.js';
import { columnRows } from '../text/reading-rows.js';
import { readAnyChosenModel } from './input/chosen-model.js';
import { modelPath } from './input/model-argument.js';
import { countsRow } from './output/counts-row.js';
import { checkPagePath, writePage } from './output/page-file.js';
import { reportCost } from './output/weight-cost.js';
import { pageRows, pageSettings } from './sampling/page-rows.js';

const table = {
  ...topic('Page', {
    model: rows.model,
    last: rows.last,
    output: option('<file>', path, 'where to write the page', { short: 'o', default: 'page.html' }),
    title: option('<text>', text, 'title of the page', { absent: "the model's name" }),
    text: option('<text>', repeated(text), 'a paragraph below the title'),
    weights: option(
      '<format>',
      choice(weightFormats),
      'number format of the weights: fewer bits make the page smaller, and the loss of accuracy is printed',
      { default: 'f32' },
    ),
    counts: countsRow,
  }),
  ...topic('Controls', pageRows),
  ...topic('Run', {
    eval: option('<file>', path, 'text on which the loss of accuracy is measured', {
      absent: 'text that the model writes',
    }),
    ...columnRows,
    backend: rows.backend,
    quiet: rows.quiet,
    debug: rows.debug,
  }),
};

export const publish = defineCommand({
  name: 'publish',
  arguments: '[model]',
  summary: 'write a page that runs a model',
  description:
    'Write a web page that runs a model in the browser of whoever opens it. The page\nis one file and needs no internet connection. The model continues what is typed there.',
  examples: [
    ['charnn publish poems.json -o poems.html', 'a page to open or to send'],
    ["charnn publish --weights int8 --title 'A whale'", 'a quarter of the size'],
  ],
  synonyms: ['page', 'web', 'html', 'share', 'export-html'],
  options: table,
  standardOutput: 'result',
  run: publishModel,
});

async function publishModel(
  args: readonly string[],
  options: OptionsOf<typeof table>,
): Promise<void> {
  const output = createOutput(options.quiet ?? false);
  const file = modelPath(args, options.model);
  for (const key of ['format', 'textColumn'] as const) {
    if (options[key] === undefined || options.eval !== undefined) continue;
    throw new UsageError(
      `${optionName(key)} says how the text of --eval is read: give --eval as well`,
    );
  }
  const to = options.output ?? table.output.default;
  const settingsFor = pageSettings(options);
  await checkPagePath({ path: to, inputs: [file, options.eval] });
  const model = await readAnyChosenModel(file, options.last);
  const settings = settingsFor(model);
  const format = options.weights ?? table.weights.default;
  const withCounts = options.counts ?? true;
  const published = publishedModel(model, format, withCounts);
  if (published.counts) {
    output.note(
      'the page contains n-gram counts, which reveal passages of the training text: --no-counts leaves them out',
    );
  }
  if (format !== 'f32' || options.eval !== undefined) {
    const device = await openDevice(options.backend);
    if (device.note !== undefined) output.note(device.note);
    await reportCost(model, published, settings.labels, device, options.eval, options, output);
    device.close();
  }
  const title = options.title ?? basename(file, '.json');
  const words = { title, text: options.text ?? [], settings };
  await writePage(to, 'publish', modelPage(model, published, words), output);
}
