/** `charnn visualize`: writes a page that shows a model reading a text. */

import { type Analysis, analyse, recordUnits, type Unit } from '../analyse/analysis.js';
import type { FeatureFinding, UnitScore } from '../analyse/unit-search.js';
import { openDevice } from '../backend/open-device.js';
import { defineCommand } from '../cli/command.js';
import { createOutput, grouped, type Output } from '../cli/output.js';
import * as rows from '../cli/rows.js';
import { UsageError } from '../errors.js';
import { columnsOf, conditionReader, knownConditions } from '../library/given-beside.js';
import { labelChoiceRow, withChosenLabels } from '../library/label-choice.js';
import { folderReporter, readingOf } from '../library/text-reading.js';
import { jsonText, quote } from '../messages/quote.js';
import type { Model } from '../model/model-data.js';
import { type OptionsOf, option } from '../options/table.js';
import { count, modelFile, path } from '../options/types.js';
import type { PageContent } from '../pages/page.js';
import { loadCorpus } from '../text/load-corpus.js';
import { codingOf } from '../text/pair-coding.js';
import { columnRows, readingRows } from '../text/reading-rows.js';
import { readAnyChosenModel, readChosenModel } from './input/chosen-model.js';
import { refuseModels, textArguments } from './input/text-arguments.js';
import { unitList } from './input/unit-list.js';
import { attentionPage, requireAttention } from './output/attention-content.js';
import { checkPagePath, provenanceOf, writePage } from './output/page-file.js';
import {
  dependenceOf,
  otherReading,
  readingBlobs,
  readingData,
  stepsOf,
} from './output/reading-content.js';

/** Max bytes of activations on a page, before compression, unless --units says which units are shown */
const activationBudget = 32e6;
const guesses = 5;

const table = {
  model: rows.model,
  label: labelChoiceRow,
  compare: option(
    '<file>',
    modelFile,
    'second model, which is shown beside the first one: surprise, predictions, and which of the two expects each character more',
  ),
  output: option('<file>', path, 'where to write the page', {
    short: 'o',
    default: 'charnn.html',
  }),
  units: option(
    '<list>',
    unitList,
    'units to show: all, or a list of layer:unit, both counted from 0',
    {
      absent: 'as many as fit',
    },
  ),
  maxChars: option('<n>', count, 'max number of characters to show', { default: 1_000_000 }),
  grid: option(
    '<n>',
    count,
    'for a model with vectors: number of vectors in each row of the grid in which the page shows them',
    { absent: 'a square for 4, 9, 16, … vectors, otherwise a single row' },
  ),
  ...readingRows,
  ...columnRows,
  backend: rows.backend,
  json: rows.json,
  quiet: rows.quiet,
  debug: rows.debug,
};

export const visualize = defineCommand({
  name: 'visualize',
  arguments: '[text...]',
  summary: 'write a page that shows a model reading a text',
  description:
    'Write a page that shows a model reading a text: surprise, predictions,\nactivations of single units, their gates and states along the text, what a\nprediction depends on, saturated gates, and the units that follow features of\nthe text. For a model of pairs, the page shows what the model attends to in each\nsource.',
  examples: [
    ['charnn visualize chapter.txt -o page.html', 'the model charnn.json'],
    ['charnn visualize chapter.txt --units 1:17,1:30', 'only these units'],
    ['charnn visualize chapter.txt --compare b.json', 'compared with another model'],
    ['charnn visualize test.tsv -m lexicon.json', 'what the model attends to'],
  ],
  synonyms: ['visualise', 'activations'],
  options: table,
  standardOutput: 'result',
  run: showReading,
});

async function showReading(
  texts: readonly string[],
  options: OptionsOf<typeof table>,
): Promise<void> {
  const output = createOutput(options.quiet ?? false);
  const page = options.output ?? table.output.default;
  const { compare } = options;
  const name = options.model ?? table.model.default;
  const inputs = [...texts, name, ...(compare ? [compare] : [])];
  await checkPagePath({ path: page, inputs, outputIsTaken: options.json });
  await refuseModels(texts);
  const chosen = await readAnyChosenModel(name);
  const model = chosen.config.pairs ? chosen : withChosenLabels(chosen, options.label);
  const second = compare === undefined ? undefined : await readChosenModel(compare, undefined);
  if (second !== undefined) requireEqualText(model, second, compare ?? '');
  if (options.grid !== undefined && model.config.vectors === undefined) {
    throw new UsageError(
      '--grid is for models with vectors, but this model has none: leave it out',
    );
  }
  if (model.config.pairs) {
    const content = await attentionOfTexts(model, texts, options, output);
    await writePage(page, 'attention', content, output);
    return;
  }
  const { text, vocabulary } = model;
  const corpus = await loadCorpus(textArguments(texts), {
    ...{ text, vocabulary, minCount: 1 },
    reading: readingOf(options, text.unit),
    onFolder: folderReporter(output),
    stdin: process.stdin,
  });
  const max = options.maxChars ?? table.maxChars.default;
  const device = await openDevice(options.backend);
  if (device.note !== undefined) output.note(device.note);
  const provenance = provenanceOf(texts, compare === undefined ? [name] : [name, compare]);
  const ids = corpus.ids.subarray(0, max);
  if (ids.length < corpus.ids.length) {
    const [shown, all] = [ids.length, corpus.ids.length].map(grouped);
    output.note(`the page shows the first ${shown} of ${all} characters (--max-chars)`);
  }
  const seen = await analyse(model, device, ids, guesses);
  const units = chooseUnits(options.units, model, seen.findings, ids.length, output);
  const { K } = seen.predictions;
  const other = second && (await otherReading(second, compare ?? '', model, device, ids, K));
  const steps = await stepsOf(model, device, ids, units.length);
  const dependence = await dependenceOf(model, device, ids);
  const reading = {
    model,
    name,
    provenance,
    seen,
    units,
    ids,
    charactersInAll: corpus.ids.length,
    steps,
    dependence,
    other,
  };
  const data = readingData(reading);
  const blobs = readingBlobs(reading, await recordUnits(model, device, ids, units));
  await writePage(page, 'visualize', { title: 'A network reads', data, blobs }, output);
  if (options.json) process.stdout.write(`${jsonText(asJson(seen))}\n`);
  else for (const line of findingLines(seen)) output.note(line);
}

