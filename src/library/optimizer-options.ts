/** The options of the optimiser, on which the speed of a training run depends. */
import { type OptionRow, withDefaults } from '../options/table.js';
import type { CommandTrainOptions } from '../train/schema/schema.js';
import { trainingRows } from '../train/schema/training-rows.js';
import type { OptimizerConfig } from '../train/train-config.js';

/** The optimiser's part of the configuration, on which the speed depends */
export function optimizerOf(options: CommandTrainOptions): OptimizerConfig {
  const rows = withDefaults(trainingRows, options);
  const own = Object.entries<OptionRow>(trainingRows).filter(([, { field }]) =>
    field?.startsWith('optimizer.'),
  );
  return Object.fromEntries(
    own.map(([key]) => [key, rows[key as keyof typeof rows]]),
  ) as unknown as OptimizerConfig;
}
