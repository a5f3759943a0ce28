/** The library's cells against an implementation from their papers: `test/fixtures/cells.py`. */
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { libraryNames, libraryText } from '#charnn/cells/cell-library.js';
import { Network } from '#charnn/model/network.js';
import { ParameterTensors, parameterTable } from '#charnn/model/parameters.js';
import { fullMachines } from '../backend/machines.js';
import { referenceBackend, type SyncBackend } from '../backends.js';

interface Chunk {
  readonly loss: number;
  /** Sum of each layer's h after the chunk */
  readonly h: readonly number[];
  /** By tensor: Σ g and Σ g cos i */
  readonly gradients: Readonly<Record<string, readonly [number, number]>>;
}

const fixture: Readonly<Record<string, readonly Chunk[]>> = JSON.parse(
  readFileSync(new URL('../fixtures/cells.json', import.meta.url), 'utf8'),
);
const [V, D, H, L, T, B] = [7, 4, 6, 2, 5, 3];

/** As in the fixture's script */
function weight(name: string, i: number): number {
  const seed = [...name].reduce((sum, c) => sum + c.charCodeAt(0), 0) % 100;
  return 0.6 * Math.sin(1 + 3 * seed + 0.7 * i);
}

function chunksOf(backend: SyncBackend, cell: (typeof libraryNames)[number]): Chunk[] {
  const config = {
    ...{ cell, equations: libraryText(cell) },
    ...{ layers: L, hidden: H, embedding: D, vocabulary: V },
  };
  const table = parameterTable(config);
  const [flat, gradientFlat] = [backend.tensor([table.flatSize]), backend.tensor([table.flatSize])];
  const values = new Float64Array(table.flatSize);
  for (const { name, start, size } of table.parameters) {
    for (let i = 0; i < size; i++) values[start + i] = weight(name, i);
  }
  backend.write(flat, values);
  const network = new Network(
    backend,
    config,
    new ParameterTensors(backend, table, flat),
    new ParameterTensors(backend, table, gradientFlat),
    { maxRows: T * B, maxBatch: B, training: true, dropout: false, weightDrop: false },
  );
  const state = network.createState(B);
  const ids = (by: number, chunk: number) => {
    const list = backend.indices(T * B);
    backend.writeIndices(
      list,
      Array.from({ length: T * B }, (_, i) => (by * i + chunk) % V),
    );
    return list;
  };
  const sum = (list: Iterable<number>) => [...list].reduce((a, b) => a + b, 0);
  return [0, 1].map((chunk) => {
    backend.fill(gradientFlat, 0);
    network.forward(ids(3, chunk), T, B, state);
    const loss = backend.sum(network.loss(ids(5, chunk), 1 / (T * B))) / (T * B);
    network.backward();
    const gradients = backend.read(gradientFlat);
    const digests = table.parameters.map(({ name, start, size }): [string, [number, number]] => {
      const own = gradients.subarray(start, start + size);
      return [name, [sum(own), sum(Array.from(own, (g, i) => g * Math.cos(i)))]];
    });
    return {
      loss,
      h: state.map(([h]) => sum(backend.read(h))),
      gradients: Object.fromEntries(digests),
    };
  });
}

describe.each([
  ['reference in float64', () => ({ backend: referenceBackend('float64') }), 1e-9] as const,
  ...fullMachines.map(([name, make]) => [name, make, 1e-5] as const),
])('%s', (_, make, tolerance) => {
  test.each(libraryNames)('%s', (cell) => {
    const found = chunksOf(make().backend, cell);
    fixture[cell].forEach((expected, chunk) => {
      const near = (value: number, wanted: number, what: string) => {
        const error = Math.abs(value - wanted) / Math.max(1, Math.abs(wanted));
        expect(error, `${what} of chunk ${chunk}`).toBeLessThan(tolerance);
      };
      near(found[chunk].loss, expected.loss, 'loss');
      expected.h.forEach((wanted, l) => {
        near(found[chunk].h[l], wanted, `h of layer ${l}`);
      });
      expect(Object.keys(found[chunk].gradients).sort()).toEqual(
        Object.keys(expected.gradients).sort(),
      );
      for (const [name, digest] of Object.entries(expected.gradients)) {
        digest.forEach((wanted, i) => {
          near(found[chunk].gradients[name][i], wanted, name);
        });
      }
    });
  });
});
