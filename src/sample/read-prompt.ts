/** Reads a prompt, which records begin with. */
import type { Backend, Tensor } from '../backend/backend.js';
import { networkOf } from '../model/load.js';
import type { Model } from '../model/model-data.js';
import { emptyPlace, Predictor, readingSteps } from '../predict/predictor.js';
import { textBeginning } from '../text/documents.js';
import type { Beginning } from './batch.js';

/**
 * Reads all of a prompt but its last character, which every record reads itself; without a prompt records begin before
 * any text.
 * @param share factor of the weight of the model's counts
 */
export function readPrompt(
  model: Model,
  backend: Backend,
  weights: Tensor,
  prompt: ArrayLike<number>,
  share = 1,
): Beginning {
  const id = prompt.length > 0 ? prompt[prompt.length - 1] : textBeginning(model.vocabulary);
  const before = Math.max(0, prompt.length - 1);
  if (before === 0) return { place: emptyPlace(backend, model.config, 1, model.counts, share), id };
  const maxRows = Math.min(readingSteps, before);
  const network = networkOf(model.config, backend, weights, { maxRows, maxBatch: 1 });
  const predictor = new Predictor(backend, network, 1, model.counts, share);
  const place = predictor.createPlace(1);
  predictor.read(place, prompt, before);
  return { place, id };
}
