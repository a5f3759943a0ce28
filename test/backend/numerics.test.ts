/** What every back end promises beyond the cases of `kernels.test.ts`. */
import { describe, expect, test } from 'vitest';
import { Random } from '#charnn/model/random.js';
import { randomValues } from './guarded.js';
import { sizes } from './kernel-cases.js';
import { machines } from './machines.js';
import { rowsOfOtherBits } from './row-bits.js';

describe.each(machines)('%s', (_, makeMachine, precision) => {
  test('a copy reaches memory that has grown since the last one', () => {
    const backend = makeMachine().backend;
    const small = backend.tensor([4]);
    backend.write(small, [1, 2, 3, 4]);
    // beyond the pages that there were
    backend.tensor([1 << 20]);
    const far = backend.tensor([4]);
    backend.copy(far, small);
    expect(Array.from(backend.read(far))).toEqual([1, 2, 3, 4]);
  });

  test('fill and copy reach every element of a view, and no other', () => {
    const backend = makeMachine().backend;
    for (const make of ['tensor', 'compact'] as const) {
      for (const size of [1, 17, 255, 256, 257, 300, 4099]) {
        const whole = backend[make]([size + 2]);
        const inside = backend.view(whole, 1, [size]);
        backend.fill(whole, 1);
        backend.fill(inside, -2.5);
        const expected = [1, ...Array(size).fill(-2.5), 1];
        expect(Array.from(backend.read(whole))).toEqual(expected);
        const copied = backend[make]([size + 2]);
        backend.copy(backend.view(copied, 1, [size]), inside);
        expect(Array.from(backend.read(copied))).toEqual([0, ...expected.slice(1, -1), 0]);
      }
    }
  });

  test('one wrong id is found wherever it is in a list', () => {
    const backend = makeMachine().backend;
    for (const count of [255, 256, 259, 1000]) {
      const [table, y] = [backend.tensor([3, 2]), backend.tensor([count, 2])];
      const ids = backend.indices(count);
      const right = Array.from({ length: count }, (_, i) => i % 3);
      for (const place of [0, 1, 255, count - 1].filter((i) => i < count)) {
        for (const wrong of [3, 2 ** 31 - 1, -1, -(2 ** 31)]) {
          backend.writeIndices(ids, right.with(place, wrong));
          expect(() => backend.gather(y, table, ids)).toThrow(/but one is/);
        }
      }
      backend.writeIndices(ids, right);
      backend.gather(y, table, ids);
    }
  });

  // weights of 8 bits are not trained
  test.skipIf(precision === 'int8')('Muon makes the singular values of a step nearly one', () => {
    const backend = makeMachine().backend;
    const [rows, columns] = [12, 40];
    const [w, g, m] = [1, 2, 3].map(() => backend.tensor([rows, columns]));
    backend.write(g, randomValues(new Random(4), rows * columns, 1));
    backend.muon(w, g, m, { rate: 1, momentum: 0.95, decay: 0, gradientScale: 1 });
    // W Wᵀ / (0.2² · 40) of an orthogonal step is the identity
    const gram = backend.tensor([rows, rows]);
    backend.linear(gram, w, w, undefined);
    const values = backend.read(gram);
    for (let i = 0; i < rows; i++) {
      for (let j = 0; j < rows; j++) {
        const value = values[i * rows + j] / (0.04 * columns);
        expect(Math.abs(value - (i === j ? 1 : 0))).toBeLessThan(0.5);
      }
    }
  });

  test('reductions within 1e-6 of float64', () => {
    for (const n of [...sizes, 10_000]) {
      const values = randomValues(new Random(n), n, 1);
      const backend = makeMachine().backend;
      const x = backend.tensor([n]);
      backend.write(x, values);
      const sum = values.reduce((a, b) => a + b, 0);
      const squares = values.reduce((a, b) => a + b * b, 0);
      expect(Math.abs(backend.sum(x) - sum)).toBeLessThan(1e-6 * n);
      expect(Math.abs(backend.sumSquares([x]) - squares) / squares).toBeLessThan(1e-6);
    }
  });

  test('tanh, logistic and softmax hold at extreme values', () => {
    const backend = makeMachine().backend;
    const H = 20;
    const extremes = [-1e30, -100, -20, -9, -1e-4, 0, 1e-4, 9, 20, 100, 1e30];
    const at = (i: number) => extremes[i % extremes.length];
    const gates = backend.tensor([1, 1, H]);
    const h = backend.tensor([2, 1, H]);
    const weight = backend.tensor([H, H]);
    const bias = backend.tensor([H]);
    backend.write(
      gates,
      Array.from({ length: H }, (_, i) => at(i)),
    );
    backend.rnnForward({ T: 1, B: 1, H }, { gates, h, weight, bias });
    const out = backend.read(h).subarray(H);
    out.forEach((y, i) => {
      expect(Math.abs(y - Math.tanh(at(i)))).toBeLessThan(4e-7);
    });

    const losses = backend.tensor([1]);
    const logits = backend.tensor([1, 3]);
    const target = backend.indices(1);
    backend.write(logits, [1000, -1000, 999]);
    backend.softmaxCrossEntropy(losses, logits, target, 1);
    expect(backend.read(losses)[0]).toBeCloseTo(Math.log(1 + Math.exp(-1)), 4);
    expect(backend.read(logits).every(Number.isFinite)).toBe(true);
  });

  test('a row of a product has the same bits whatever rows are beside it', () => {
    expect(rowsOfOtherBits(makeMachine().backend)).toEqual([]);
  });

  test('not-a-number is not hidden: in one of the logits, in the state of each cell', () => {
    const backend = makeMachine().backend;
    const losses = backend.tensor([1]);
    for (const V of [3, 20, 65]) {
      for (const bad of [0, 1, V - 1]) {
        const logits = backend.tensor([1, V]);
        backend.fill(backend.view(logits, bad, [1]), Number.NaN);
        backend.softmaxCrossEntropy(losses, logits, backend.indices(1), 1);
        expect(backend.read(losses)[0]).toBeNaN();
      }
    }

    const [T, B, H] = [1, 1, 20];
    const zeros = (...shape: number[]) => backend.tensor(shape);
    const nan = (...shape: number[]) => {
      const x = backend.tensor(shape);
      backend.fill(x, Number.NaN);
      return x;
    };
    const cell = (G: number) => ({
      gates: nan(T, B, G * H),
      h: zeros(T + 1, B, H),
      weight: zeros(G * H, H),
      bias: zeros(G * H),
    });
    const [rnn, gru] = [cell(1), { ...cell(3), recurrent: zeros(T, B, 3 * H) }];
    const compact = (...shape: number[]) => backend.compact(shape);
    const lstm = {
      ...{ ...cell(4), gates: compact(T, B, 4 * H), h: compact(T + 1, B, H) },
      c: compact(T + 1, B, H),
      tanhC: backend.half ? undefined : zeros(T, B, H),
      state: backend.half ? zeros(B, H) : undefined,
    };
    const input = { x: nan(T, B, 3), weight: zeros(4 * H, 3), bias: zeros(4 * H) };
    backend.rnnForward({ T, B, H }, rnn);
    backend.gruForward({ T, B, H }, gru);
    backend.lstmForward({ T, B, H }, lstm, input);
    const norm = {
      ...{ ...lstm, h: compact(T + 1, B, H), gain: zeros(4 * H) },
      ...{ normalised: compact(T, B, 4 * H), scales: zeros(T, B, 4) },
    };
    backend.lstmNormForward({ T, B, H }, norm, input);
    for (const { h } of [rnn, gru, lstm, norm]) {
      expect(
        backend
          .read(h)
          .subarray(B * H)
          .every(Number.isNaN),
      ).toBe(true);
    }
  });
});
