/**
 * The schema of a training run, with one row per option. From it are derived the types `TrainOptions` and
 * `TrainConfig`, the parser and the help of `charnn train`, the table in README.md, the defaults, the checks of what a
 * program passes or a file contains, and the rule for what may change when a training run is resumed.
 */
import type { OptionRow, OptionsOf, OptionTable } from '../../options/table.js';
import { fileRows, lengthRows, outputRows } from './call-rows.js';
import { modelRows, sizeRows } from './model-rows.js';
import { readRows, recordRows, sideRows, sourceRows, textRows } from './text-rows.js';
import { trainingRows } from './training-rows.js';

export const schema = {
  ...sizeRows,
  ...modelRows,
  ...textRows,
  ...sideRows,
  ...readRows,
  ...recordRows,
  ...sourceRows,
  ...lengthRows,
  ...trainingRows,
  ...fileRows,
  ...outputRows,
} as const satisfies OptionTable;

type Schema = typeof schema;
type InternalKey = {
  [Key in keyof Schema]: Schema[Key] extends { readonly internal: true } ? Key : never;
}[keyof Schema];

/** Options of `charnn train` as given; an absent one has its default, or is picked by the preset. */
export type CommandTrainOptions = Omit<OptionsOf<Schema>, InternalKey>;

/** Options of a training run, for programs */
export type TrainOptions = Omit<CommandTrainOptions, keyof typeof outputRows>;

/** The order of topics in help */
const topics = ['Model', 'Text', 'Training', 'Length', 'Files', 'Run'];

/** The rows of the schema for the options that `charnn train` has, topic by topic */
export const commandRows = Object.fromEntries(
  topics.flatMap((title) =>
    Object.entries<OptionRow>(schema).filter(
      ([, { topic, internal }]) => topic === title && !internal,
    ),
  ),
) as Omit<Schema, InternalKey>;
