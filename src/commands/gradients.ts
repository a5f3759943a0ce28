/** `charnn gradients`: measures how far back the gradient reaches. */

import { gradientFlow } from '../analyse/gradient-flow.js';
import { recurrentSpectra } from '../analyse/spectra.js';
import { openDevice } from '../backend/open-device.js';
import { defineCommand } from '../cli/command.js';
import { createOutput, type Output } from '../cli/output.js';
import * as rows from '../cli/rows.js';
import { UsageError } from '../errors.js';
import { labelChoiceRow } from '../library/label-choice.js';
import { folderReporter, readingOf } from '../library/text-reading.js';
import { jsonText, printable } from '../messages/quote.js';
import { requireCapable } from '../model/capabilities.js';
import { chooseCell } from '../model/cells/cells.js';
import { architectureFlags } from '../model/model-config.js';
import type { HistoryEntry } from '../model/model-data.js';
import { initialValues, parameterTable } from '../model/parameters.js';
import { flagOf, type OptionsOf, option, topic } from '../options/table.js';
import { count, integer, listOf } from '../options/types.js';
import type { GradientsData } from '../pages/data.js';
import { loadCorpus } from '../text/load-corpus.js';
import { readingRows } from '../text/reading-rows.js';
import type { Ids } from '../text/unit.js';
import { cellType } from '../train/schema/cell-type.js';
import { readChosenModel } from './input/chosen-model.js';
import { refuseModels, textArguments } from './input/text-arguments.js';
import {
  asJson,
  type Clipping,
  description,
  type Finding,
  pageSubject,
  type Subject,
} from './output/gradients-shown.js';
import { checkPagePath, writePage } from './output/page-file.js';

const { cell: _, ...sizeRows } = rows.shape({ layers: 2, hidden: 256, embedding: 64 });

const table = {
  ...topic('Network', {
    model: rows.model,
    label: labelChoiceRow,
    cell: option(
      '<names>',
      listOf(cellType),
      'compare untrained networks of these cells instead of a model',
    ),
    ...sizeRows,
    seed: option('<n>', integer(0), 'random seed of the untrained weights', { default: 1 }),
  }),
  ...topic('Measure', {
    lags: option('<n>', integer(1, 100_000), 'max number of steps back', { default: 128 }),
    positions: option('<n>', count, 'positions of the text to average over', { default: 64 }),
    seqLength: option(
      '<n>',
      count,
      'number of steps through which training back-propagates; the gradient from further back is cut off',
      {
        absent: 'as the model was trained; 64 for untrained networks',
      },
    ),
  }),
  output: rows.page,
  ...readingRows,
  backend: rows.backend,
  json: rows.json,
  quiet: rows.quiet,
  debug: rows.debug,
};
const usualSeqLength = 64;
type Options = OptionsOf<typeof table>;

export const gradients = defineCommand({
  name: 'gradients',
  arguments: '[text...]',
  summary: 'show how far back the gradient reaches',
  description:
    'Measure the gradient of the loss with respect to earlier states on a text, for a\nmodel or for several untrained networks, and the spectra of their recurrent\nmatrices.',
  examples: [
    ['charnn gradients book.txt', 'the model charnn.json'],
    ['charnn gradients book.txt --cell rnn,lstm,gru', 'compare untrained networks'],
    ['charnn gradients book.txt -o gradients.html', 'write a page'],
  ],
  options: table,
  standardOutput: 'result',
  run: measureGradients,
});

async function measureGradients(texts: readonly string[], options: Options): Promise<void> {
  const output = createOutput(options.quiet ?? false);
  if (options.output !== undefined) {
    const inputs = [...texts, options.model ?? table.model.default];
    await checkPagePath({ path: options.output, inputs, outputIsTaken: options.json });
  }
  const { subjects, ids } = options.cell
    ? await fresh(texts, options, output)
    : await trained(texts, options, output);
  const device = await openDevice(options.backend);
  if (device.note !== undefined) output.note(device.note);
  const measures = {
    lags: options.lags ?? table.lags.default,
    positions: options.positions ?? table.positions.default,
  };
  const findings: Finding[] = [];
  for (const subject of subjects) {
    const { config, weights } = subject;
    findings.push({
      ...subject,
      flow: await gradientFlow(device, config, weights, ids, measures),
      spectra: await recurrentSpectra(device, config, weights),
    });
  }
  if (options.output !== undefined) {
    const data: GradientsData = { subjects: findings.map(pageSubject) };
    await writePage(options.output, 'gradients', { title: 'Gradients by lag', data }, output);
  }
  if (options.json) process.stdout.write(`${jsonText(findings.map(asJson))}\n`);
  else if (options.output === undefined) process.stdout.write(description(findings));
}

