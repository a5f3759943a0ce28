/**
 * The configuration of a training run as files record it. Some fields are in an object of their kind (`optimizer`,
 * `schedule`, `clip`, `divergence`), as the rows of the schema say, so that files of every version have the same shape.
 */
import type { OptionRow } from '../../options/table.js';
import type { TrainConfig } from '../train-config.js';
import { trainingRows } from './training-rows.js';

type Nested = Record<string, unknown>;

/** Converts a configuration to the shape that files have. */
export function configRecord(config: TrainConfig): Nested {
  const record: Nested = {};
  for (const [key, row] of Object.entries<OptionRow>(trainingRows)) {
    const value = (config as unknown as Nested)[key];
    const [field, group] = (row.field ?? key).split('.').reverse();
    if (value === undefined) continue;
    if (group === undefined) record[field] = value;
    else record[group] = { ...(record[group] as Nested | undefined), [field]: value };
  }
  return { ...record, length: config.length };
}
