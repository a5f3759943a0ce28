/** The model that a command is to use: the best of a training, or its latest. */
import { readLatestModel } from '../../checkpoint/last-model.js';
import { readModel } from '../../checkpoint/model-file.js';
import { statePath } from '../../checkpoint/state-file.js';
import { CharnnError, optionName } from '../../errors.js';
import { quote } from '../../messages/quote.js';
import type { Model } from '../../model/model-data.js';

/**
 * @param last whether to take the weights of the training state beside the model instead of the model's
 * @throws CharnnError when the file is missing or damaged
 */
export async function readChosenModel(path: string, last = false): Promise<Model> {
  const file = last ? statePath(path) : path;
  try {
    return await (last ? readLatestModel(path) : readModel(path));
  } catch (error) {
    if (!isMissing(error)) throw error;
    throw new CharnnError(
      `no file ${quote(file)}: train a model with charnn train, or name one with ${optionName('model')}`,
      1,
      { cause: error },
    );
  }
}

function isMissing(error: unknown): boolean {
  const { code } = ((error as Error).cause ?? {}) as { readonly code?: unknown };
  return error instanceof CharnnError && code === 'ENOENT';
}
