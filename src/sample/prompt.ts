/** What a record begins with: the model's state after a prompt, or before any text. */
import type { Backend, Tensor } from '../backend/backend.js';
import { networkOf } from '../model/load.js';
import type { Model } from '../model/model.js';
import type { Vocabulary } from '../text/vocabulary.js';
import type { Beginning } from './batch.js';

/** Steps of a chunk in which the prompt is read */
const promptSteps = 256;

/** The state before the prompt's last character, which every record reads itself. */
export function readPrompt(
  model: Model,
  backend: Backend,
  weights: Tensor,
  prompt: ArrayLike<number>,
): Beginning {
  const before = Math.max(0, prompt.length - 1);
  const T = Math.max(1, Math.min(promptSteps, before));
  const network = networkOf(model.config, backend, weights, { maxRows: T, maxBatch: 1 });
  const state = network.createState(1);
  const memory = backend.indices(T);
  for (let from = 0; from < before; from += T) {
    const steps = Math.min(T, before - from);
    const ids = backend.viewIndices(memory, 0, steps);
    backend.writeIndices(
      ids,
      Int32Array.from({ length: steps }, (_, t) => prompt[from + t]),
    );
    network.forward(ids, steps, 1, state);
  }
  return { state, id: prompt.length > 0 ? prompt[before] : textBeginning(model.vocabulary) };
}

/** What stands before a text that has no prompt: a line's end, or else the first character. */
export function textBeginning(vocabulary: Vocabulary): number {
  const newline = vocabulary.id(0x0a);
  return newline === vocabulary.unknownId ? 0 : newline;
}
