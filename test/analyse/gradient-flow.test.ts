/** The gradient by lag: against theory, against finite differences, and on every back end. */
import { describe, expect, test } from 'vitest';
import { cutOff, gradientFlow } from '#charnn/analyse/gradient-flow.js';
import { cellNames } from '#charnn/model/cells/cells.js';
import type { ModelConfig } from '#charnn/model/model-config.js';
import { Network } from '#charnn/model/network.js';
import { ParameterTensors, parameterTable } from '#charnn/model/parameters.js';
import { Random } from '#charnn/model/random.js';
import { availableDevices, referenceBackend, referenceScope } from '../backends.js';
import { orthogonal } from './matrices.js';

/** Weights by name, all others 0. */
function weightsOf(config: ModelConfig, given: Readonly<Record<string, readonly number[]>>) {
  const table = parameterTable(config);
  const weights = new Float64Array(table.flatSize);
  for (const { name, start } of table.parameters) weights.set(given[name] ?? [], start);
  return weights;
}

describe.each(availableDevices)('%s', (_, openScope) => {
  test.each([0.9, 1, 1.1])(
    'a linear vanilla RNN with recurrent matrix %d Q: the norm follows the power to 1 %%',
    async (s) => {
      const [H, V, lags] = [24, 5, 120];
      const config = { cell: 'rnn', layers: 1, hidden: H, embedding: 0, vocabulary: V } as const;
      const random = new Random(11);
      // without input the state stays 0, where tanh is the identity
      const weights = weightsOf(config, {
        'rnn.weight_hh_l0': orthogonal(random, H).map((x) => s * x),
        'output.weight': Array.from({ length: V * H }, () => random.normal()),
      });
      const text = Uint8Array.from({ length: 400 }, (_, i) => (i * i) % V);
      const flow = await gradientFlow(openScope(), config, weights, text, { lags, positions: 20 });
      expect(flow.positions).toBe(20);
      const [{ byLag }] = flow.states;
      for (const { lag, mean } of byLag) {
        expect(Math.abs(mean / byLag[0].mean / s ** (lag - 1) - 1), `lag ${lag}`).toBeLessThan(
          1e-3,
        );
      }
    },
  );
});

describe('finite differences', () => {
  const kinds: readonly Pick<ModelConfig, 'cell' | 'layerNorm'>[] = [
    ...cellNames.map((cell) => ({ cell })),
    { cell: 'lstm', layerNorm: true },
  ];
  test.each(kinds)('%j, two layers: every state at every lag to 1e-6', async (kind) => {
    const lags = 6;
    const config = { ...kind, layers: 2, hidden: 4, embedding: 3, vocabulary: 5 };
    const random = new Random(5);
    const weights = Float64Array.from(
      { length: parameterTable(config).flatSize },
      () => random.normal() * 0.7,
    );
    const text = Uint8Array.from({ length: lags + 1 }, () => Math.floor(5 * random.uniform()));
    const measured = await gradientFlow(referenceScope('float64'), config, weights, text, {
      lags,
      positions: 1,
    });

    const { network, backend, ids } = build(config, weights, lags);
    for (let lag = 1; lag < lags; lag++) {
      const state = network.createState(1);
      network.forward(ids(text.subarray(0, lags - lag)), lags - lag, 1, state);
      const start = state.map((layer) => layer.map((s) => Array.from(backend.read(s))));
      const lossFrom = (layer: number, kind: number, unit: number, change: number) => {
        state.forEach((states, l) => {
          states.forEach((s, k) => {
            const values = start[l][k].slice();
            if (l === layer && k === kind) values[unit] += change;
            backend.write(s, values);
          });
        });
        network.forward(ids(text.subarray(lags - lag, lags)), lag, 1, state);
        const targets = ids(text.subarray(lags - lag + 1, lags + 1));
        return backend.read(network.loss(targets, 0))[lag - 1];
      };
      let part = 0;
      let total = 0;
      start.forEach((states, l) => {
        states.forEach((values, k) => {
          const gradient = values.map((_, unit) => derivative((x) => lossFrom(l, k, unit, x)));
          const norm = Math.hypot(...gradient);
          const found = measured.states[part++].byLag[lag - 1].mean;
          expect(norm).toBeGreaterThan(0);
          expect(Math.abs(found - norm) / norm, `layer ${l}, lag ${lag}`).toBeLessThan(1e-6);
          total = Math.hypot(total, norm);
        });
      });
      expect(measured.whole[lag - 1].mean).toBeCloseTo(total, 8);
    }
  });
});

function build(config: ModelConfig, weights: Float64Array, maxRows: number) {
  const backend = referenceBackend('float64');
  const table = parameterTable(config);
  const flat = backend.tensor([table.flatSize]);
  backend.write(flat, weights);
  const network = new Network(
    backend,
    config,
    new ParameterTensors(backend, table, flat),
    undefined,
    { maxRows, maxBatch: 1, training: false, dropout: false, weightDrop: false },
  );
  const ids = (values: Uint8Array) => {
    const list = backend.indices(values.length);
    backend.writeIndices(list, values);
    return list;
  };
  return { network, backend, ids };
}

/** f'(0) by central differences, the error term of order ε² removed (Richardson). */
function derivative(f: (x: number) => number): number {
  const central = (step: number) => (f(step) - f(-step)) / (2 * step);
  return (4 * central(1e-3) - central(2e-3)) / 3;
}

test('gradients too small for float32 are measured all the same', async () => {
  const config = { cell: 'rnn', layers: 1, hidden: 2, embedding: 0, vocabulary: 2 } as const;
  const weights = weightsOf(config, {
    'rnn.weight_hh_l0': [0.1, 0, 0, 0.1],
    'output.weight': [1, 2, 3, 5],
  });
  const text = new Uint8Array(60);
  const options = { lags: 45, positions: 3 };
  const { states } = await gradientFlow(referenceScope(), config, weights, text, options);
  const [{ byLag }] = states;
  expect(byLag[44].mean / byLag[0].mean).toBeCloseTo(1e-44, 46);
});

test('a text shorter than the longest lag is refused in words', async () => {
  const config = { cell: 'rnn', layers: 1, hidden: 2, embedding: 0, vocabulary: 2 } as const;
  const measure = (length: number) =>
    gradientFlow(referenceScope(), config, weightsOf(config, {}), new Uint8Array(length), {
      lags: 9,
      positions: 4,
    });
  await expect(measure(9)).rejects.toThrow(
    /too short for lags up to 9: it has 9 characters, but 10 are needed/,
  );
  expect((await measure(10)).positions).toBe(1);
  expect((await measure(12)).positions).toBe(3);
});

test('truncation cuts off all that lies beyond the chunk, and part of what lies within', () => {
  const at = (lag: number, mean: number) => ({ lag, mean, p10: mean, median: mean, p90: mean });
  expect(cutOff([at(1, 1), at(2, 1)], 1)).toBe(1);
  expect(cutOff([at(1, 3), at(2, 1)], 4)).toBeCloseTo((3 / 4 + 2 / 4) / 4, 12);
  expect(cutOff([at(1, 0)], 4)).toBe(0);
});
