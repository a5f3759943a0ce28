/** What of a training text is counted, and how: settled before a training begins. */

import { usualContext } from '../counts/count-text.js';
import { heldLength } from '../counts/count-training.js';
import { mergeTables } from '../counts/merge-tables.js';
import { maxContextFor } from '../counts/ngram-runs.js';
import type { NgramTable } from '../counts/ngram-table.js';
import { CharnnError, optionName } from '../errors.js';
import type { Model } from '../model/model-data.js';
import type { TrainingText } from '../train/job.js';
import type { Messages } from './messages.js';
import type { FileStarts } from './records.js';

/** Of a shorter text what is held out is too little to fit weights on. */
const leastCounted = 5000;

/**
 * The longest context that is counted.
 * @param asked by the option; absent: as the given model has it, else by the text
 * @returns undefined for none
 * @throws CharnnError where the given model's counts have other contexts
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
      `the n-gram counts of the given model are not used: their contexts have ${given} characters, and with a vocabulary of ${vocabulary.size} at most ${most} are possible`,
    );
  } else if (given !== undefined) {
    if (wanted === 'auto' || wanted === given) return given;
    throw new CharnnError(
      `the counts of the given model have contexts of ${given} characters: give ${optionName('counts', `${given}`)}, or ${optionName('counts', '0')} to do without them`,
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

/** The text with its beginning held out, on which the weights of the counts are fitted; the network does not learn it. */
export function withHeldOut(corpus: TrainingText, context: number | undefined): TrainingText {
  if (context === undefined) return corpus;
  const { train, vocabulary } = corpus;
  const held = heldLength(train.length, vocabulary.size);
  return { ...corpus, train: train.subarray(held), counted: train };
}

/** Where files begin in a text that may have been shortened so. */
export function startsIn({ train, counted }: TrainingText, starts: FileStarts): FileStarts {
  const held = counted === undefined ? 0 : counted.length - train.length;
  return { ...starts, train: starts.train.map((at) => Math.max(0, at - held)) };
}

/** The counts of a model to start from, in ids of another vocabulary. */
export function countsIn(
  model: Model | undefined,
  { vocabulary }: TrainingText,
  context: number | undefined,
): NgramTable | undefined {
  const table = model?.counts?.table;
  if (model === undefined || table === undefined || table.context !== context) return undefined;
  // of each of its ids the new one
  const renumbered = model.vocabulary.mapFrom(vocabulary);
  return mergeTables([{ table, renumbered }], vocabulary.size);
}
