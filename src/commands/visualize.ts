/** `charnn visualize`: writes a page that shows a model reading a text. */

import { type Analysis, analyse, recordUnits, type Unit } from '../analyse/analysis.js';
import type { FeatureFinding, UnitScore } from '../analyse/unit-search.js';
import { openDevice } from '../backend/open-device.js';
import { defineCommand } from '../cli/command.js';
import { createOutput, grouped, type Output } from '../cli/output.js';
import * as rows from '../cli/rows.js';
import { UsageError } from '../errors.js';
import { labelChoiceRow, withChosenLabels } from '../library/label-choice.js';
import { folderReporter, readingOf } from '../library/text-reading.js';
import { jsonText } from '../messages/quote.js';
import type { Model } from '../model/model-data.js';
import { type OptionsOf, option } from '../options/table.js';
import { count, path } from '../options/types.js';
import type { VisualizeData } from '../pages/data.js';
import { blob } from '../pages/encode-blobs.js';
import { symbolName } from '../published/page-content.js';
import { loadCorpus } from '../text/load-corpus.js';
import { codingOf } from '../text/pair-coding.js';
import { readingRows } from '../text/reading-rows.js';
import type { Ids } from '../text/unit.js';
import { readAnyChosenModel } from './input/chosen-model.js';
import { refuseModels, textArguments } from './input/text-arguments.js';
import { unitList } from './input/unit-list.js';
import { attentionPage, requireAttention } from './output/attention-content.js';
import { checkPagePath, writePage } from './output/page-file.js';

/** Max bytes of activations on a page, before compression, unless the units are named */
const activationBudget = 32e6;
const guesses = 5;
/** Number of characters whose predictions are decoded together */
const partLength = 1 << 15;

const table = {
  model: rows.model,
  label: labelChoiceRow,
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
  ...readingRows,
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
    'Write a page that shows a model reading a text: surprise, predictions,\nactivations of single units, saturated gates, and the units that follow\nfeatures of the text. For a model of pairs, the page shows what the model\nattends to in each source.',
  examples: [
    ['charnn visualize chapter.txt -o page.html', 'the model charnn.json'],
    ['charnn visualize chapter.txt --units 1:17,1:30', 'only these units'],
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
  const inputs = [...texts, options.model ?? table.model.default];
  await checkPagePath({ path: page, inputs, outputIsTaken: options.json });
  await refuseModels(texts);
  const chosen = await readAnyChosenModel(options.model ?? table.model.default);
  const model = chosen.config.pairs ? chosen : withChosenLabels(chosen, options.label);
  const { text, vocabulary } = model;
  const isOfPairs = model.config.pairs ?? false;
  if (isOfPairs) requirePairOptions(model, options);
  const corpus = await loadCorpus(textArguments(texts), {
    text,
    vocabulary,
    minCount: 1,
    reading: readingOf(options, text.unit, 'error', isOfPairs),
    coding: isOfPairs ? codingOf(text) : undefined,
    onFolder: folderReporter(output),
    stdin: process.stdin,
  });
  const max = options.maxChars ?? table.maxChars.default;
  const device = await openDevice(options.backend);
  if (device.note !== undefined) output.note(device.note);
  if (isOfPairs) {
    const content = await attentionPage(model, device, corpus.ids, max, output);
    await writePage(page, 'attention', content, output);
    return;
  }
  const ids = corpus.ids.subarray(0, max);
  if (ids.length < corpus.ids.length) {
    const [shown, all] = [ids.length, corpus.ids.length].map(grouped);
    output.note(`the page shows the first ${shown} of ${all} characters (--max-chars)`);
  }
  const seen = await analyse(model, device, ids, guesses);
  const units = chooseUnits(options.units, model, seen.findings, ids.length, output);
  const data = pageData(model, seen, units, ids.length, corpus.ids.length);
  const recorded = await recordUnits(model, device, ids, units);
  const blobs = pageBlobs(model, ids, seen, units, recorded);
  await writePage(page, 'visualize', { title: 'A network reads', data, blobs }, output);
  if (options.json) process.stdout.write(`${jsonText(asJson(seen))}\n`);
  else for (const line of findingLines(seen)) output.note(line);
}

/** @throws UsageError for options that are only for texts, and for a model whose attention cannot be shown */
function requirePairOptions(model: Model, options: OptionsOf<typeof table>): void {
  requireAttention(model);
  for (const key of ['units', 'json', 'label'] as const) {
    if (options[key] === undefined) continue;
    throw new UsageError(
      `--${key} is for models of texts, but this model was trained on pairs: leave it out`,
    );
  }
}

/** The units that were asked for, or else as many as fit on the page, beginning with those that follow a feature. */
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
  // first the best unit of each feature, then the second best of each, and so on
  const ranked = [0, 1, 2].flatMap((place) =>
    findings.flatMap(({ units }) => units.slice(place, place + 1)),
  );
  const chosen = new Map<string, Unit>();
  for (const { layer, unit } of [...ranked, ...all]) {
    if (chosen.size < fitting) chosen.set(`${layer} ${unit}`, { layer, unit });
  }
  return [...chosen.values()].sort((a, b) => a.layer - b.layer || a.unit - b.unit);
}

function pageData(
  { config, vocabulary }: Model,
  { predictions, saturation, findings, searched }: Analysis,
  units: readonly Unit[],
  characters: number,
  charactersInAll: number,
): VisualizeData {
  const { cell, layers, hidden } = config;
  const rounded = (x: number) => Number(x.toFixed(4));
  let bits = 0;
  for (const x of predictions.surprise) bits += x;
  return {
    model: `${layers} × ${cell} of ${hidden}`,
    characters,
    charactersInAll,
    symbols: Array.from({ length: vocabulary.size }, (_, id) => symbolName(vocabulary, id)),
    meanSurprise: characters > 1 ? bits / (characters - 1) : 0,
    guesses: predictions.K,
    partLength,
    layers,
    hidden,
    units,
    findings: findings.map(({ feature, units }) => ({
      feature,
      units: units.map(({ layer, unit, heldOut }) => ({ layer, unit, score: rounded(heldOut) })),
    })),
    searched,
    saturation: saturation.map(({ layer, gate, left, right }) => ({
      layer,
      gate,
      left: Array.from(left, rounded),
      right: Array.from(right, rounded),
    })),
  };
}

function* pageBlobs(
  model: Model,
  ids: Ids,
  { predictions }: Analysis,
  units: readonly Unit[],
  recorded: readonly Int8Array[],
): Generator<[id: string, base64: string]> {
  const { surprise, guesses, probabilities, K } = predictions;
  const small = model.vocabulary.size <= 256;
  const idArray = (values: ArrayLike<number>) =>
    small ? Uint8Array.from(values) : Uint32Array.from(values);
  yield ['ids', blob(idArray(ids))];
  yield ['surprise', blob(Uint8Array.from(surprise, (bits) => Math.min(255, bits * 16)))];
  for (let from = 0; from < ids.length; from += partLength) {
    const part = [from * K, Math.min(ids.length, from + partLength) * K] as const;
    const packed = Buffer.concat([
      new Uint8Array(idArray(guesses.subarray(...part)).buffer),
      Uint8Array.from(probabilities.subarray(...part), (p) => Math.round(255 * Math.sqrt(p))),
    ]);
    yield [`guesses-${from / partLength}`, blob(packed)];
  }
  for (const [i, { layer, unit }] of units.entries()) {
    yield [`unit-${layer}-${unit}`, blob(recorded[i])];
  }
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
