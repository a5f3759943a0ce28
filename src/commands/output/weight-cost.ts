/** Reports how much the format of a page's weights increases the loss. */
import type { Device } from '../../backend/device.js';
import { grouped, type Output } from '../../cli/output.js';
import { searchSettings } from '../../convert/convert-rows.js';
import { evaluatePairs } from '../../convert/evaluate-pairs.js';
import { evaluate } from '../../evaluate/evaluate.js';
import { requireMarks } from '../../library/paired-text.js';
import { folderReporter, readingOf } from '../../library/text-reading.js';
import { quote } from '../../messages/quote.js';
import type { Model } from '../../model/model-data.js';
import { findPairs } from '../../model/pairs/pair-table.js';
import { modelOf, type PublishedModel } from '../../published/published-model.js';
import { sampleText } from '../../sample/sample-text.js';
import { loadCorpus } from '../../text/load-corpus.js';
import type { Ids } from '../../text/unit.js';

/** Number of characters that the model writes for the measurement */
const ownCharacters = 10_000;

/**
 * Measures the model's loss with the weights that the page contains and with its own weights, and reports both.
 * @param path the text to measure on; by default the model writes one
 */
export async function reportCost(
  model: Model,
  published: PublishedModel,
  device: Device,
  path: string | undefined,
  output: Output,
): Promise<void> {
  const { pairs } = model.config;
  if (path === undefined && pairs) {
    return output.note(
      'to measure how much accuracy the weights lose, give a file of pairs with --eval',
    );
  }
  const corpus =
    path === undefined
      ? undefined
      : await loadCorpus([path], {
          ...{ text: model.text, vocabulary: model.vocabulary, minCount: 1 },
          reading: readingOf({}, model.text.unit),
          onFolder: folderReporter(output),
          stdin: process.stdin,
        });
  const ids = corpus?.ids ?? (await ownText(model, device));
  const held = modelOf(published);
  const full = { ...model, counts: held.counts };
  const loss = async (of: Model) =>
    pairs ? pairLoss(of, device, ids) : bitsOf(of, device, ids, corpus?.starts ?? []);
  const [before, after] = [await loss(full), await loss(held)];
  const where =
    path === undefined
      ? `${grouped(ids.length)} characters that the model has written (give --eval FILE to measure on a text)`
      : quote(path);
  const cost = after - before;
  const { weights } = published.head;
  output.note(
    `${after.toFixed(4)} bits per character with ${weights} weights, ${before.toFixed(4)} with the model's own (${cost < 0 ? '' : '+'}${cost.toFixed(4)}), on ${where}`,
  );
}

async function bitsOf(
  model: Model,
  device: Device,
  ids: Ids,
  starts: readonly number[],
): Promise<number> {
  return (await evaluate(model, device, ids, { starts })).bitsPerCharacter;
}

async function pairLoss(model: Model, device: Device, ids: Ids): Promise<number> {
  const marks = requireMarks(model.vocabulary);
  const { pairs } = findPairs(ids, marks);
  return (
    (await evaluatePairs(model, device, ids, pairs, marks, searchSettings({}, false))).loss /
    Math.LN2
  );
}

async function ownText(model: Model, device: Device): Promise<Ids> {
  const text = await sampleText(model, device, { seed: 1, length: ownCharacters });
  return model.vocabulary.encode(text).ids;
}
