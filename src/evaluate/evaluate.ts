/** How well a model predicts a text. */
import type { Backend } from '../backend/backend.js';
import { CharnnError } from '../errors.js';
import { loadNetwork } from '../model/load.js';
import type { Model } from '../model/model.js';
import { segmentText, TextLoss } from '../model/text-loss.js';
import type { Ids } from '../text/unit.js';

export interface Evaluation {
  /** Characters predicted: all but the first */
  readonly characters: number;
  /** Mean loss of a character */
  readonly nats: number;
  readonly bitsPerCharacter: number;
  /** e^nats */
  readonly perplexity: number;
}

/** Steps of a chunk */
const seqLength = 64;

/**
 * Evaluates a text, statefully.
 * @param ids the text in the model's vocabulary
 * @throws CharnnError when the text has fewer than two characters
 */
export function evaluate(model: Model, backend: Backend, ids: Ids): Evaluation {
  const characters = ids.length - 1;
  if (characters < 1) {
    throw new CharnnError('the text is too short to evaluate: it must have at least 2 characters');
  }
  const segments = segmentText(ids.length);
  const capacity = { maxRows: seqLength * segments.count, maxBatch: segments.count };
  const network = loadNetwork(model, backend, capacity);
  const reader = new TextLoss(backend, network, 0, segments.count, seqLength);
  const nats = reader.total(ids, segments) / characters;
  return {
    characters,
    nats,
    bitsPerCharacter: nats / Math.LN2,
    perplexity: Math.exp(nats),
  };
}
