/** What a record begins with: the model's state after a prompt, or before any text. */
import type { Backend, Tensor } from '../backend/backend.js';
import { networkOf } from '../model/load.js';
import type { Model } from '../model/model-data.js';
import type { Network, State } from '../model/network.js';
import { textBeginning } from '../text/documents.js';
import type { Beginning } from './batch.js';

/** Steps of a chunk in which a prompt is read */
export const promptSteps = 256;

/** The state before the prompt's last character, which every record reads itself. */
export function readPrompt(
  model: Model,
  backend: Backend,
  weights: Tensor,
  prompt: ArrayLike<number>,
): Beginning {
  const before = Math.max(0, prompt.length - 1);
  const maxRows = Math.max(1, Math.min(promptSteps, before));
  const network = networkOf(model.config, backend, weights, { maxRows, maxBatch: 1 });
  const state = network.createState(1);
  readIds(backend, network, state, prompt, before);
  return { state, id: prompt.length > 0 ? prompt[before] : textBeginning(model.vocabulary) };
}

/**
 * Reads the first `count` ids into a state.
 * @param network of `promptSteps` rows, or of as many as there are ids
 * @param state [1, H] a layer and state
 */
export function readIds(
  backend: Backend,
  network: Network,
  state: State,
  ids: ArrayLike<number>,
  count: number,
): void {
  if (count === 0) return;
  const memory = backend.indices(Math.min(promptSteps, count));
  for (let from = 0; from < count; from += promptSteps) {
    const steps = Math.min(promptSteps, count - from);
    const chunk = backend.viewIndices(memory, 0, steps);
    backend.writeIndices(
      chunk,
      Int32Array.from({ length: steps }, (_, t) => ids[from + t]),
    );
    network.forward(chunk, steps, 1, state);
  }
}
