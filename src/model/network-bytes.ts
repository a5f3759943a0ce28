/** Estimates the memory of a network, so that it can be refused before any of it is allocated. */
import { cellOf } from './cells/cells.js';
import type { ModelConfig } from './model-config.js';
import { parameterTable } from './parameters.js';

/**
 * Estimated bytes of a network that only predicts: packed weights, activations and a state, but not the weights
 * themselves.
 * @param maxRows max number of rows in a chunk (T·B)
 * @param maxBatch max number of rows in a step (B)
 */
export function networkBytes(config: ModelConfig, maxRows: number, maxBatch: number): number {
  const { flatSize } = parameterTable(config);
  const { layers: L, hidden: H, vocabulary: V } = config;
  const { keptWidth, states } = cellOf(config);
  const activations = maxRows * ((L * keptWidth + 1) * H + V);
  return 4 * (flatSize + activations + maxBatch * L * states.length * H);
}

/** Estimated bytes of a network that learns from the text it reads, including weights, gradients and moments. */
export function learningBytes(config: ModelConfig, maxRows: number): number {
  const { flatSize } = parameterTable(config);
  // five numbers for each parameter: the current weight, the original weight, the gradient, and two moments of the
  // optimiser
  return 4 * 5 * flatSize + 2 * networkBytes(config, maxRows, 1);
}
