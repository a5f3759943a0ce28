/** The model that a command is to use: the best of a training, or its latest. */
import { readLatestModel } from '../../checkpoint/last-model.js';
import { readModel } from '../../checkpoint/model-file.js';
import type { Model } from '../../model/model-data.js';

/**
 * @param last whether to take the weights of the training state beside the model instead of the model's
 * @throws CharnnError when the file is missing or damaged
 */
export function readChosenModel(path: string, last = false): Promise<Model> {
  return last ? readLatestModel(path) : readModel(path);
}
