/** Agreement with an independent implementation; the numbers come from fixtures/pytorch.py. */
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import type { CellName } from '#charnn/model/model-config.js';
import { availableBackends } from '../backends.js';
import { smallNetwork } from './small-network.js';

interface Fixture {
  readonly V: number;
  readonly D: number;
  readonly H: number;
  readonly L: number;
  readonly T: number;
  readonly B: number;
  readonly cases: readonly {
    readonly cell: CellName;
    readonly residual?: boolean;
    readonly layerNorm?: boolean;
    readonly chunks: readonly {
      readonly loss: number;
      readonly gradients: Readonly<Record<string, readonly number[]>>;
    }[];
  }[];
}

const file = new URL('../fixtures/pytorch.json', import.meta.url);
const fixture: Fixture = JSON.parse(readFileSync(file, 'utf8'));
const { V, D, H, L, T, B } = fixture;

/** [T, B], as in the script */
function scatter(chunk: number, shift: number): number[] {
  return Array.from({ length: T * B }, (_, i) => {
    const [t, b] = [Math.floor(i / B), i % B];
    return (5 * (chunk * T + t + shift) + 3 * b + t * b) % V;
  });
}

describe.each(availableBackends)('%s', (_, makeBackend) => {
  test.each(fixture.cases)(
    'loss and gradients of two layers with carried state agree with PyTorch to 1e-5: $cell residual $residual, layer norm $layerNorm',
    ({ chunks, ...variant }) => {
      const config = { ...variant, layers: L, hidden: H, embedding: D, vocabulary: V };
      const { network, backend, ids, takeGradients } = smallNetwork(
        makeBackend(),
        config,
        T * B,
        B,
      );
      const state = network.createState(B);
      chunks.forEach((expected, chunk) => {
        network.forward(ids(scatter(chunk, 0)), T, B, state);
        const loss = backend.sum(network.loss(ids(scatter(chunk, 1)), 1 / (T * B))) / (T * B);
        network.backward();
        expect(Math.abs(loss - expected.loss)).toBeLessThan(1e-5);
        const gradients = takeGradients();
        expect([...gradients.keys()]).toEqual(Object.keys(expected.gradients));
        for (const [name, values] of Object.entries(expected.gradients)) {
          const computed = gradients.get(name) ?? [];
          const largest = Math.max(...values.map(Math.abs));
          values.forEach((value, i) => {
            expect(Math.abs(computed[i] - value) / largest, `${name}[${i}]`).toBeLessThan(1e-5);
          });
        }
      });
    },
  );
});
