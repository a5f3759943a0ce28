/** Networks of pairs against an independent implementation; the numbers come from fixtures/pytorch_pairs.py. */
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import type { CellName } from '#charnn/model/cells/cells.js';
import type { ModelConfig } from '#charnn/model/model-config.js';
import { PairFeed } from '#charnn/model/pairs/pair-feed.js';
import { PairNetwork } from '#charnn/model/pairs/pair-network.js';
import { ParameterTensors, parameterTable } from '#charnn/model/parameters.js';
import { availableBackends } from '../backends.js';

interface Fixture {
  readonly V: number;
  readonly D: number;
  readonly H: number;
  readonly S: number;
  readonly T: number;
  readonly B: number;
  /** Of the targets, by row */
  readonly lengths: readonly number[];
  /** Number of values of each label */
  readonly labels: readonly number[];
  /** Number of vectors before a source, and of numbers of each */
  readonly vectors: number;
  readonly numbers: number;
  readonly cases: readonly {
    readonly cell: CellName;
    readonly layers: number;
    readonly attention: 'general' | 'dot' | 'none';
    readonly residual: boolean;
    readonly labels: boolean;
    readonly vectors: boolean;
    readonly loss: number;
    readonly gradients: Readonly<Record<string, readonly number[]>>;
  }[];
}

const file = new URL('../fixtures/pytorch-pairs.json', import.meta.url);
const fixture: Fixture = JSON.parse(readFileSync(file, 'utf8'));
const { V, D, H, S, T, B, lengths } = fixture;

/** [n, B], as in the script */
function scatter(a: number, b: number, n: number): Int32Array {
  return Int32Array.from({ length: n * B }, (_, i) => {
    const [t, r] = [Math.floor(i / B), i % B];
    return (a * t + b * r + t * r) % V;
  });
}

/** [C, B], as in the script, counted through all labels */
const labels = Int32Array.from({ length: fixture.labels.length * B }, (_, i) => {
  const [c, r] = [Math.floor(i / B), i % B];
  const offset = fixture.labels.slice(0, c).reduce((sum, count) => sum + count, 0);
  return offset + ((r + c) % fixture.labels[c]);
});

const vectors = Float32Array.from({ length: fixture.vectors * B * fixture.numbers }, (_, i) =>
  Math.cos(0.9 * i),
);

function batch(variant: { readonly labels: boolean; readonly vectors: boolean }) {
  const targets = scatter(1, 4, T);
  const places = lengths.flatMap((length, b) => Array.from({ length }, (_, t) => t * B + b));
  return {
    ...{ B, T, totalRows: B, firstRow: 0, source: scatter(2, 3, S), inputs: scatter(3, 2, T) },
    S: S + (variant.vectors ? fixture.vectors : 0),
    places: Int32Array.from(places),
    targets: Int32Array.from(places, (place) => targets[place]),
    ...(variant.labels && { labels }),
    ...(variant.vectors && { vectors }),
  };
}

describe.each(availableBackends)('%s', (_, makeBackend) => {
  test.each(fixture.cases)(
    'loss and gradients agree with PyTorch to 1e-5: $layers × $cell, attention $attention, residual $residual, labels $labels, vectors $vectors',
    ({ cell, layers, attention, residual, loss: expectedLoss, gradients, ...variant }) => {
      const config: ModelConfig = {
        ...{ cell, layers, attention, residual, hidden: H, embedding: D, vocabulary: V },
        pairs: true,
        ...(variant.labels && { labels: fixture.labels }),
        ...(variant.vectors && { vectors: { size: fixture.numbers, mean: 0, deviation: 1 } }),
      };
      const backend = makeBackend();
      const table = parameterTable(config);
      expect(table.parameters.map(({ name }) => name)).toEqual(Object.keys(gradients));
      const values = new Array<number>(table.flatSize).fill(0);
      let index = 0;
      for (const { start, size } of table.parameters) {
        for (let i = 0; i < size; i++) values[start + i] = Math.sin(1 + 0.7 * index++) * 0.6;
      }
      const flat = backend.tensor([table.flatSize]);
      backend.write(flat, values);
      const gradientFlat = backend.tensor([table.flatSize]);
      const own = batch(variant);
      const sizes = {
        ...{ maxBatch: B, maxSourceRows: own.S * B, maxTargetRows: T * B },
        maxWeights: T * B * own.S,
      };
      const network = new PairNetwork(
        backend,
        config,
        new ParameterTensors(backend, table, flat),
        new ParameterTensors(backend, table, gradientFlat),
        sizes,
      );
      const { sources, inputs, places, targets } = new PairFeed(backend, sizes).rows(own);
      network.encode(sources);
      network.decode(inputs, T, places);
      const { length: N } = own.places;
      const loss = backend.sum(network.loss(targets, 1 / N)) / N;
      network.backward();
      expect(Math.abs(loss - expectedLoss)).toBeLessThan(1e-5);
      const all = backend.read(gradientFlat);
      for (const { name, start, size } of table.parameters) {
        const expected = gradients[name];
        const largest = Math.max(...expected.map(Math.abs));
        expect(largest, name).toBeGreaterThan(0);
        for (let i = 0; i < size; i++) {
          const difference = Math.abs(all[start + i] - expected[i]);
          expect(difference / largest, `${name}[${i}]`).toBeLessThan(1e-5);
        }
      }
    },
  );
});