/** The content of the page of `charnn visualize` for a model of pairs */
async function attentionOfTexts(
  model: Model,
  texts: readonly string[],
  options: OptionsOf<typeof table>,
  output: Output,
): Promise<PageContent> {
  requirePairOptions(model, options);
  const { text, vocabulary } = model;
  const reading = { ...readingOf(options, text.unit, 'error', true), ...columnsOf(model) };
  const beside = conditionReader(reading, knownConditions(model));
  const { ids } = await loadCorpus(textArguments(texts), {
    ...{ text, vocabulary, minCount: 1, reading, beside },
    coding: codingOf(text),
    onFolder: folderReporter(output),
    stdin: process.stdin,
  });
  const device = await openDevice(options.backend);
  if (device.note !== undefined) output.note(device.note);
  const maxPositions = options.maxChars ?? table.maxChars.default;
  const shown = { ids, given: beside?.finish().conditions, maxPositions, grid: options.grid };
  const provenance = provenanceOf(texts, [options.model ?? table.model.default]);
  return attentionPage(model, device, shown, output, provenance);
}

/** @throws UsageError for options that are only for texts, and for a model whose attention cannot be shown */
function requirePairOptions(model: Model, options: OptionsOf<typeof table>): void {
  requireAttention(model);
  for (const key of ['units', 'json', 'label', 'compare'] as const) {
    if (options[key] === undefined) continue;
    throw new UsageError(
      `--${key} is for models of texts, but this model was trained on pairs: leave it out`,
    );
  }
}

/** @throws UsageError if the two models read the text in different ways, so that their characters do not correspond */
function requireEqualText(one: Model, other: Model, path: string): void {
  if (one.config.pairs) return;
  for (const key of ['unit', 'normalize', 'keepCr'] as const) {
    if (one.text[key] === other.text[key]) continue;
    throw new UsageError(
      `--compare ${quote(path)} was trained with a different --${key === 'keepCr' ? 'keep-cr' : key} than the model: give a model that was trained with the same one`,
    );
  }
}

/**
 * The units that were asked for, or as many as fit on the page, beginning with those that best follow a feature of the
 * text, such as quotation marks.
 */
function chooseUnits(
  asked: OptionsOf<typeof table>['units'],
  model: Model,
  findings: readonly FeatureFinding[],
  characters: number,
  output: Output,
): Unit[] {
  const { layers, hidden } = model.config;
  if (asked !== undefined && asked !== 'all') {
    for (const { layer, unit } of asked) {
      if (layer < layers && unit < hidden) continue;
      throw new UsageError(
        `--units ${layer}:${unit} is not in the model: layers are 0 to ${layers - 1}, units 0 to ${hidden - 1}`,
      );
    }
    return [...asked];
  }
  const all = Array.from({ length: layers * hidden }, (_, i) => ({
    layer: Math.floor(i / hidden),
    unit: i % hidden,
  }));
  const fitting = Math.max(1, Math.floor(activationBudget / characters));
  if (asked === 'all' || fitting >= all.length) return all;
  output.note(
    `the page holds the activations of only ${fitting} of ${grouped(all.length)} units; choose others with --units, or show less text`,
  );
  // first the unit that best follows each feature of the text, then the second best of each feature, and so on
  const ranked = [0, 1, 2].flatMap((place) =>
    findings.flatMap(({ units }) => units.slice(place, place + 1)),
  );
  const chosen = new Map<string, Unit>();
  for (const { layer, unit } of [...ranked, ...all]) {
    if (chosen.size < fitting) chosen.set(`${layer} ${unit}`, { layer, unit });
  }
  return [...chosen.values()].sort((a, b) => a.layer - b.layer || a.unit - b.unit);
}

function asJson({ findings, searched, predictions }: Analysis) {
  return {
    characters: predictions.surprise.length,
    searched,
    features: findings.map(({ feature, units }) => ({
      feature,
      units: units.map(({ layer, unit, chosenBy, heldOut }) => ({
        layer,
        unit,
        chosenBy,
        heldOut,
      })),
    })),
  };
}

function findingLines({ findings, searched }: Analysis): string[] {
  if (findings.length === 0) return [];
  const half = grouped(Math.floor(searched / 2));
  const width = Math.max(...findings.map(({ feature }) => feature.length));
  const line = (feature: string, [{ layer, unit, heldOut }]: readonly UnitScore[]) =>
    `  ${feature.padEnd(width)}  ${`${layer}:${unit}`.padEnd(8)} ${heldOut.toFixed(2).padStart(5)}`;
  return [
    `units (layer:unit) that follow a feature of the text, and their correlation with it on ${half} held-out characters:`,
    ...findings.map(({ feature, units }) => line(feature, units)),
  ];
}
