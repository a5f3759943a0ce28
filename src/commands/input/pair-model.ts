/** Reads the model for a command that needs one trained on pairs. */
import { CharnnError } from '../../errors.js';
import { quote } from '../../messages/quote.js';
import type { Model } from '../../model/model-data.js';
import { readAnyChosenModel } from './chosen-model.js';

/** @throws CharnnError when the file is missing or damaged, or for a model of texts */
export async function readPairModel(path: string, last: boolean | undefined): Promise<Model> {
  const model = await readAnyChosenModel(path, last);
  if (model.config.pairs) return model;
  throw new CharnnError(
    `${quote(path)} was trained on a text, not on pairs: train a model of pairs with charnn train --pairs`,
  );
}
