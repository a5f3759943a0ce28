import type { Backend } from '../backend/backend.js';
import type { Model } from './model.js';
import { Network } from './network.js';
import { ParameterTensors, parameterTable } from './parameters.js';

/**
 * A model as a network that is ready to run, its weights frozen.
 * @param capacity largest T·B and largest B of a forward pass
 */
export function loadNetwork(
  model: Model,
  backend: Backend,
  capacity: { readonly maxRows: number; readonly maxBatch: number },
): Network {
  const table = parameterTable(model.config);
  const flat = backend.tensor([table.flatSize]);
  backend.write(flat, model.weights);
  const weights = new ParameterTensors(backend, table, flat);
  const network = new Network(backend, model.config, weights, undefined, {
    ...capacity,
    training: false,
    dropout: false,
    weightDrop: false,
  });
  network.freeze();
  return network;
}
