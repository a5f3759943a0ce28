/** `charnn eval`: measures how well a model predicts a text. */

import { openDevice } from '../backend/open-device.js';
import { defineCommand } from '../cli/command.js';
import { createOutput, grouped } from '../cli/output.js';
import * as rows from '../cli/rows.js';
import { searchRows, searchSettings } from '../convert/convert-rows.js';
import { optionName, UsageError } from '../errors.js';
import { baseline } from '../evaluate/baseline.js';
import { evaluate as evaluateIds } from '../evaluate/evaluate.js';
import { requireWeightsThatLearn } from '../library/fixed-weights.js';
import { columnsOf, conditionReader, knownConditions } from '../library/given-beside.js';
import { labelChoiceRow, requireRecords } from '../library/label-choice.js';
import { folderReporter, readingOf } from '../library/text-reading.js';
import { jsonText } from '../messages/quote.js';
import { flag } from '../options/table.js';
import { countsWeightRow } from '../sample/sample-rows.js';
import { loadCorpus } from '../text/load-corpus.js';
import { codingOf } from '../text/pair-coding.js';
import { columnRows, readingRows } from '../text/reading-rows.js';
import { readAnyChosenModel, readChosenModel } from './input/chosen-model.js';
import { refuseModels, textArguments } from './input/text-arguments.js';
import { baselineEvent, baselineLine } from './output/baseline-line.js';
import { evaluateAsPairs } from './output/pair-evaluation.js';
import { unknownPrice } from './output/unknown-note.js';

export const evaluate = defineCommand({
  name: 'eval',
  arguments: '[text...]',
  summary: 'measure how well a model predicts a text',
  description:
    'Print the loss of a model on a text: files, folders or standard input (-). For a model of pairs, print also how many of the targets that it finds for the sources are right.',
  examples: [
    ['charnn eval other-book.txt', 'how well does the model predict it?'],
    ['charnn eval test.tsv', 'accuracy of a model of pairs'],
    ['charnn eval - --json < page.txt', 'for a script'],
  ],
  synonyms: ['evaluate', 'test', 'loss', 'perplexity'],
  options: {
    model: rows.model,
    last: rows.last,
    label: labelChoiceRow,
    ...readingRows,
    ...columnRows,
    countsWeight: countsWeightRow,
    dynamic: flag('dynamic evaluation: adapt to the text while reading it (slower)'),
    beam: { ...searchRows.beam, absent: '1' },
    lengthPenalty: searchRows.lengthPenalty,
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
    const path = options.model ?? rows.model.default;
    // unless labels are chosen for the whole text, each record of a table has its own
    const model =
      options.label === undefined
        ? await readAnyChosenModel(path, options.last)
        : await readChosenModel(path, options.label, options.last);
    const { text, vocabulary } = model;
    if (model.config.pairs && options.dynamic) {
      throw new UsageError('--dynamic is for models of texts, not of pairs: leave it out');
    }
    for (const key of ['beam', 'lengthPenalty'] as const) {
      if (model.config.pairs || options[key] === undefined) continue;
      throw new UsageError(
        `${optionName(key)} is for models of pairs, but this model was trained on a text: leave it out`,
      );
    }
    const reading = {
      ...readingOf(options, text.unit, 'error', model.config.pairs),
      ...columnsOf(model),
    };
    if (!model.config.pairs) requireRecords(model, reading.format);
    const beside = conditionReader(reading, knownConditions(model));
    const corpus = await loadCorpus(textArguments(texts), {
      ...{ text, vocabulary, reading, beside },
      minCount: 1,
      coding: model.config.pairs ? codingOf(text) : undefined,
      onFolder: folderReporter(output),
      stdin: process.stdin,
    });
    const device = await openDevice(options.backend, options.precision);
    if (device.note !== undefined) output.note(device.note);
    if (model.config.pairs) {
      const search = searchSettings(options, false);
      const read = { ids: corpus.ids, given: beside?.finish().conditions };
      await evaluateAsPairs(model, device, read, search, output, options.json ?? false);
      return;
    }
    const evaluation = {
      dynamic: options.dynamic ?? false,
      starts: corpus.starts,
      given: beside?.finish().conditions,
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
