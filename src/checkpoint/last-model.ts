/** The latest model of a training, from the state beside its best one. */
import type { Model } from '../model/model-data.js';
import { readModel } from './model-file.js';
import { readLastModel, statePath } from './state-file.js';

/**
 * The latest weights, from the training state; the counts, of which a state has none, are the best model's.
 * @param path of the model
 * @throws CharnnError when the state is missing or damaged
 */
export async function readLatestModel(path: string): Promise<Model> {
  const latest = await readLastModel(statePath(path));
  if (!latest.training?.counts) return latest;
  const best = await readModel(path).catch(() => undefined);
  const isSame = best?.training?.id === latest.training.id;
  return { ...latest, ...(isSame && best?.counts && { counts: best.counts }) };
}
