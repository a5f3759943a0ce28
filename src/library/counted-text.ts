/** Decides before a training run begins whether the n-grams of its text are counted, and with which contexts. */

import { usualContext } from '../counts/count-text.js';
import { heldLength } from '../counts/count-training.js';
import { mergeTables } from '../counts/merge-tables.js';
import { maxContextFor } from '../counts/ngram-layout.js';
import type { NgramTable } from '../counts/ngram-table.js';
import { CharnnError, optionName } from '../errors.js';
import type { Model } from '../model/model-data.js';
import type { TrainingText } from '../train/job.js';
import type { Messages } from './messages.js';
import type { FileStarts } from './records.js';

/**
 * Min number of characters of a text whose n-grams are counted. A shorter text would have too short a part to hold out
 * for fitting the weights of the counts.
 */
const leastCounted = 5000;

/**
 * The length of the longest context to count.
 * @param asked the option's value; if absent, the length is that of the n-gram counts of the model to start from, or
 * else depends on the text
 * @returns undefined if nothing is counted
 * @throws CharnnError if the n-gram counts of the model to start from have contexts of another length
 */
export function countedContext(
  asked: number | 'auto' | undefined,
  { train, vocabulary }: TrainingText,
  initFrom: Model | undefined,
  messages: Messages,
): number | undefined {
  const most = maxContextFor(vocabulary.size);
  const given = initFrom?.counts?.table.context;
  const wanted = asked ?? given ?? 'auto';
  if (wanted === 0) return undefined;
  if (given !== undefined && given > most) {
    messages.warn(
      `the n-gram counts of the given model are not used: their contexts have ${given} characters, but with a vocabulary of ${vocabulary.size} at most ${most} are possible`,
    );
  } else if (given !== undefined) {
    if (wanted === 'auto' || wanted === given) return given;
    throw new CharnnError(
      `the counts of the given model have contexts of ${given} characters: give ${optionName('counts', `${given}`)}, or ${optionName('counts', '0')} to train without counts`,
    );
  }
  if (wanted === 'auto') {
    if (train.length < leastCounted) return undefined;
    const picked = usualContext(train.length, vocabulary.size);
    messages.note(
      `mixing n-gram counts, with contexts of up to ${picked} characters, into the network's predictions; ${optionName('counts', '0')} turns this off`,
    );
    return picked;
  }
  if (wanted <= most) return wanted;
  messages.warn(
    `with ${vocabulary.size} different characters, contexts have at most ${most} characters, not ${wanted}`,
  );
  return most;
}

/**
 * The training text without its beginning. That is held out: the weights of the n-gram counts are fitted on it, and the
 * network does not learn from it.
 */
export function withHeldOut(corpus: TrainingText, context: number | undefined): TrainingText {
  if (context === undefined) return corpus;
  const { train, vocabulary } = corpus;
  const held = heldLength(train.length, vocabulary.size);
  return { ...corpus, train: train.subarray(held), counted: train };
}

/**
 * Where files begin in the training text without the beginning that is held out for the weights of the n-gram counts.
 */
export function startsIn({ train, counted }: TrainingText, starts: FileStarts): FileStarts {
  const held = counted === undefined ? 0 : counted.length - train.length;
  return { ...starts, train: starts.train.map((at) => Math.max(0, at - held)) };
}

/** The n-gram counts of a model to start from, converted to ids of another vocabulary. */
export function countsIn(
  model: Model | undefined,
  { vocabulary }: TrainingText,
  context: number | undefined,
): NgramTable | undefined {
  const table = model?.counts?.table;
  if (model === undefined || table === undefined || table.context !== context) return undefined;
  // for each id of the model's vocabulary, the id of the same character in the new one
  const renumbered = model.vocabulary.mapFrom(vocabulary);
  return mergeTables([{ table, renumbered }], vocabulary.size);
}
