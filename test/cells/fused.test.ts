/** RNN, LSTM and GRU as equations are the cells that are written out: after 100 updates, in float64. */
import { expect, test } from 'vitest';
import { libraryText } from '#charnn/cells/cell-library.js';
import type { ModelConfig } from '#charnn/model/model-config.js';
import { Network } from '#charnn/model/network.js';
import { ParameterTensors, parameterTable } from '#charnn/model/parameters.js';
import { referenceBackend } from '../backends.js';

/** Suffixes of the equations' names, in the order of the written-out cell's gates */
const cells = [
  ['rnn', ['']],
  ['lstm', ['_i', '_f', '_g', '_o']],
  ['gru', ['_r', '_z', '_n']],
] as const;
const [T, B, H, L, V] = [4, 2, 5, 2, 6];

/** Where the written-out cell's parameters are found among the equations' */
function namesOf(name: string, suffixes: readonly string[]): string[] {
  const [, kind, layer] = /^rnn\.(.+)(_l\d)$/.exec(name) ?? [];
  const letter = { weight_ih: 'W', weight_hh: 'U', bias_ih: 'b', bias_hh: 'd' }[kind ?? ''];
  return letter ? suffixes.map((suffix) => `rnn.${letter}${suffix}${layer}`) : [name];
}

function trainer(config: ModelConfig, initial: (name: string, i: number) => number) {
  const backend = referenceBackend('float64');
  const table = parameterTable(config);
  const flat = () => backend.tensor([table.flatSize]);
  const [weights, gradients, m, v] = [flat(), flat(), flat(), flat()];
  const values = new Float64Array(table.flatSize);
  for (const { name, start, size } of table.parameters) {
    for (let i = 0; i < size; i++) values[start + i] = initial(name, i);
  }
  backend.write(weights, values);
  const network = new Network(
    backend,
    config,
    new ParameterTensors(backend, table, weights),
    new ParameterTensors(backend, table, gradients),
    { maxRows: T * B, maxBatch: B, training: true, dropout: false, weightDrop: false },
  );
  const state = network.createState(B);
  const ids = (by: number, step: number) => {
    const list = backend.indices(T * B);
    backend.writeIndices(
      list,
      Array.from({ length: T * B }, (_, i) => (i * i * by + step) % V),
    );
    return list;
  };
  return {
    table,
    train(step: number): number {
      backend.fill(gradients, 0);
      network.forward(ids(3, step), T, B, state);
      const loss = backend.sum(network.loss(ids(5, step + 1), 1 / (T * B)));
      network.backward();
      const adam = { rate: 0.01, beta1: 0.9, beta2: 0.99, epsilon: 1e-8, l2: 0, decay: 0 };
      backend.adam(weights, gradients, m, v, { ...adam, step: step + 1, gradientScale: 1 });
      return loss;
    },
    weights: () => backend.read(weights),
  };
}

test.each(cells)('%s', (cell, suffixes) => {
  const shape = { layers: L, hidden: H, embedding: 3, vocabulary: V };
  const value = (name: string, i: number) => Math.sin(1 + 7 * name.length + 0.7 * i) * 0.5;
  const fused = trainer({ ...shape, cell }, value);
  const equations = libraryText(cell);
  const initial = new Map<string, (i: number) => number>();
  for (const { name, size } of fused.table.parameters) {
    const names = namesOf(name, suffixes);
    names.forEach((own, g) => {
      initial.set(own, (i) => value(name, (g * size) / names.length + i));
    });
  }
  const compiled = trainer(
    { ...shape, cell: 'equations', equations },
    (name, i) => initial.get(name)?.(i) ?? Number.NaN,
  );
  expect(compiled.table.count).toBe(fused.table.count);
  const losses: number[] = [];
  for (let step = 0; step < 100; step++) {
    losses.push(fused.train(step));
    expect(Math.abs(compiled.train(step) - losses[step])).toBeLessThan(1e-9);
  }
  expect(losses[99]).toBeLessThan(losses[0]);
  const [expected, found] = [fused.weights(), compiled.weights()];
  for (const { name, start, size } of fused.table.parameters) {
    const names = namesOf(name, suffixes);
    names.forEach((own, g) => {
      const place = compiled.table.parameters.find((p) => p.name === own);
      for (let i = 0; i < size / names.length; i++) {
        const right = expected[start + (g * size) / names.length + i];
        const error = Math.abs(found[(place?.start ?? Number.NaN) + i] - right);
        expect(error, `${own}[${i}]`).toBeLessThan(1e-9);
      }
    });
  }
});
