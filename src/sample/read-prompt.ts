/** Reads the prompt with which records begin. */
import type { Backend, Tensor } from '../backend/backend.js';
import { networkOf } from '../model/load.js';
import type { StoredModel } from '../model/model-data.js';
import { emptyPlace, type Place, Predictor, readingSteps } from '../predict/predictor.js';
import { textBeginning } from '../text/documents.js';
import type { Beginning } from './batch.js';
import { ownSeparator } from './record-ends.js';

/**
 * Reads a prompt except its last character, which every record reads itself; without a prompt, records begin before any
 * text.
 * @param share scales the weight of the model's n-gram counts
 */
export function readPrompt(
  model: StoredModel,
  backend: Backend,
  weights: Tensor,
  prompt: ArrayLike<number>,
  share = 1,
): Beginning {
  const id = prompt.length > 0 ? prompt[prompt.length - 1] : textBeginning(model.vocabulary);
  const before = Math.max(0, prompt.length - 1);
  if (before === 0) {
    const place = emptyPlace(backend, model.config, 1, model.counts, share);
    rememberSeparator(model, place, prompt.length > 0);
    return { place, id };
  }
  const maxRows = Math.min(readingSteps, before);
  const network = networkOf(model.config, backend, weights, { maxRows, maxBatch: 1 });
  const predictor = new Predictor(backend, network, 1, model.counts, share);
  const place = predictor.createPlace(1);
  rememberSeparator(model, place, true);
  predictor.read(place, prompt, before);
  return { place, id };
}

/**
 * Lets the n-gram counts know that a record begins. If a model has learned each record separately, the network
 * recognises a beginning by its zero state; the n-grams, which were counted in all records as one text, recognise it by
 * the separator.
 * @param isPrompted whether a prompt is read next; otherwise the character before any text is (`textBeginning`), and
 * takes the place of the separator's last character
 */
export function rememberSeparator(
  model: StoredModel,
  { histories }: Place,
  isPrompted: boolean,
): void {
  const [history] = histories ?? [];
  if (history === undefined || model.training?.documents !== true) return;
  for (const { ids } of ownSeparator(model)) {
    for (const id of isPrompted ? ids : ids.slice(0, -1)) history.push(id);
  }
}
