/**
 * Every verb on every back end against the reference in float64, whose gradients are in turn checked by
 * central differences. A case is declared once: shapes, the call, and how far a result may be off.
 */

import { describe, expect, test } from 'vitest';
import { Arena } from '#charnn/backend/arena.js';
import type { Backend, Indices, Tensor } from '#charnn/backend/backend.js';
import { createNative, loadNative } from '#charnn/backend/native.js';
import { ReferenceBackend } from '#charnn/backend/reference.js';
import { createWasm, type WasmVariant } from '#charnn/backend/wasm.js';
import { Random } from '#charnn/model/random.js';
import { Guarded, randomValues } from './guarded.js';

// --- the back ends of this machine, native at each instruction level ---

const machines: [string, () => Backend][] = [
  ['reference', () => new ReferenceBackend(new Arena())],
];
const addon = loadNative();
if (!('missing' in addon)) {
  for (const level of addon.levels()) {
    machines.push([`native ${level}`, () => built(createNative(new Arena(), level))]);
  }
}
for (const variant of ['simd', 'relaxed'] as WasmVariant[]) {
  const make = () => createWasm(new Arena(), variant);
  if (!('missing' in make())) machines.push([`wasm ${variant}`, () => built(make())]);
}

function built<T extends object>(made: T | { readonly missing: string }): T {
  if ('missing' in made) throw new Error(String(made.missing));
  return made as T;
}

test('native and wasm are among the back ends tested', () => {
  const names = machines.map(([name]) => name.split(' ')[0]);
  expect(names).toContain('wasm');
  // without a C compiler there is no native back end to test
  if (!('missing' in addon)) expect(names).toContain('native');
});

// --- cases ---

interface Case {
  readonly name: string;
  /** Inputs and outputs by name; `scale` of the random values, 1 unless given */
  readonly tensors: Readonly<Record<string, readonly number[]>>;
  readonly scale?: number;
  readonly ids?: { readonly count: number; readonly below: number };
  run(backend: Backend, t: Readonly<Record<string, Tensor>>, ids: Indices): void;
  readonly outputs: readonly string[];
  /** Largest |error|, for an output whose inputs' products sum up to `magnitude` in absolute value */
  readonly tolerance: number;
}

const sizes = [1, 7, 65, 129];
const gemmTolerance = 2e-6;

/** Products, their error relative to Σ|a||b| ~ K · (mean |a|)(mean |b|). */
const products: Case[] = [
  ...sizes.flatMap((M) =>
    sizes.flatMap((N) => sizes.map((K): [number, number, number] => [M, N, K])),
  ),
  [3, 1024, 520] as [number, number, number],
  [300, 33, 17] as [number, number, number],
  [160, 40, 800] as [number, number, number],
  // x of whole panels, read where it is and, of longer rows, packed; several blocks of everything
  [400, 150, 96] as [number, number, number],
  [400, 20, 544] as [number, number, number],
  // rows that stand a multiple of 4 kB apart
  [150, 1024, 130] as [number, number, number],
].flatMap(([M, N, K]): Case[] => [
  {
    name: `linear ${M}×${N}×${K}`,
    tensors: { y: [M, N], x: [M, K], w: [N, K], b: [N] },
    run: (backend, { y, x, w, b }) => backend.linear(y, x, w, b),
    outputs: ['y'],
    tolerance: gemmTolerance * (K + 1),
  },
  {
    name: `linear with a frozen weight and no bias ${M}×${N}×${K}`,
    tensors: { y: [M, N], x: [M, K], w: [N, K] },
    run: (backend, { y, x, w }) => {
      backend.freeze(w);
      backend.linear(y, x, w, undefined);
      backend.thaw(w);
    },
    outputs: ['y'],
    tolerance: gemmTolerance * K,
  },
  {
    name: `linearBackwardInput ${M}×${N}×${K}`,
    tensors: { dx: [M, K], dy: [M, N], w: [N, K] },
    run: (backend, { dx, dy, w }) => backend.linearBackwardInput(dx, dy, w, M % 2 === 0),
    outputs: ['dx'],
    tolerance: gemmTolerance * (N + 1),
  },
  {
    name: `linearBackwardWeight ${M}×${N}×${K}`,
    tensors: { dw: [N, K], db: [N], dy: [M, N], x: [M, K] },
    run: (backend, { dw, db, dy, x }) => backend.linearBackwardWeight(dw, db, dy, x),
    outputs: ['dw', 'db'],
    tolerance: gemmTolerance * (M + 1),
  },
]);