async function trained(texts: readonly string[], options: Options, output: Output) {
  const shape = ['layers', 'hidden', 'embedding', 'residual', 'layerNorm'] as const;
  for (const key of [...shape, 'seed'] as const) {
    if (options[key] === undefined) continue;
    throw new UsageError(
      `${flagOf(key)} is for untrained networks: give --cell as well, or leave it out`,
    );
  }
  const name = options.model ?? table.model.default;
  await refuseModels(texts);
  const model = await readChosenModel(name, options.label);
  const { config, text, vocabulary, weights, training, history } = model;
  const corpus = await loadCorpus(textArguments(texts), {
    text,
    vocabulary,
    minCount: 1,
    reading: readingOf(options, text.unit),
    onFolder: folderReporter(output),
    stdin: process.stdin,
  });
  const seqLength = options.seqLength ?? positiveOr(training?.seqLength, usualSeqLength);
  const subject: Subject = {
    name: config.cell,
    config,
    weights,
    seqLength,
    clipping: clippingOf(training?.clip, history),
  };
  return { subjects: [subject], ids: corpus.ids };
}

async function fresh(
  texts: readonly string[],
  options: Options,
  output: Output,
): Promise<{ subjects: Subject[]; ids: Ids }> {
  if (options.model !== undefined) {
    throw new UsageError('--cell and --model contradict each other: give one of them');
  }
  const names: readonly string[] = options.cell ?? [];
  const choices = names.map((cell) => {
    requireCapable({ ...shapeOf(options), cell, command: 'gradients' });
    return chooseCell(cell);
  });
  const { ids, vocabulary } = await loadCorpus(textArguments(texts), {
    text: { unit: 'char', keepCr: false },
    minCount: 1,
    reading: readingOf(options, 'char'),
    onFolder: folderReporter(output),
    stdin: process.stdin,
  });
  const subjects = choices.map((choice): Subject => {
    const config = {
      ...choice,
      layers: options.layers ?? table.layers.default,
      hidden: options.hidden ?? table.hidden.default,
      embedding: options.embedding ?? table.embedding.default,
      vocabulary: vocabulary.size,
      ...shapeOf(options),
    };
    return {
      name: choice.cell,
      config,
      weights: initialValues(parameterTable(config), options.seed ?? table.seed.default),
      seqLength: options.seqLength ?? usualSeqLength,
      clipping: undefined,
    };
  });
  return { subjects, ids };
}

function shapeOf({ residual = false, layerNorm = false }: Options) {
  return architectureFlags({ residual, layerNorm });
}

/**
 * Returns a number that a model records, if it is positive; it is checked because a model file may come from anywhere.
 */
function positiveOr(value: unknown, otherwise: number): number {
  return typeof value === 'number' && Number.isInteger(value) && value > 0 ? value : otherwise;
}

function clippingOf(clip: unknown, history: readonly HistoryEntry[]): Clipping | undefined {
  const { name, limit } = (clip ?? {}) as { name?: unknown; limit?: unknown };
  if (typeof name !== 'string' || typeof limit !== 'number') return undefined;
  // an entry covers the steps since the previous entry
  let [steps, clipped, norms, maxNorm] = [0, 0, 0, 0];
  for (const { step, clipped: share, gradientNorm } of history) {
    // the validation of a model to start from, before the first step, covers no steps
    if (step === 0) continue;
    if (step == null || share == null || gradientNorm == null) return undefined;
    const count = step - steps;
    clipped += share * count;
    norms += gradientNorm * count;
    maxNorm = Math.max(maxNorm, gradientNorm);
    steps = step;
  }
  if (steps === 0) return undefined;
  return {
    by: printable(name),
    limit,
    fraction: clipped / steps,
    meanNorm: norms / steps,
    maxMeanNorm: maxNorm,
  };
}
