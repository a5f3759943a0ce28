/** The id of a training run, which its models and its states record. */
import { createHash } from 'node:crypto';
import type { ModelConfig } from '../../model/model-config.js';
import type { OptionTable } from '../../options/table.js';
import { configRecord } from '../schema/record.js';
import { trainingRows } from '../schema/training-rows.js';
import type { TrainConfig } from '../train-config.js';

/**
 * Computes an id that is the same for equal training runs and different for others: a hash of everything that
 * determines the course of a training run. Options that may change when it is resumed are not part of the hash.
 * @param initialWeights the flat list of the parameter table, in pieces
 */
export function trainingId(
  model: ModelConfig,
  config: TrainConfig,
  provenance: Readonly<Record<string, unknown>>,
  initialWeights: Iterable<Float32Array>,
): string {
  const decisive = Object.fromEntries(
    Object.entries(config).filter(([key]) => isDecisive(key)),
  ) as unknown as TrainConfig;
  const { length: _, ...recorded } = configRecord(decisive);
  const hash = createHash('sha256').update(JSON.stringify([model, recorded, provenance]));
  for (const piece of initialWeights) hash.update(piece);
  return hash.digest('hex').slice(0, 16);
}

/**
 * Whether an option is part of the id; options that may change when a training run is resumed are not, nor is the
 * validation interval.
 */
function isDecisive(key: string): boolean {
  const row = (trainingRows as OptionTable)[key];
  return row !== undefined && row.resume !== true && key !== 'evalEvery';
}