const chunks: [T: number, B: number, H: number][] = [
  [1, 1, 1],
  [3, 2, 7],
  [2, 13, 65],
  [3, 4, 129],
  [4, 25, 64],
];

const cellCases: Case[] = chunks.flatMap((chunk) => [
  ...casesOfCells(chunk, false),
  ...casesOfCells(chunk, true),
]);

/** looksUp: whether the input projection is looked up in a table, not found in the gates */
function casesOfCells([T, B, H]: [number, number, number], looksUp: boolean): Case[] {
  const size = { T, B, H };
  const label = `T ${T}, B ${B}, H ${H}${looksUp ? ', looked up' : ''}`;
  const input = (gates: number) =>
    looksUp ? { tensors: { table: [5, gates * H] }, ids: { count: T * B, below: 5 } } : {};
  const lookupOf = (table: Tensor | undefined, ids: Indices) => table && { table, ids };
  const shared = { h: [T + 1, B, H], dy: [T, B, H], dh: [B, H] };
  const lstmTensors = {
    ...{ gates: [T, B, 4 * H], c: [T + 1, B, H], tanhC: [T, B, H] },
    ...{ weight: [4 * H, H], bias: [4 * H], dc: [B, H] },
    ...shared,
  };
  const scale = 1 / Math.sqrt(H);
  return [
    {
      name: `rnn, ${label}`,
      ...input(1),
      tensors: {
        ...{ gates: [T, B, H], weight: [H, H], bias: [H], ...shared },
        ...input(1).tensors,
      },
      scale,
      run: (backend, { gates, h, weight, bias, dy, dh, table }, ids) => {
        backend.rnnForward(size, { gates, h, weight, bias }, lookupOf(table, ids));
        backend.rnnBackward(size, { gates, h, weight, bias }, dy, dh);
      },
      outputs: ['h', 'gates', 'dh'],
      tolerance: 5e-6,
    },
    {
      name: `lstm, ${label}`,
      ...input(4),
      tensors: { ...lstmTensors, ...input(4).tensors },
      scale,
      run: (backend, { dy, dh, dc, table, ...buffers }, ids) => {
        const lstm = buffers as unknown as Parameters<Backend['lstmForward']>[1];
        backend.lstmForward(size, lstm, lookupOf(table, ids));
        backend.lstmBackward(size, lstm, dy, dh, dc);
      },
      outputs: ['h', 'c', 'tanhC', 'gates', 'dh', 'dc'],
      tolerance: 5e-6,
    },
    {
      name: `lstm with layer normalisation, ${label}`,
      ...input(4),
      tensors: {
        ...lstmTensors,
        ...input(4).tensors,
        gain: [4 * H],
        normalised: [T, B, 4 * H],
        scales: [T, B, 4],
        dGain: [4 * H],
        dBias: [4 * H],
      },
      scale,
      run: (backend, { dy, dh, dc, dGain, dBias, table, ...buffers }, ids) => {
        const lstm = buffers as unknown as Parameters<Backend['lstmNormForward']>[1];
        backend.lstmNormForward(size, lstm, lookupOf(table, ids));
        backend.lstmNormBackward(size, lstm, dy, dh, dc, dGain, dBias);
      },
      outputs: ['h', 'c', 'tanhC', 'gates', 'dh', 'dc', 'normalised', 'scales', 'dGain', 'dBias'],
      tolerance: 5e-6,
    },
    {
      name: `gru, ${label}`,
      ...input(3),
      tensors: {
        ...input(3).tensors,
        gates: [T, B, 3 * H],
        recurrent: [T, B, 3 * H],
        weight: [3 * H, H],
        bias: [3 * H],
        ...shared,
      },
      scale,
      run: (backend, { dy, dh, table, ...buffers }, ids) => {
        const gru = buffers as unknown as Parameters<Backend['gruForward']>[1];
        backend.gruForward(size, gru, lookupOf(table, ids));
        backend.gruBackward(size, gru, dy, dh);
      },
      outputs: ['h', 'gates', 'recurrent', 'dh'],
      tolerance: 5e-6,
    },
  ];
}

