/** The model that a command is to use: the best of a training, or its latest. */
import { readModel } from '../checkpoint/model-file.js';
import { readLastModel, statePath } from '../checkpoint/state-file.js';
import { defaults } from '../cli/options/defaults.js';
import type { Model } from '../model/model.js';

/**
 * @param raw.last the weights in the training state beside the model, instead of the model's
 * @throws CharnnError when the file is missing or damaged
 */
export function readChosenModel(raw: {
  readonly model?: string;
  readonly last?: boolean;
}): Promise<Model> {
  const path = raw.model ?? defaults.output;
  return raw.last ? readLastModel(statePath(path)) : readModel(path);
}
