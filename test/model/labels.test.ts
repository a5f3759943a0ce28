/** Labels of language models: their gradients, and models for chosen labels, which compute the same. */
import { describe, expect, test } from 'vitest';
import { libraryText } from '#charnn/cells/cell-library.js';
import { cellNames } from '#charnn/model/cells/cells.js';
import { withLabelsChosen } from '#charnn/model/chosen-labels.js';
import { LabelFeed } from '#charnn/model/label-feed.js';
import type { ModelConfig } from '#charnn/model/model-config.js';
import type { Model } from '#charnn/model/model-data.js';
import { Network } from '#charnn/model/network.js';
import { initialValues, ParameterTensors, parameterTable } from '#charnn/model/parameters.js';
import { Vocabulary } from '#charnn/text/vocabulary.js';
import { referenceBackend } from '../backends.js';
import { checkGradients } from './gradient-check.js';

const base = { layers: 1, hidden: 5, vocabulary: 7, embedding: 3, labels: [2, 3] };
const mut1 = { cell: 'mut1', equations: libraryText('mut1') };

const configs: readonly ModelConfig[] = [
  ...cellNames.flatMap((cell) => [
    { ...base, cell },
    { ...base, cell, embedding: 0 },
    { ...base, cell, layers: 2, residual: true },
  ]),
  { ...base, cell: 'lstm', layerNorm: true },
  { ...base, ...mut1 },
  { ...base, ...mut1, embedding: 0 },
];

const nameOf = ({ cell, equations: _, ...rest }: ModelConfig) => `${cell} ${JSON.stringify(rest)}`;

describe.each(configs.map((config) => [nameOf(config), config] as const))('%s', (_, config) => {
  test('every gradient agrees with central differences to 1e-6', () => {
    checkGradients({ config, T: 3, B: 2, dropout: 0.2 });
  });

  test('with labels chosen, a model without labels gives the same logits', () => {
    const weights = initialValues(parameterTable(config), 11);
    const vocabulary = Vocabulary.of('char', [10, 97, 98, 99, 100, 101]);
    const beside = { labels: [labelOf('a', 2), labelOf('b', 3)] };
    const text = { unit: 'char', keepCr: false } as const;
    const model: Model = {
      ...{ config, vocabulary, text, weights, beside },
      ...{ training: undefined, history: [] },
    };
    const chosen = withLabelsChosen(model, [1, 2]);
    expect([chosen.config.labels, chosen.beside]).toEqual([undefined, undefined]);
    const expected = logitsOf(model, Int32Array.of(1, 4));
    const other = logitsOf(model, Int32Array.of(1, 3));
    const found = logitsOf(chosen, undefined);
    const distance = (a: readonly number[]) =>
      Math.max(...a.map((x, i) => Math.abs(x - expected[i])));
    expect(distance(found)).toBeLessThan(1e-6);
    expect(distance(other)).toBeGreaterThan(1e-3);
  });
});

function labelOf(name: string, count: number) {
  return { name, values: Array.from({ length: count }, (_, i) => `${i}`) };
}

/** Logits of a short text; all rows have the same labels, given once by row and step */
function logitsOf({ config, weights }: Model, labels: Int32Array | undefined): number[] {
  const backend = referenceBackend('float64');
  const [T, B] = [4, 2];
  const table = parameterTable(config);
  const flat = backend.tensor([table.flatSize]);
  backend.write(flat, weights);
  const tensors = new ParameterTensors(backend, table, flat);
  const capacity = {
    ...{ maxRows: T * B, maxBatch: B, training: false },
    ...{ dropout: false, weightDrop: false },
  };
  const network = new Network(backend, config, tensors, undefined, capacity);
  const ids = backend.indices(T * B);
  backend.writeIndices(
    ids,
    Array.from({ length: T * B }, (_, i) => i % 6),
  );
  const all = labels && Int32Array.from({ length: 2 * T * B }, (_, i) => labels[i < T * B ? 0 : 1]);
  const rows = new LabelFeed(backend, T * B).write(all, T * B);
  const state = network.createState(B);
  return Array.from(backend.read(network.forward(ids, T, B, state, undefined, undefined, rows)));
}