const rest: Case[] = sizes.flatMap((n): Case[] => [
  {
    name: `gather ${n}`,
    tensors: { y: [33, n], table: [9, n] },
    ids: { count: 33, below: 9 },
    run: (backend, { y, table }, ids) => backend.gather(y, table, ids),
    outputs: ['y'],
    tolerance: 0,
  },
  {
    name: `scatterAdd ${n}`,
    tensors: { table: [9, n], dy: [33, n] },
    ids: { count: 33, below: 9 },
    run: (backend, { table, dy }, ids) => backend.scatterAdd(table, dy, ids),
    outputs: ['table'],
    tolerance: 1e-5,
  },
  {
    name: `transpose and back ${n}`,
    tensors: { y: [n, 7], x: [7, n], b: [7], dx: [7, n], db: [7] },
    run: (backend, { y, x, b, dx, db }) => {
      backend.transpose(y, x, b);
      backend.transposeBackward(dx, db, y);
    },
    outputs: ['y', 'dx', 'db'],
    tolerance: 3e-5,
  },
  {
    name: `softmaxCrossEntropy ${n}, loss alone`,
    tensors: { losses: [5], logits: [5, n] },
    scale: 6,
    ids: { count: 5, below: n },
    run: (backend, { losses, logits }, ids) => backend.softmaxCrossEntropy(losses, logits, ids, 0),
    outputs: ['losses', 'logits'],
    tolerance: 3e-6,
  },
  {
    name: `softmaxCrossEntropy ${n}, with gradient`,
    tensors: { losses: [5], logits: [5, n] },
    scale: 6,
    ids: { count: 5, below: n },
    run: (backend, { losses, logits }, ids) =>
      backend.softmaxCrossEntropy(losses, logits, ids, 0.5),
    outputs: ['losses', 'logits'],
    tolerance: 3e-6,
  },
  ...[false, true].map(
    (locked): Case => ({
      name: `dropout ${n}, ${locked ? 'locked' : 'per step'}`,
      tensors: { y: [4, 3, n], x: [4, 3, n] },
      run: (backend, { y, x }) =>
        backend.dropout(y, x, { rate: 0.4, key: [-5, 77], firstRow: 2, totalRows: 9, locked }),
      outputs: ['y'],
      tolerance: 1e-6,
    }),
  ),
  {
    name: `add, lerp and clamp ${n}`,
    tensors: { x: [n], y: [n], z: [n] },
    run: (backend, { x, y, z }) => {
      backend.add(x, y);
      backend.lerp(x, z, 0.3);
      backend.clamp(x, 0.75);
    },
    outputs: ['x'],
    tolerance: 1e-6,
  },
  {
    name: `adam with both decays ${n}`,
    tensors: { w: [n], g: [n], m: [n], v: [n] },
    run: (backend, { w, g, m, v }) => {
      // second moments are not negative
      backend.write(v, Array.from(backend.read(v), Math.abs));
      const step = { rate: 0.01, beta1: 0.9, beta2: 0.99, epsilon: 1e-8, step: 3 };
      backend.adam(w, g, m, v, { ...step, l2: 0.1, decay: 0.2, gradientScale: 0.5 });
    },
    outputs: ['w', 'm', 'v'],
    tolerance: 3e-6,
  },
  {
    name: `rmsprop ${n}`,
    tensors: { w: [n], g: [n], v: [n] },
    run: (backend, { w, g, v }) => {
      backend.write(v, Array.from(backend.read(v), Math.abs));
      backend.rmsprop(w, g, v, {
        rate: 0.01,
        alpha: 0.9,
        epsilon: 1e-8,
        l2: 0.1,
        gradientScale: 2,
      });
    },
    outputs: ['w', 'v'],
    tolerance: 3e-6,
  },
  {
    name: `sgd ${n}`,
    tensors: { w: [n], g: [n], m: [n] },
    run: (backend, { w, g, m }) =>
      backend.sgd(w, g, m, { rate: 0.01, momentum: 0.9, l2: 0.1, gradientScale: 2 }),
    outputs: ['w', 'm'],
    tolerance: 3e-6,
  },
]);

/** Five iterations magnify the rounding of small singular values: by 3.4 each, at the most. */
const muonCases: Case[] = [
  ...[1, 7, 65, 129].map((n) => [n, n]),
  ...[
    [1, 65],
    [65, 7],
    [65, 129],
    [129, 65],
  ],
].map((shape) => ({
  name: `muon ${shape.join(' × ')}`,
  tensors: { w: shape, g: shape, m: shape },
  run: (backend, { w, g, m }) =>
    backend.muon(w, g, m, { rate: 0.1, momentum: 0.9, decay: 0.1, gradientScale: 2 }),
  outputs: ['w', 'm'],
  tolerance: 2e-5,
}));

// --- running them ---

