/** Reads the model that a command is to use: the best or the latest model of a training run. */
import { readLatestModel } from '../../checkpoint/last-model.js';
import { readAnyModel, requireTexts } from '../../checkpoint/model-file.js';
import { statePath } from '../../checkpoint/state-file.js';
import { CharnnError, optionName } from '../../errors.js';
import { withChosenLabels } from '../../library/label-choice.js';
import { quote } from '../../messages/quote.js';
import type { Model } from '../../model/model-data.js';

/**
 * Reads a model of texts.
 * @param labels those that are chosen for a model with labels, such as `author=Keats`
 * @param last whether to use the latest weights, from the training state beside the model
 * @throws CharnnError when the file is missing or damaged, or for a model trained on pairs
 */
export async function readChosenModel(
  path: string,
  labels: readonly string[] | undefined,
  last = false,
): Promise<Model> {
  const model = requireTexts(await readAnyChosenModel(path, last), path);
  return withChosenLabels(model, labels);
}

/**
 * Reads a model of texts or one trained on pairs.
 * @throws CharnnError as `readChosenModel` does
 */
export async function readAnyChosenModel(path: string, last = false): Promise<Model> {
  const file = last ? statePath(path) : path;
  try {
    return await (last ? readLatestModel(path) : readAnyModel(path));
  } catch (error) {
    if (!isMissing(error)) throw error;
    throw new CharnnError(
      `there is no file ${quote(file)}: train a model with charnn train, or name one with ${optionName('model')}`,
      1,
      { cause: error },
    );
  }
}

function isMissing(error: unknown): boolean {
  const { code } = ((error as Error).cause ?? {}) as { readonly code?: unknown };
  return error instanceof CharnnError && code === 'ENOENT';
}
