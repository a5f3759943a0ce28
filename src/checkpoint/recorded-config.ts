/**
 * Reads the configuration of a training run from a file, and checks every value against the option's row in the schema.
 * An option that is newer than the file is missing from it and gets its default.
 */

import type { Fields } from '../json/fields.js';
import { defaultOf, type OptionTable } from '../options/table.js';
import { count, positive } from '../options/types.js';
import { trainingRows } from '../train/schema/training-rows.js';
import type { TrainConfig, TrainLength } from '../train/train-config.js';

/**
 * Reads a configuration, and checks every field of it against the option's row in the schema.
 * @throws CharnnError naming the field that is wrong
 */
export function readTrainConfig(fields: Fields): TrainConfig {
  const config = readRows(trainingRows, fields);
  return { ...config, length: readLength(fields.fields('length')) } as TrainConfig;
}

/** Reads a field for each option in a table of options. */
export function readRows(table: OptionTable, fields: Fields): Record<string, unknown> {
  const values: Record<string, unknown> = {};
  for (const key of Object.keys(table)) values[key] = readRow(table, key, fields);
  return values;
}

/**
 * Reads the field of one option.
 * @throws CharnnError naming the field if the option does not allow its value
 */
function readRow(table: OptionTable, key: string, fields: Fields): unknown {
  const row = table[key];
  const [field, group] = (row.field ?? key).split('.').reverse();
  const isNew = row.since !== undefined || row.optional === true;
  if (group !== undefined && isNew && fields.get(group) === undefined) {
    return defaultOf(table, key, {});
  }
  const holder = group === undefined ? fields : fields.fields(group);
  const value = holder.get(field);
  if (value === undefined && isNew) return defaultOf(table, key, {});
  return row.type.accepts(value) ? value : holder.fail(field, row.type.expected);
}

function readLength(fields: Fields): TrainLength {
  const kind = fields.oneOf('kind', ['steps', 'epochs', 'seconds']);
  const type = kind === 'steps' ? count : positive;
  const value = fields.get(kind);
  if (!type.accepts(value)) fields.fail(kind, type.expected);
  return { kind, [kind]: value } as TrainLength;
}
