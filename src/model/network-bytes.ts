/** What a network takes of memory: asked for before any of it is taken. */
import { cellOf } from './cells/cells.js';
import type { ModelConfig } from './model-config.js';
import { parameterTable } from './parameters.js';

/**
 * Bytes of a network that only predicts, about: packed weights, activations and a state. The weights
 * themselves are not among them.
 * @param maxRows largest T·B
 * @param maxBatch largest B
 */
export function networkBytes(config: ModelConfig, maxRows: number, maxBatch: number): number {
  const { flatSize } = parameterTable(config);
  const { layers: L, hidden: H, vocabulary: V } = config;
  const { keptWidth, states } = cellOf(config);
  const activations = maxRows * ((L * keptWidth + 1) * H + V);
  return 4 * (flatSize + activations + maxBatch * L * states.length * H);
}

/** Bytes of a network that learns from the text that it reads, its weights, gradients and moments included. */
export function learningBytes(config: ModelConfig, maxRows: number): number {
  const { flatSize } = parameterTable(config);
  // weights now and as they were trained, gradients, and two moments
  return 4 * 5 * flatSize + 2 * networkBytes(config, maxRows, 1);
}
