/** `charnn inspect`: describes a model. */

import chalk from 'chalk';
import { defineCell } from '../cells/definition.js';
import { print } from '../cells/print.js';
import { defineCommand } from '../cli/command.js';
import { bits, grouped } from '../cli/output.js';
import * as rows from '../cli/rows.js';
import { histogram, lineChart, terminalWidth } from '../cli/text-chart.js';
import { type ModelCounts, weightsByLength } from '../counts/mixture.js';
import { entriesOf } from '../counts/ngram-table.js';
import { jsonText, printable } from '../messages/quote.js';
import { type Model, namedTensors } from '../model/model-data.js';
import { parameterTable } from '../model/parameters.js';
import { symbolName } from '../text/pair-coding.js';
import { describeSeparator, withSeparator } from '../text/separator.js';
import { withBits } from '../train/events.js';
import { readAnyChosenModel } from './input/chosen-model.js';
import { modelPath } from './input/model-argument.js';
import { recordedValues } from './output/recorded-values.js';

export const inspect = defineCommand({
  name: 'inspect',
  arguments: '[model]',
  summary: 'describe a model',
  description:
    'Print the cell, sizes, tensors, vocabulary and training of a model\n(default: charnn.json).',
  examples: [
    ['charnn inspect', 'the model charnn.json'],
    ["charnn inspect --json | jq '.history'", 'its losses'],
  ],
  synonyms: ['info', 'show', 'describe', 'summary', 'view'],
  options: { model: rows.model, json: rows.json, debug: rows.debug },
  standardOutput: 'result',
  async run(args, options) {
    const model = await readAnyChosenModel(modelPath(args, options.model));
    process.stdout.write(options.json ? `${jsonText(summary(model))}\n` : description(model));
  },
});

function summary(model: Model) {
  const { config, text, vocabulary, training, history, counts } = model;
  const tensors = namedTensors(model).map(({ parameter: { name, shape, size } }) => ({
    name,
    shape,
    size,
  }));
  return {
    model: config,
    parameters: parameterTable(config).count,
    tensors,
    text,
    vocabulary: vocabulary.toJSON(),
    ...withSeparator(model.separator),
    ...(counts && { counts: summaryOf(counts) }),
    training,
    history: history.map(withBits),
  };
}

function description(model: Model): string {
  const { config, text, vocabulary, training, history } = model;
  const { cell, layers, hidden, embedding, residual, layerNorm, pairs, attention } = config;
  const lines: string[] = [];
  const section = (title: string) => lines.push('', chalk.bold(title));
  const field = (name: string, value: string) => lines.push(`  ${name.padEnd(20)} ${value}`);

  lines.push(chalk.bold(`${layers} × ${printable(cell)} of ${hidden}`));
  field('input', embedding > 0 ? `embedding of ${embedding}` : 'one-hot');
  if (pairs) {
    const looking =
      attention === 'none' ? 'without attention' : `attention (${attention ?? 'general'})`;
    field('network', `encoder in both directions, decoder, ${looking}`);
  }
  if (residual) field('connections', 'residual');
  if (layerNorm) field('gates', 'layer normalisation');
  field('parameters', grouped(parameterTable(config).count));
  // the last validation in a model's history is the one at which it was saved
  const { step, validationLoss } = history.at(-1) ?? {};
  if (validationLoss != null) {
    const loss = `${validationLoss.toFixed(4)} nats = ${bits(validationLoss)} bits/char`;
    field('validation', `${loss} at step ${grouped(step ?? 0)}`);
  }

  if (config.equations !== undefined) {
    section('Equations');
    for (const line of print(defineCell(config.equations)).trimEnd().split('\n')) {
      lines.push(`  ${line}`);
    }
  }

  section('Tensors');
  for (const { parameter, values } of namedTensors(model)) {
    const { name, shape, size } = parameter;
    const mean = values.reduce((sum, x) => sum + x, 0) / size;
    const deviation = Math.sqrt(values.reduce((sum, x) => sum + (x - mean) ** 2, 0) / size);
    const max = values.reduce((max, x) => Math.max(max, Math.abs(x)), 0);
    field(
      name,
      `${`[${shape}]`.padEnd(12)} mean ${mean.toFixed(4).padStart(7)}, deviation ${deviation.toFixed(4)}`,
    );
    const bins = histogram(values, histogramBins, max);
    field('', `−${max.toPrecision(2)} ${chalk.cyan(bins)} ${max.toPrecision(2)}`);
  }

  section('Vocabulary');
  const sides = text.pairs;
  const units = sides ? `${sides.source} to ${sides.target}` : text.unit;
  field('unit', units + (text.normalize ? `, ${text.normalize}` : ''));
  field('characters', grouped(vocabulary.size - 1));
  if (text.unit === 'char') {
    const shown = vocabulary.symbols.slice(0, 100).map((s) => symbolName(s, text));
    const more = vocabulary.size - 1 > shown.length ? ' …' : '';
    lines.push(`  ${jsonText(shown.join(sides?.symbols.length ? ' ' : '')).slice(1, -1)}${more}`);
  }

  if (model.separator !== undefined) field('records end with', describeSeparator(model.separator));

  if (model.counts !== undefined) {
    const { context, ngrams, cutoff, weights } = summaryOf(model.counts);
    section('Counts');
    field('contexts', `up to ${context} characters`);
    field(
      'n-grams',
      grouped(ngrams) + (cutoff > 0 ? `, each of which occurs more than ${cutoff} times` : ''),
    );
    lines.push(
      '  log-linear mixing: weights of the network and the counts, by the length of the longest known context',
    );
    weights.forEach((pair, length) => {
      field(`${length}`, pair.map((weight) => weight.toFixed(2)).join(', '));
    });
  }

  if (history.length > 0) {
    section('History');
    lines.push(...lossCurve(history).map((line) => `  ${line}`), '');
    lines.push('        step   epoch   train   valid.  bits/char');
    for (const { step, epoch, trainLoss, validationLoss } of history) {
      const number = (x: number | null | undefined) => (x == null ? '–' : x.toFixed(4)).padStart(8);
      const inBits = validationLoss == null ? '–' : bits(validationLoss);
      lines.push(
        `  ${grouped(step ?? 0).padStart(10)} ${(epoch ?? 0).toFixed(2).padStart(7)}${number(trainLoss)} ${number(validationLoss)} ${inBits.padStart(10)}`,
      );
    }
  }

  if (training !== undefined) {
    section('Training');
    for (const [name, value] of recordedValues(training)) field(name, value);
  }
  return `${lines.join('\n')}\n`;
}

/** A summary of a model's n-gram counts, with the mean mixing weights for each length of context. */
function summaryOf(counts: ModelCounts) {
  const { context, cutoff } = counts.table;
  return { context, cutoff, ngrams: entriesOf(counts.table), weights: weightsByLength(counts) };
}

const histogramBins = 40;

function lossCurve(history: Model['history']): string[] {
  const points = (key: string) =>
    history.flatMap(({ step, [key]: loss }) =>
      step == null || loss == null ? [] : [[step, loss / Math.LN2] as const],
    );
  const series = [
    { name: 'training, bits per character', points: points('trainLoss') },
    { name: 'validation', points: points('validationLoss') },
  ];
  return lineChart(
    series.filter(({ points }) => points.length > 0),
    {
      width: terminalWidth() - 2,
      height: 10,
      logarithmic: false,
      xLabel: 'steps',
      formatY: (y) => y.toFixed(2),
    },
  );
}
