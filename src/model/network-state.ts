/** Operations on the state of a network, for some of its rows. */
import type { Backend } from '../backend/backend.js';
import { cellOf } from './cells/cells.js';
import type { ModelConfig } from './model-config.js';
import type { State } from './network.js';

/**
 * Allocates a state of zeros for B rows: the state before any text. It has the formats in which the layers keep it, so
 * that nothing is converted from step to step.
 */
export function createState(backend: Backend, config: ModelConfig, B: number): State {
  const { states, compactStates = [] } = cellOf(config);
  const shape = [B, config.hidden];
  return Array.from({ length: config.layers }, () =>
    states.map((name) =>
      compactStates.includes(name) ? backend.compact(shape) : backend.tensor(shape),
    ),
  );
}

/** A view of rows [first, first + count) of a state */
export function stateRows(backend: Backend, state: State, first: number, count: number): State {
  return state.map((layer) =>
    layer.map((s) => backend.view(s, first * s.shape[1], [count, s.shape[1]])),
  );
}

/** Copies a state to another one with as many rows; the two must not overlap. */
export function copyState(backend: Backend, to: State, from: State): void {
  to.forEach((layer, l) => {
    layer.forEach((s, k) => {
      backend.copy(s, from[l][k]);
    });
  });
}

/** Sets a state to zeros: the state before any text. */
export function clearState(backend: Backend, state: State): void {
  for (const layer of state) for (const s of layer) backend.fill(s, 0);
}
