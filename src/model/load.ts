import type { Backend, Tensor } from '../backend/backend.js';
import { requireMemory } from '../machine/memory.js';
import type { ModelConfig } from './model-config.js';
import type { StoredModel } from './model-data.js';
import { Network } from './network.js';
import { networkBytes } from './network-bytes.js';
import { inMemory } from './number-list.js';
import { ParameterTensors, parameterTable } from './parameters.js';

/** The largest size of a forward pass: number of rows in all its steps (T·B), and in a single step (B) */
interface ForwardCapacity {
  readonly maxRows: number;
  readonly maxBatch: number;
  /** Whether `forward` will be called with rows whose state becomes zero where a document begins */
  readonly documents?: boolean;
}

/** Number of weights that are read at once */
const pieceLength = 1 << 16;

/** Builds a network for a model, ready to predict; its weights are frozen. */
export function loadNetwork(
  model: Pick<StoredModel, 'config' | 'weights'>,
  backend: Backend,
  capacity: ForwardCapacity,
): Network {
  return networkOf(model.config, backend, loadWeights(model, backend), capacity);
}

/** A model's parameters in the flat order of the parameter table, as a tensor that threads can share. */
export function loadWeights(
  { config, weights }: Pick<StoredModel, 'config' | 'weights'>,
  backend: Backend,
): Tensor {
  const flat = backend.tensor([parameterTable(config).flatSize]);
  // weights that are not in memory are read piece by piece, so that they are never in memory as a whole
  const piece = weights instanceof Float32Array ? flat.size : pieceLength;
  for (let start = 0; start < flat.size; start += piece) {
    const length = Math.min(piece, flat.size - start);
    const values = inMemory(weights.subarray(start, start + length));
    backend.write(backend.view(flat, start, [length]), values);
  }
  return flat;
}

/**
 * Builds a network that is ready to predict, with weights that will not change.
 * @param flat all parameters in the flat order of the parameter table
 * @throws CharnnError when memory does not suffice
 */
export function networkOf(
  config: ModelConfig,
  backend: Backend,
  flat: Tensor,
  capacity: ForwardCapacity,
): Network {
  const { maxRows, maxBatch } = capacity;
  requireMemory(networkBytes(config, maxRows, maxBatch), 'this model at work');
  const weights = new ParameterTensors(backend, parameterTable(config), flat);
  const network = new Network(backend, config, weights, undefined, {
    ...capacity,
    training: false,
    dropout: false,
    weightDrop: false,
  });
  network.freeze();
  return network;
}
