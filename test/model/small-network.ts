/** Small networks for tests: built on any back end, weights from a formula, gradients by name. */
import type { Indices } from '#charnn/backend/backend.js';
import type { ModelConfig } from '#charnn/model/model-config.js';
import { Network } from '#charnn/model/network.js';
import { ParameterTensors, parameterTable } from '#charnn/model/parameters.js';
import type { SyncBackend } from '../backends.js';

export interface SmallNetwork {
  readonly network: Network;
  readonly backend: SyncBackend;
  ids(values: readonly number[]): Indices;
  /** Gradients as they have been added up since the last call. */
  takeGradients(): Map<string, number[]>;
}

/** sin(1 + 0.7 i) by i, kept because all networks of a file begin with the same */
const sines: number[] = [];

export function smallNetwork(
  backend: SyncBackend,
  config: ModelConfig,
  maxRows: number,
  maxBatch: number,
  /** Of the weights */
  amplitude = 0.6,
): SmallNetwork {
  const table = parameterTable(config);
  const flat = backend.tensor([table.flatSize]);
  const values = new Float64Array(table.flatSize);
  let index = 0;
  for (const { start, size } of table.parameters) {
    for (let i = 0; i < size; i++, index++) {
      sines[index] ??= Math.sin(1 + 0.7 * index);
      values[start + i] = sines[index] * amplitude;
    }
  }
  backend.write(flat, values);
  const gradientFlat = backend.tensor([table.flatSize]);
  const network = new Network(
    backend,
    config,
    new ParameterTensors(backend, table, flat),
    new ParameterTensors(backend, table, gradientFlat),
    { maxRows, maxBatch, training: true, dropout: false, weightDrop: false, documents: true },
  );
  return {
    network,
    backend,
    ids(list) {
      const indices = backend.indices(list.length);
      backend.writeIndices(indices, list);
      return indices;
    },
    takeGradients() {
      const all = Array.from(backend.read(gradientFlat));
      backend.fill(gradientFlat, 0);
      return new Map(
        table.parameters.map(({ name, start, size }) => [name, all.slice(start, start + size)]),
      );
    },
  };
}
