/** Documents within a chunk: as if each had been read by itself. */
import { describe, expect, test } from 'vitest';
import { cellNames, type ModelConfig } from '#charnn/model/model-config.js';
import { availableBackends, referenceBackend } from '../backends.js';
import { smallNetwork } from './small-network.js';

const [V, H, T, B] = [9, 17, 12, 3];
const inputs = Array.from({ length: T * B }, (_, i) => (i * i + 3 * i) % V);
const targets = Array.from({ length: T * B }, (_, i) => (i * i + 5 * i + 1) % V);
/** By row, the steps at which its documents begin */
const begins = [[0, 4, 5], [7], []];
const resets = [0, 4, 5, 7].map((t) => ({
  t,
  rows: begins.flatMap((steps, row) => (steps.includes(t) ? [row] : [])),
}));
const kinds: readonly Partial<ModelConfig>[] = [
  ...cellNames.map((cell) => ({ cell })),
  { cell: 'lstm', layerNorm: true, residual: true },
];
const config = (kind: Partial<ModelConfig>): ModelConfig => ({
  cell: 'lstm',
  ...kind,
  layers: 2,
  hidden: H,
  embedding: 5,
  vocabulary: V,
});

/** The documents one by one: row, first step, step after the last */
const documents = begins.flatMap((steps, row) => {
  const edges = [...new Set([0, ...steps, T])];
  return edges.slice(1).map((to, i) => [row, edges[i], to] as const);
});
const part = (list: readonly number[], row: number, from: number, to: number) =>
  Array.from({ length: to - from }, (_, i) => list[(from + i) * B + row]);

describe.each(availableBackends)('%s', (name, makeBackend) => {
  test.each(kinds)('%j: logits are those of each document read by itself', (kind) => {
    const { network, backend, ids } = smallNetwork(makeBackend(), config(kind), T * B, B);
    const state = network.createState(B);
    const logits = network.forward(ids(inputs), T, B, state, undefined, resets);
    const together = Array.from(backend.read(logits));
    const after = Array.from(backend.read(state[1][0]));
    for (const [row, from, to] of documents) {
      const alone = network.createState(1);
      const piece = ids(part(inputs, row, from, to));
      const own = Array.from(backend.read(network.forward(piece, to - from, 1, alone)));
      const found = Array.from({ length: to - from }, (_, i) => (from + i) * B + row).flatMap(
        (at) => together.slice(at * V, (at + 1) * V),
      );
      own.forEach((logit, i) => {
        expect(found[i]).toBeCloseTo(logit, 5);
      });
      if (to < T) continue;
      Array.from(backend.read(alone[1][0])).forEach((h, i) => {
        expect(after[row * H + i]).toBeCloseTo(h, 5);
      });
    }
  });

  test.each(kinds)('%j: gradients are the sums of those of each document', (kind) => {
    const make = () => (name === 'reference' ? referenceBackend('float64') : makeBackend());
    const whole = smallNetwork(make(), config(kind), T * B, B);
    const { network, ids } = whole;
    network.forward(ids(inputs), T, B, network.createState(B), undefined, resets);
    network.loss(ids(targets), 1);
    network.backward();
    const found = whole.takeGradients();
    const single = smallNetwork(make(), config(kind), T * B, B);
    for (const [row, from, to] of documents) {
      const { network, ids } = single;
      network.forward(ids(part(inputs, row, from, to)), to - from, 1, network.createState(1));
      network.loss(ids(part(targets, row, from, to)), 1);
      network.backward();
    }
    for (const [parameter, values] of single.takeGradients()) {
      const digits = name === 'reference' ? 10 : 4;
      values.forEach((g, i) => {
        expect(found.get(parameter)?.[i]).toBeCloseTo(g, digits);
      });
    }
  });

  test.each(kinds)('%j: without a beginning nothing changes, to the last bit', (kind) => {
    const { network, backend, ids } = smallNetwork(makeBackend(), config(kind), T * B, B);
    const run = (list?: readonly []) =>
      Array.from(
        backend.read(network.forward(ids(inputs), T, B, network.createState(B), undefined, list)),
      );
    expect(run([])).toEqual(run());
  });
});
