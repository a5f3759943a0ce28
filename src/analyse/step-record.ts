/** Reads a text step by step and records every gate and every part of the state of every unit. */
import type { Backend, Tensor } from '../backend/backend.js';
import { type Scope, withScope } from '../backend/device.js';
import { cellOf } from '../model/cells/cells.js';
import { loadNetwork } from '../model/load.js';
import type { ModelConfig } from '../model/model-config.js';
import type { Model } from '../model/model-data.js';
import type { Ids } from '../text/unit.js';

/** The recorded values of one layer, by quantity */
export type LayerRecord = readonly Float32Array[];

export interface StepRecord {
  /** Names of the recorded quantities: the gates in the cell's order, then the parts of the state, such as h and c */
  readonly quantities: readonly string[];
  /** By layer and by quantity: [T, H], the values after each character */
  readonly layers: readonly LayerRecord[];
}

/** The names of the quantities that are recorded for a cell */
export function recordedQuantities(config: ModelConfig): string[] {
  const { gateNames, states } = cellOf(config);
  return [...gateNames.map(({ name }) => name), ...states];
}

/**
 * Reads a text from its beginning, one character at a time.
 * @param ids in the model's vocabulary
 * @param start value of every part of the state before the first character
 */
export function recordSteps(model: Model, device: Scope, ids: Ids, start = 0): Promise<StepRecord> {
  return withScope(device, async (backend) => {
    const { layers: L, hidden: H } = model.config;
    const quantities = recordedQuantities(model.config);
    const network = loadNetwork(model, backend, { maxRows: 1, maxBatch: 1 });
    const state = network.createState(1);
    if (start !== 0) for (const part of state.flat()) backend.fill(part, start);
    const input = backend.indices(1);
    const layers = Array.from({ length: L }, () =>
      quantities.map(() => new Float32Array(ids.length * H)),
    );
    for (let t = 0; t < ids.length; t++) {
      backend.writeIndices(input, Int32Array.of(ids[t]));
      network.forward(input, 1, 1, state);
      for (const [l, { gates }] of network.activations.entries()) {
        const values = [
          ...(await columns(backend, gates, H)),
          ...(await Promise.all(state[l].map((part) => backend.read(part)))),
        ];
        values.forEach((row, q) => {
          layers[l][q].set(row, t * H);
        });
      }
    }
    return { quantities, layers };
  });
}

/** The values of each gate of a single step, [H] each */
async function columns(
  backend: Backend,
  gates: readonly { readonly tensor: Tensor; readonly column: number }[],
  H: number,
) {
  const read = new Map<Tensor, Float32Array | Float64Array>();
  for (const { tensor } of gates) {
    if (!read.has(tensor)) read.set(tensor, (await backend.read(tensor)).slice());
  }
  return gates.map(({ tensor, column }) =>
    (read.get(tensor) as Float32Array).subarray(column * H, (column + 1) * H),
  );
}