function run(backend: Backend, c: Case) {
  const random = new Random(11);
  const guarded = new Guarded(backend);
  const tensors: Record<string, Tensor> = {};
  for (const [name, shape] of Object.entries(c.tensors)) {
    const count = shape.reduce((a, b) => a * b, 1);
    const scale = name.startsWith('d') ? 1 : (c.scale ?? 1);
    tensors[name] = guarded.tensor(name, shape, randomValues(random, count, scale));
  }
  const { count, below } = c.ids ?? { count: 1, below: 1 };
  const ids = backend.indices(count);
  backend.writeIndices(
    ids,
    Array.from({ length: count }, (_, i) => (i * 7 + 3) % below),
  );
  c.run(backend, tensors, ids);
  const outputs = c.outputs.map((name) => [name, backend.read(tensors[name])] as const);
  return { outputs, overrun: guarded.overrun() };
}

const oracles = new Map<Case, ReturnType<typeof run>>();

function oracle(c: Case): ReturnType<typeof run> {
  const known = oracles.get(c) ?? run(new ReferenceBackend(new Arena(), 'float64'), c);
  oracles.set(c, known);
  return known;
}

/** The index of the first value that is too far off, with both values; undefined when none is. */
function firstDifference(c: Case, computed: ReturnType<typeof run>) {
  const expected = oracle(c);
  for (const [index, [name, values]] of expected.outputs.entries()) {
    const got = computed.outputs[index][1];
    for (let i = 0; i < values.length; i++) {
      // not-a-number is never close
      if (!(Math.abs(got[i] - values[i]) <= c.tolerance * Math.max(1, Math.abs(values[i])))) {
        return `${c.name}: ${name}[${i}] is ${got[i]}, not ${values[i]}`;
      }
    }
  }
  return undefined;
}

describe.each(machines)('%s', (_, makeBackend) => {
  const groups = [
    ['products within 2e-6 · K of float64', products],
    ['cells over a chunk, forward and backward, within 5e-6 of float64', cellCases],
    ['Muon within 2e-5 of float64', muonCases],
    ['look-ups, loss, dropout and optimisers within their stated bounds', rest],
  ] as const;
  test.each(groups)('%s, nothing written beyond an output', (_title, cases) => {
    for (const c of cases) {
      const computed = run(makeBackend(), c);
      expect(computed.overrun, c.name).toEqual([]);
      expect(firstDifference(c, computed)).toBeUndefined();
    }
  });

  test('a copy reaches memory that has grown since the last one', () => {
    const backend = makeBackend();
    const small = backend.tensor([4]);
    backend.write(small, [1, 2, 3, 4]);
    // beyond the pages that there were
    backend.tensor([1 << 20]);
    const far = backend.tensor([4]);
    backend.copy(far, small);
    expect(Array.from(backend.read(far))).toEqual([1, 2, 3, 4]);
  });

  test('Muon makes the singular values of a step nearly one', () => {
    const backend = makeBackend();
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
      const backend = makeBackend();
      const x = backend.tensor([n]);
      backend.write(x, values);
      const sum = values.reduce((a, b) => a + b, 0);
      const squares = values.reduce((a, b) => a + b * b, 0);
      expect(Math.abs(backend.sum(x) - sum)).toBeLessThan(1e-6 * n);
      expect(Math.abs(backend.sumSquares(x) - squares) / squares).toBeLessThan(1e-6);
    }
  });

  test('tanh, logistic and softmax hold at extreme values', () => {
    const backend = makeBackend();
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
    const backend = makeBackend();
    for (const [N, K] of [
      [65, 129],
      [256, 1300],
    ]) {
      const random = new Random(N);
      const rows = 29;
      const fill = (shape: number[]) => {
        const x = backend.tensor(shape);
        backend.write(x, randomValues(random, x.size, 1));
        return x;
      };
      const [x, w, b] = [fill([rows, K]), fill([N, K]), fill([N])];
      const whole = backend.tensor([rows, N]);
      backend.linear(whole, x, w, b);
      for (const M of [1, 2, 3, 13, 28]) {
        const start = rows - M;
        const part = backend.tensor([M, N]);
        backend.linear(part, backend.view(x, start * K, [M, K]), w, b);
        expect(backend.read(part)).toEqual(backend.read(whole).subarray(start * N));
      }
    }
  });

  test('not-a-number is not hidden: in one of the logits, in the state of each cell', () => {
    const backend = makeBackend();
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
    const lstm = { ...cell(4), c: zeros(T + 1, B, H), tanhC: zeros(T, B, H) };
    backend.rnnForward({ T, B, H }, rnn);
    backend.gruForward({ T, B, H }, gru);
    backend.lstmForward({ T, B, H }, lstm);
    const norm = {
      ...{ ...cell(4), c: zeros(T + 1, B, H), tanhC: zeros(T, B, H), gain: zeros(4 * H) },
      ...{ normalised: zeros(T, B, 4 * H), scales: zeros(T, B, 4) },
    };
    backend.lstmNormForward({ T, B, H }, norm);
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
