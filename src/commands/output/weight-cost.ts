/** Reports how much the format of a page's weights increases the loss. */
import type { Device } from '../../backend/device.js';
import { grouped, type Output } from '../../cli/output.js';
import { searchSettings } from '../../convert/convert-rows.js';
import { evaluatePairs } from '../../convert/evaluate-pairs.js';
import { evaluate } from '../../evaluate/evaluate.js';
import { columnsOf, conditionReader, knownConditions } from '../../library/given-beside.js';
import { reportPairs, requireMarks } from '../../library/paired-text.js';
import { folderReporter, readingOf } from '../../library/text-reading.js';
import { quote } from '../../messages/quote.js';
import { withLabelsChosen } from '../../model/chosen-labels.js';
import type { Model } from '../../model/model-data.js';
import { findPairs } from '../../model/pairs/pair-table.js';
import type { OptionsOf } from '../../options/table.js';
import { modelOf, type PublishedModel } from '../../published/published-model.js';
import { sampleText } from '../../sample/sample-text.js';
import type { Conditions } from '../../text/conditions.js';
import { loadCorpus } from '../../text/load-corpus.js';
import { codingOf } from '../../text/pair-coding.js';
import type { columnRows } from '../../text/reading-rows.js';
import type { Ids } from '../../text/unit.js';

/** Number of characters that the model writes if no text is given on which its loss can be measured */
const ownCharacters = 10_000;

/** The text on which the loss is measured */
interface MeasuredText {
  readonly ids: Ids;
  readonly starts?: readonly number[];
  /** The labels and vectors that come with the records of the text */
  readonly given?: Conditions | undefined;
}

/**
 * Measures the model's loss with the weights that the page contains and with its own weights, and reports both.
 * @param labels the value of each label, as an index among its values, where the text is not a table
 * @param path the text to measure on; by default the model writes one
 */
export async function reportCost(
  model: Model,
  published: PublishedModel,
  labels: readonly number[],
  device: Device,
  path: string | undefined,
  options: OptionsOf<typeof columnRows>,
  output: Output,
): Promise<void> {
  const { pairs } = model.config;
  if (path === undefined && pairs) {
    return output.note(
      'to measure how much accuracy the weights lose, give a file of pairs with --eval',
    );
  }
  const text = path === undefined ? undefined : await readText(model, path, options, output);
  const held = modelOf(published);
  // if the text has no labels, the chosen labels hold for every character
  const chosen = (of: Model) =>
    pairs || text?.given !== undefined || labels.length === 0 ? of : withLabelsChosen(of, labels);
  const [full, packed] = [chosen({ ...model, counts: held.counts }), chosen(held)];
  const measured = text ?? { ids: await ownText(full, device) };
  const loss = pairs ? pairBits : bitsOf;
  const [before, after] = [
    await loss(full, device, measured),
    await loss(packed, device, measured),
  ];
  const where =
    path === undefined
      ? `${grouped(measured.ids.length)} characters that the model has written (--eval FILE takes a text)`
      : quote(path);
  const cost = after - before;
  const { weights } = published.head;
  output.note(
    `${after.toFixed(4)} bits per character with ${weights} weights, ${before.toFixed(4)} with the model's own (${cost < 0 ? '' : '+'}${cost.toFixed(4)}), on ${where}`,
  );
}

async function readText(
  model: Model,
  path: string,
  options: OptionsOf<typeof columnRows>,
  output: Output,
): Promise<MeasuredText> {
  const { text, vocabulary, config } = model;
  const plain = readingOf(options, text.unit, 'error', config.pairs);
  const hasColumns = config.pairs || plain.format !== 'lines';
  const reading = { ...plain, ...(hasColumns && columnsOf(model)) };
  const beside = conditionReader(reading, knownConditions(model));
  const { ids, starts } = await loadCorpus([path], {
    ...{ text, vocabulary, minCount: 1, reading, beside },
    coding: config.pairs ? codingOf(text) : undefined,
    onFolder: folderReporter(output),
    stdin: process.stdin,
  });
  return { ids, starts, given: beside?.finish().conditions };
}

async function bitsOf(model: Model, device: Device, { ids, ...text }: MeasuredText) {
  return (await evaluate(model, device, ids, text)).bitsPerCharacter;
}

async function pairBits(model: Model, device: Device, { ids, given }: MeasuredText) {
  const marks = requireMarks(model.vocabulary);
  const { pairs } = reportPairs(findPairs(ids, marks, given), 'the text', undefined);
  const search = searchSettings({}, false);
  return (await evaluatePairs(model, device, ids, pairs, marks, search)).loss / Math.LN2;
}

async function ownText(model: Model, device: Device): Promise<Ids> {
  const text = await sampleText(model, device, { seed: 1, length: ownCharacters });
  return model.vocabulary.encode(text).ids;
}
