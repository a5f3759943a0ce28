/**
 * Gradients with factors rounded to bfloat16, against those of float64.
 *
 * A factor is off by at most 2^-9 of itself, evenly spread, so by u = 2^-9 / √3 in the root mean square. A product
 * of two has an error of √2 u. A gradient passes as many products as there are on the way from the loss to the
 * weight, and errors add up as independent ones do: after p products in a row √(2 p) u of what went through all of
 * them. The states on the way are off as well, by as many again. So a layer's gradient is expected to be off by
 * about √(4 p) u, where p is 1 for the output layer and 2 more for each layer and each step that matters:
 * here 3 layers of which gradients reach back some 4 steps, p < 1 + 2 · 3 + 2 · 4, and √(4 p) u < 0.0087. Where
 * the gradients of many steps cancel, what is left of them is off by more of itself, here by up to three times as
 * much, in the embedding of the vanilla RNN.
 */
import { describe, expect, test } from 'vitest';
import type { Precision } from '#charnn/backend/device.js';
import { cellNames } from '#charnn/model/cells/cells.js';
import { parameterTable } from '#charnn/model/parameters.js';
import { availableHalfBackends, referenceBackend, type SyncBackend } from '../backends.js';
import { smallNetwork } from './small-network.js';

const expectedError = 0.0087;
const [T, B] = [16, 8];

type Gradients = ReturnType<ReturnType<typeof smallNetwork>['takeGradients']>;

function gradientsOn(backend: SyncBackend, config: Parameters<typeof smallNetwork>[1]): Gradients {
  const { network, ids, takeGradients } = smallNetwork(backend, config, T * B, B, 0.3);
  const text = Array.from({ length: T * B + B }, (_, i) => (i * i * 7 + 3 * i) % config.vocabulary);
  network.forward(ids(text.slice(0, T * B)), T, B, network.createState(B));
  network.loss(ids(text.slice(B)), 1 / (T * B));
  network.backward();
  return takeGradients();
}

/** |a - b| / |b| of whole tensors */
function distance(a: readonly number[], b: readonly number[]): number {
  const norm = (x: readonly number[]) => Math.hypot(...x);
  return norm(a.map((x, i) => x - b[i])) / norm(b);
}

const kinds = [...cellNames.map((cell) => ({ cell })), { cell: 'lstm', layerNorm: true } as const];

describe.each(kinds)('%j', (kind) => {
  const config = { ...kind, layers: 3, hidden: 33, embedding: 17, vocabulary: 21 };
  const exact = gradientsOn(referenceBackend('float64'), config);
  const names = parameterTable(config).parameters.map(({ name }) => name);
  const half: Precision = 'bf16';
  const backends: readonly (readonly [string, () => SyncBackend])[] = [
    ['reference, float64', () => referenceBackend('float64', half)],
    ...availableHalfBackends,
  ];

  test.each(backends)('%s: every gradient is off by rounding, and by no more', (_, make) => {
    const computed = gradientsOn(make(), config);
    for (const name of names) {
      const [a, b] = [computed.get(name), exact.get(name)];
      if (a === undefined || b === undefined) throw new Error(`${name} has no gradient`);
      const error = distance(a, b);
      expect(error, name).toBeLessThan(4 * expectedError);
      // what was not rounded at all would show here
      expect(error, name).toBeGreaterThan(expectedError / 100);
    }
  });
});
