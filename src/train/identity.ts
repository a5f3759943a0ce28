/** Which training a model and a training state belong to. */
import { createHash } from 'node:crypto';
import type { ModelConfig } from '../model/config.js';
import type { TrainConfig } from './config.js';

/**
 * A name that equal trainings share and others do not: a hash of all that decides on their course. What
 * may change when a training is resumed is not part of it.
 * @param initialWeights flat, as in the parameter table
 */
export function trainingId(
  model: ModelConfig,
  config: TrainConfig,
  provenance: Readonly<Record<string, unknown>>,
  initialWeights: Float32Array,
): string {
  const {
    length,
    evalEvery,
    earlyStop,
    targetLoss,
    keep,
    divergence,
    threads,
    backend,
    ...decisive
  } = config;
  return createHash('sha256')
    .update(JSON.stringify([model, decisive, provenance]))
    .update(initialWeights)
    .digest('hex')
    .slice(0, 16);
}
