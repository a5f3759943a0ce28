/** `charnn eval`: measures how well a model predicts a text. */

import { openDevice } from '../backend/open-device.js';
import { defineCommand } from '../cli/command.js';
import { createOutput, grouped } from '../cli/output.js';
import * as rows from '../cli/rows.js';
import { UsageError } from '../errors.js';
import { baseline } from '../evaluate/baseline.js';
import { evaluate as evaluateIds } from '../evaluate/evaluate.js';
import { requireWeightsThatLearn } from '../library/fixed-weights.js';
import { folderReporter, readingOf } from '../library/text-reading.js';
import { jsonText } from '../messages/quote.js';
import { flag } from '../options/table.js';
import { countsWeightRow } from '../sample/sample-rows.js';
import { loadCorpus } from '../text/load-corpus.js';
import { columnRows, readingRows } from '../text/reading-rows.js';
import { readAnyChosenModel } from './input/chosen-model.js';
import { refuseModels, textArguments } from './input/text-arguments.js';
import { baselineEvent, baselineLine } from './output/baseline-line.js';
import { evaluateAsPairs } from './output/pair-evaluation.js';
import { unknownPrice } from './output/unknown-note.js';

export const evaluate = defineCommand({
  name: 'eval',
  arguments: '[text...]',
  summary: 'measure how well a model predicts a text',
  description: 'Print the loss of a model on a text: files, folders or standard input (-).',
  examples: [
    ['charnn eval other-book.txt', 'how well is it predicted?'],
    ['charnn eval test.tsv', 'accuracy of a model of --pairs'],
    ['charnn eval - --json < page.txt', 'for a script'],
  ],
  synonyms: ['evaluate', 'test', 'loss', 'perplexity'],
  options: {
    model: rows.model,
    last: rows.last,
    ...readingRows,
    ...columnRows,
    countsWeight: countsWeightRow,
    dynamic: flag('dynamic evaluation: adapt to the text while reading it (slower)'),
    backend: rows.backend,
    precision: rows.predictionPrecision,
    json: rows.json,
    quiet: rows.quiet,
    debug: rows.debug,
  },
  standardOutput: 'result',
  async run(texts, options) {
    requireWeightsThatLearn(options.precision, options.dynamic);
    const output = createOutput(options.quiet ?? false);
    await refuseModels(texts);
    const model = await readAnyChosenModel(options.model ?? rows.model.default, options.last);
    const { text, vocabulary } = model;
    if (model.config.pairs && options.dynamic) {
      throw new UsageError('--dynamic is for models of texts, not of pairs: leave it out');
    }
    const corpus = await loadCorpus(textArguments(texts), {
      text,
      vocabulary,
      minCount: 1,
      reading: readingOf(options, text.unit),
      onFolder: folderReporter(output),
      stdin: process.stdin,
    });
    const device = await openDevice(options.backend, options.precision);
    if (device.note !== undefined) output.note(device.note);
    if (model.config.pairs) {
      await evaluateAsPairs(model, device, corpus.ids, output, options.json ?? false);
      return;
    }
    const evaluation = {
      dynamic: options.dynamic ?? false,
      starts: corpus.starts,
      countsWeight: options.countsWeight,
    };
    const { characters, nats, bitsPerCharacter, perplexity } = await evaluateIds(
      model,
      device,
      corpus.ids,
      evaluation,
    );
    let precisionBits: number | undefined;
    if (device.precision === 'int8') {
      const full = await openDevice(options.backend);
      const { bitsPerCharacter: bits } = await evaluateIds(model, full, corpus.ids, evaluation);
      precisionBits = bitsPerCharacter - bits;
    }
    const { unknown } = corpus;
    const others = await baseline(vocabulary, corpus.ids, undefined);
    if (options.json) {
      const { type: _, ...baselines } = baselineEvent(others);
      const result = {
        loss: nats,
        bitsPerCharacter,
        perplexity,
        characters,
        unknown,
        unknownBits: vocabulary.unknownCost / Math.LN2,
        ...(precisionBits !== undefined && { precisionBits }),
        ...baselines,
      };
      process.stdout.write(`${jsonText(result)}\n`);
      return;
    }
    const lines = [
      `loss           ${nats.toFixed(4)} nats per character`,
      `bits per char  ${bitsPerCharacter.toFixed(4)}`,
      ...(precisionBits === undefined
        ? []
        : [`cost of int8   ${precisionBits.toFixed(4)} bits per char more than float32`]),
      `perplexity     ${perplexity.toFixed(3)}`,
      `characters     ${grouped(characters)}`,
      `unknown        ${grouped(unknown)}${unknown > 0 ? `, ${unknownPrice(vocabulary)}` : ''}`,
      `for comparison ${baselineLine(others)}`,
    ];
    process.stdout.write(`${lines.join('\n')}\n`);
  },
});
