/** `charnn gradients`: measures how far back the gradient reaches. */

import { gradientFlow } from '../analyse/gradient-flow.js';
import { recurrentSpectra } from '../analyse/spectra.js';
import { truncatedGradients } from '../analyse/truncation.js';
import type { Device } from '../backend/device.js';
import { openDevice } from '../backend/open-device.js';
import { defineCommand } from '../cli/command.js';
import { createOutput } from '../cli/output.js';
import * as rows from '../cli/rows.js';
import { UsageError } from '../errors.js';
import { labelChoiceRow } from '../library/label-choice.js';
import { jsonText } from '../messages/quote.js';
import { flag, type OptionsOf, option, topic } from '../options/table.js';
import { count, integer, listOf, modelFile, notNegative, repeated } from '../options/types.js';
import type { GradientsData } from '../pages/data.js';
import { readingRows } from '../text/reading-rows.js';
import { cellType } from '../train/schema/cell-type.js';
import { type ChunkLength, chunkLength } from './measuring/chunk-length.js';
import { explode } from './measuring/explosion-run.js';
import { areFresh, freshSubjects, trainedSubjects } from './measuring/gradient-subjects.js';
import { asJson, description, type Finding, pageSubject } from './output/gradients-shown.js';
import { checkPagePath, provenanceOf, writePage } from './output/page-file.js';

const { cell: _, ...sizeRows } = rows.shape({ layers: 2, hidden: 256, embedding: 64 });

const table = {
  ...topic('Network', {
    model: option(
      '<file>',
      repeated(modelFile),
      'model to measure; several models are shown side by side',
      {
        short: 'm',
        absent: rows.model.default,
        environment: rows.model.environment,
      },
    ),
    label: labelChoiceRow,
    cell: option(
      '<names>',
      listOf(cellType),
      'compare untrained networks of these cells instead of a model',
    ),
    ...sizeRows,
    recurrentScale: option(
      '<list>',
      listOf(notNegative),
      'measure untrained networks whose recurrent matrices are orthogonal matrices times each of these factors',
    ),
    inputScale: option(
      '<x>',
      notNegative,
      'factor by which the input weights of untrained networks are multiplied; with 0 the state stays 0, where tanh is linear',
    ),
    seed: option('<n>', integer(0), 'random seed of the untrained weights', { default: 1 }),
  }),
  ...topic('Measure', {
    lags: option('<n>', integer(1, 100_000), 'max number of steps back', { default: 128 }),
    positions: option('<n>', count, 'positions of the text to average over', { default: 64 }),
    seqLength: option(
      '<list>',
      listOf(chunkLength),
      'number of steps through which training back-propagates; full stands for 1,024 steps; with several values, gradients and memory are compared with those of back-propagation through 1,024 characters at once',
      { absent: 'as the model was trained; 64 for untrained networks' },
    ),
    explode: flag(
      'train a new network whose gradients explode, without clipping, with clipping by norm, and with clipping by value',
    ),
  }),
  output: rows.page,
  ...readingRows,
  backend: rows.backend,
  json: rows.json,
  quiet: rows.quiet,
  debug: rows.debug,
};
type Options = OptionsOf<typeof table>;

export const gradients = defineCommand({
  name: 'gradients',
  arguments: '[text...]',
  summary: 'show how far back the gradient reaches',
  description:
    'Measure the gradient of the loss with respect to earlier states on a text, for a\nmodel or for several untrained networks, and the spectra of their recurrent\nmatrices.',
  examples: [
    ['charnn gradients book.txt', 'the model charnn.json'],
    ['charnn gradients book.txt --cell rnn,lstm,gru', 'untrained networks'],
    ['charnn gradients book.txt --recurrent-scale 0.5,1,1.5', 'vanishing or exploding'],
    ['charnn gradients book.txt --explode -o clip.html', 'the effect of clipping'],
  ],
  options: table,
  standardOutput: 'result',
  run: measureGradients,
});

async function measureGradients(texts: readonly string[], options: Options): Promise<void> {
  const output = createOutput(options.quiet ?? false);
  // models that are named on the command line take precedence over the environment variable
  const fromEnvironment = process.env[rows.model.environment];
  const isNamed = options.model !== undefined && options.model.join() !== fromEnvironment;
  if (isNamed && (areFresh(options) || options.explode)) {
    const other = options.explode ? '--explode' : options.cell ? '--cell' : '--recurrent-scale';
    throw new UsageError(`${other} and --model contradict each other: give one of them`);
  }
  const models = options.model ?? [rows.model.default];
  if (options.output !== undefined) {
    const inputs = [...texts, ...models];
    await checkPagePath({ path: options.output, inputs, outputIsTaken: options.json });
  }
  if (options.explode) return explode(texts, options, output);
  const subjects = areFresh(options)
    ? await freshSubjects(texts, options, { cell: 'rnn', ...freshDefaults }, output)
    : await trainedSubjects(texts, models, options, output);
  const device = await openDevice(options.backend);
  if (device.note !== undefined) output.note(device.note);
  const findings: Finding[] = [];
  for (const subject of subjects) findings.push(await measured(subject, device, options));
  if (options.output !== undefined) {
    const provenance = provenanceOf(
      texts,
      subjects.map(({ name }) => name),
    );
    const data: GradientsData = { provenance, subjects: findings.map(pageSubject) };
    await writePage(options.output, 'gradients', { title: 'Gradients by lag', data }, output);
  }
  if (options.json) process.stdout.write(`${jsonText(findings.map(asJson))}\n`);
  else if (options.output === undefined) process.stdout.write(description(findings));
}

const freshDefaults = {
  layers: table.layers.default,
  hidden: table.hidden.default,
  embedding: table.embedding.default,
  seed: table.seed.default,
};

/** Number of characters at the beginning of the text on which truncated gradients are measured */
const wholeCharacters = 1024;

async function measured(
  subject: Omit<Finding, 'flow' | 'spectra' | 'truncated'>,
  device: Device,
  { lags, positions, seqLength: given = [] }: Options,
): Promise<Finding> {
  const { config, weights, ids } = subject;
  const lengths = given.map((length: ChunkLength) =>
    length === 'full' ? wholeCharacters : length,
  );
  const [only] = lengths;
  return {
    ...subject,
    ...(lengths.length === 1 && { seqLength: only }),
    flow: await gradientFlow(device, config, weights, ids, {
      lags: lags ?? table.lags.default,
      positions: positions ?? table.positions.default,
    }),
    spectra: await recurrentSpectra(device, config, weights),
    truncated:
      lengths.length > 1
        ? await truncatedGradients(device, config, weights, ids, lengths, wholeCharacters)
        : [],
  };
}
