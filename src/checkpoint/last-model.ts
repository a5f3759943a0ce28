/** Reads the latest model of a training run, from the state beside its best model. */
import type { Model } from '../model/model-data.js';
import { readAnyModel } from './model-file.js';
import { readLastModel, statePath } from './state-file.js';

/**
 * Reads the latest weights from the training state. A state has no fitted mixing weights, so the n-gram counts of the
 * best model are used, with its mixing weights.
 * @param path of the model
 * @throws CharnnError when the state is missing or damaged
 */
export async function readLatestModel(path: string): Promise<Model> {
  const latest = await readLastModel(statePath(path));
  if (!latest.training?.counts) return latest;
  const best = await readAnyModel(path).catch(() => undefined);
  const isSame = best?.training?.id === latest.training.id;
  return { ...latest, ...(isSame && best?.counts && { counts: best.counts }) };
}
