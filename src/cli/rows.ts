/** Options that several commands have. */
import { flag, type OptionRow, option } from '../options/table.js';
import { modelFile, path } from '../options/types.js';
import { schema } from '../train/schema/schema.js';
import { predictingPrecision, runningPrecision } from '../train/schema/training-rows.js';

export const model = option('<file>', modelFile, 'the model', {
  short: 'm',
  default: 'charnn.json',
  environment: 'CHARNN_MODEL',
});
export const last = flag(
  'use the latest weights of the training, from its state file, instead of the best model',
);
export const backend = plain(schema.backend);
export const precision = runningPrecision;
export const predictionPrecision = predictingPrecision;
export const threads = { ...plain(schema.threads), absent: 'usable cores' };
export const force = plain(schema.force);
export const plainWeights = plain(schema.plainWeights);
export const json = flag('print machine-readable JSON');
export const quiet = flag('print no progress and no notes, only results, warnings and errors', {
  short: 'q',
});
export const debug = flag('print the stack trace of an error');
export const page = option('<file>', path, 'write a self-contained HTML page', { short: 'o' });

/** Options for the cell and the sizes of a network that is not trained; the given sizes are the defaults */
export function shape<Sizes extends Readonly<Record<'layers' | 'hidden' | 'embedding', number>>>(
  sizes: Sizes,
) {
  const { cell, layers, hidden, embedding, residual, layerNorm } = schema;
  return {
    cell: plain(cell),
    layers: { ...plain(layers), default: sizes.layers },
    hidden: { ...plain(hidden), default: sizes.hidden },
    embedding: { ...plain(embedding), default: sizes.embedding },
    residual: plain(residual),
    layerNorm: plain(layerNorm),
  };
}

/**
 * Returns the definition of a training option for use in another command: without its section of the help, and without
 * the texts about how training picks or changes its value.
 */
function plain<Row extends OptionRow>(row: Row): Omit<Row, 'topic' | 'absent' | 'negation'> {
  const { topic: _, absent: __, negation: ___, ...rest } = row;
  return rest;
}
