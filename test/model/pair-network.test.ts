/** Networks of pairs: every gradient against central differences, and back ends against the reference. */
import { describe, expect, test } from 'vitest';
import { cellNames } from '#charnn/model/cells/cells.js';
import type { ModelConfig } from '#charnn/model/model-config.js';
import { PairBatches, type PairRows } from '#charnn/model/pairs/pair-batches.js';
import { PairFeed } from '#charnn/model/pairs/pair-feed.js';
import { PairNetwork } from '#charnn/model/pairs/pair-network.js';
import { findPairs } from '#charnn/model/pairs/pair-table.js';
import { ParameterTensors, parameterTable } from '#charnn/model/parameters.js';
import { Random } from '#charnn/model/random.js';
import type { Conditions } from '#charnn/text/conditions.js';
import { Vocabulary } from '#charnn/text/vocabulary.js';
import { availableDevices, referenceBackend, type SyncBackend, sync } from '../backends.js';

const text = 'abc\txy\nbca\tyxxy\ncab\tx\n';
const vocabulary = Vocabulary.of(
  'char',
  Array.from(text, (c) => c.codePointAt(0) as number),
);
const marks = { tab: vocabulary.id(9), newline: vocabulary.id(10) };

/** Two labels for each line, of 2 and 3 values, and two vectors of 3 numbers */
function conditions(config: ModelConfig): Conditions {
  const vectors = {
    size: 3,
    starts: Float64Array.of(0, 2, 4, 6),
    values: Float32Array.from({ length: 18 }, (_, i) => Math.cos(1 + 0.9 * i)),
  };
  return {
    columns: config.labels ? 2 : 0,
    labels: Int32Array.of(0, 2, 1, 3, 1, 4),
    vectors: config.vectors && vectors,
  };
}

function batchOf(config: ModelConfig): PairRows {
  const { ids } = vocabulary.encode(text);
  const { pairs } = findPairs(ids, marks, conditions(config));
  const batches = new PairBatches(ids, pairs, marks, 8, undefined);
  return batches.read(0, (size) => ({ first: 0, size }));
}

function build(backend: SyncBackend, config: ModelConfig, rate: number) {
  const table = parameterTable(config);
  const random = new Random(7);
  const values = Array.from({ length: table.flatSize }, () => random.normal() * 0.5);
  const flat = backend.tensor([table.flatSize]);
  const gradientFlat = backend.tensor([table.flatSize]);
  const batch = batchOf(config);
  const { S, T, B } = batch;
  const sizes = { maxSourceRows: S * B, maxTargetRows: T * B, maxWeights: T * B * S, maxBatch: B };
  const network = new PairNetwork(
    backend,
    config,
    new ParameterTensors(backend, table, flat),
    new ParameterTensors(backend, table, gradientFlat),
    sizes,
  );
  const feed = new PairFeed(backend, sizes);
  const { sources, inputs, places, targets } = feed.rows(batch);
  const dropout = {
    ...{ rate, locked: false, weightRate: 0, seed: 3, step: 5, firstRow: 1, totalRows: B + 2 },
  };
  const scale = 1 / batch.targets.length;
  const loss = (weights: readonly number[]): number => {
    backend.write(flat, weights);
    network.encode(sources, dropout);
    network.decode(inputs, T, places);
    return backend.sum(network.loss(targets, 0)) * scale;
  };
  const gradient = () => {
    const before = loss(values);
    network.loss(targets, scale);
    network.backward();
    return { loss: before, values: Array.from(backend.read(gradientFlat)) };
  };
  return { table, values, loss, gradient };
}

/** (f(x+ε) - f(x-ε)) / 2ε, with the error term of order ε² removed (Richardson). */
function derivative(f: (x: number) => number, x: number): number {
  const central = (step: number) => (f(x + step) - f(x - step)) / (2 * step);
  const step = 2e-3;
  return (4 * central(step / 2) - central(step)) / 3;
}

type Variant = Partial<ModelConfig> & { readonly rate: number };

const configOf = (cell: ModelConfig['cell'], { rate: _, ...variant }: Variant): ModelConfig => ({
  ...{ cell, layers: 1, hidden: 4, embedding: 3, vocabulary: vocabulary.size, pairs: true },
  ...variant,
});

const deep: Variant = { layers: 3, residual: true, rate: 0.3 };

const variants: readonly Variant[] = [
  { rate: 0 },
  { embedding: 0, rate: 0 },
  { rate: 0.4 },
  { layers: 2, rate: 0.3 },
  { layers: 2, residual: true, rate: 0 },
  deep,
  { layers: 2, attention: 'dot', rate: 0 },
  { attention: 'none', rate: 0.2 },
  { labels: [2, 3], layers: 2, rate: 0 },
  { labels: [2, 3], embedding: 0, rate: 0.2 },
  { vectors: { size: 3, mean: 0, deviation: 1 }, layers: 2, rate: 0.2 },
  { vectors: { size: 3, mean: 0, deviation: 1 }, labels: [2, 3], rate: 0 },
];

const ofCell = (cell: ModelConfig['cell']) =>
  cell === 'lstm' ? [...variants, { ...deep, layerNorm: true }] : variants;

describe.each(cellNames)('%s', (cell) => {
  test.each(ofCell(cell))('every gradient agrees to 1e-6: %j', (variant) => {
    const { table, values, loss, gradient } = build(
      referenceBackend('float64'),
      configOf(cell, variant),
      variant.rate,
    );
    const computed = gradient().values;
    for (const { name, start, size } of table.parameters) {
      const own = computed.slice(start, start + size);
      const scale = own.reduce((max, x) => Math.max(max, Math.abs(x)), 0);
      expect(scale, `${name} has a gradient`).toBeGreaterThan(0);
      for (let i = 0; i < size; i++) {
        const weights = values.slice();
        const numeric = derivative(
          (x) => {
            weights[start + i] = x;
            return loss(weights);
          },
          values[start + i],
        );
        expect(Math.abs(numeric - own[i]) / scale, `${name}[${i}]`).toBeLessThan(1e-6);
      }
    }
  });

  test.each(availableDevices)('on %s loss and gradients are those of the reference', (_, open) => {
    for (const variant of ofCell(cell)) {
      const config = configOf(cell, variant);
      const exact = build(referenceBackend('float64'), config, variant.rate).gradient();
      const found = build(sync(open()), config, variant.rate).gradient();
      expect(Math.abs(found.loss - exact.loss)).toBeLessThan(1e-5);
      const largest = exact.values.reduce((max, x) => Math.max(max, Math.abs(x)), 0);
      found.values.forEach((x, i) => {
        expect(Math.abs(x - exact.values[i]) / largest).toBeLessThan(1e-5);
      });
    }
  });
});
