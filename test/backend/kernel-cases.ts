/**
 * The cases of the kernels' test, each declared once: shapes, the call, and how far a result may be off.
 */
import { casesOfCells, cellCases } from './cell-cases.js';
import type { KernelCase } from './kernel-case.js';

export const sizes = [1, 7, 65, 129];
const gemmTolerance = 2e-6;

/** Products, their error relative to Σ|a||b| ~ K · (mean |a|)(mean |b|). */
export const productCases = ([M, N, K]: readonly [number, number, number]): KernelCase[] => [
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
  {
    name: `products of compact tensors ${M}×${N}×${K}`,
    tensors: { y: [M, N], x: [M, K], w: [N, K], dx: [M, K], dy: [M, N], dw: [N, K], db: [N] },
    compact: ['x', 'dy'],
    run: (backend, { y, x, w, dx, dy, dw, db }) => {
      backend.linear(y, x, w, undefined);
      backend.linearBackwardInput(dx, dy, w, false);
      backend.linearBackwardWeight(dw, db, dy, x);
    },
    outputs: ['y', 'dx', 'dw', 'db'],
    forwardOutputs: ['y'],
    tolerance: gemmTolerance * (Math.max(M, N, K) + 1),
  },
];

const products: KernelCase[] = [
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
].flatMap(productCases);

/** Blocks at their fullest: they take all of the memory that is given to packed and copied rows. */
const fullBlocks: KernelCase[] = [
  {
    name: 'linearBackwardInput of full blocks of copied rows',
    tensors: { dx: [140, 128], dy: [140, 5120], w: [5120, 128] },
    run: (backend, { dx, dy, w }) => backend.linearBackwardInput(dx, dy, w, false),
    outputs: ['dx'],
    tolerance: gemmTolerance * 5120,
  },
  {
    name: 'linearBackwardWeight of full blocks of packed rows',
    tensors: { dw: [840, 33], db: [840], dy: [384, 840], x: [384, 33] },
    run: (backend, { dw, db, dy, x }) => backend.linearBackwardWeight(dw, db, dy, x),
    outputs: ['dw', 'db'],
    tolerance: gemmTolerance * 385,
  },
];

/** Of rows of n elements each; rows: how many there are, where a case does not have a number of its own */
export function elementCases(n: number, rows?: number): KernelCase[] {
  const label = rows === undefined ? `${n}` : `${rows} × ${n}`;
  return [
    {
      name: `gather ${label}`,
      tensors: { y: [rows ?? 33, n], table: [9, n] },
      ids: { count: rows ?? 33, below: 9 },
      run: (backend, { y, table }, ids) => backend.gather(y, table, ids),
      outputs: ['y'],
      tolerance: 0,
    },
    {
      name: `scatterAdd ${label}`,
      tensors: { table: [9, n], dy: [rows ?? 33, n] },
      ids: { count: rows ?? 33, below: 9 },
      run: (backend, { table, dy }, ids) => backend.scatterAdd(table, dy, ids),
      outputs: ['table'],
      tolerance: 1e-5,
    },
    {
      name: `transpose and back ${label}`,
      tensors: {
        y: [n, rows ?? 7],
        x: [rows ?? 7, n],
        b: [rows ?? 7],
        dx: [rows ?? 7, n],
        db: [rows ?? 7],
      },
      run: (backend, { y, x, b, dx, db }) => {
        backend.transpose(y, x, b);
        backend.transposeBackward(dx, db, y);
      },
      outputs: ['y', 'dx', 'db'],
      tolerance: 3e-5,
    },
    {
      name: `softmaxCrossEntropy ${label}, loss alone`,
      tensors: { losses: [rows ?? 5], logits: [rows ?? 5, n] },
      scale: 6,
      ids: { count: rows ?? 5, below: n },
      run: (backend, { losses, logits }, ids) =>
        backend.softmaxCrossEntropy(losses, logits, ids, 0),
      outputs: ['losses', 'logits'],
      tolerance: 3e-6,
    },
    {
      name: `softmaxCrossEntropy ${label}, with gradient`,
      tensors: { losses: [rows ?? 5], logits: [rows ?? 5, n] },
      scale: 6,
      ids: { count: rows ?? 5, below: n },
      run: (backend, { losses, logits }, ids) =>
        backend.softmaxCrossEntropy(losses, logits, ids, 0.5),
      outputs: ['losses', 'logits'],
      tolerance: 3e-6,
    },
    ...[false, true].map(
      (locked): KernelCase => ({
        name: `dropout ${label}, ${locked ? 'locked' : 'per step'}`,
        tensors: { y: [rows ?? 4, 3, n], x: [rows ?? 4, 3, n] },
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
      name: `dropout, add and copy of compact tensors ${label}`,
      tensors: {
        x: [rows ?? 4, 3, n],
        y: [rows ?? 4, 3, n],
        z: [rows ?? 4, 3, n],
        w: [rows ?? 4, 3, n],
      },
      compact: ['y', 'z'],
      run: (backend, { x, y, z, w }) => {
        const mask = {
          rate: 0.4,
          key: [-5, 77],
          firstRow: 2,
          totalRows: 9,
          locked: false,
        } as const;
        backend.dropout(y, x, mask);
        backend.add(y, z);
        backend.copy(w, y);
        backend.copy(z, x);
      },
      outputs: ['y', 'z', 'w'],
      tolerance: 1e-6,
      halfTolerance: 2 ** -7,
    },
    {
      name: `scatterAdd of a compact tensor ${label}`,
      tensors: { table: [9, n], dy: [rows ?? 33, n] },
      compact: ['dy'],
      ids: { count: rows ?? 33, below: 9 },
      run: (backend, { table, dy }, ids) => backend.scatterAdd(table, dy, ids),
      outputs: ['table'],
      tolerance: 1e-5,
    },
    {
      name: `adam with both decays ${n}`,
      tensors: { w: [n], g: [n], m: [n], v: [n] },
      run: async (backend, { w, g, m, v }) => {
        // second moments are not negative
        backend.write(v, Array.from(await backend.read(v), Math.abs));
        const step = { rate: 0.01, beta1: 0.9, beta2: 0.99, epsilon: 1e-8, step: 3 };
        backend.adam(w, g, m, v, { ...step, l2: 0.1, decay: 0.2, gradientScale: 0.5 });
      },
      outputs: ['w', 'm', 'v'],
      tolerance: 3e-6,
    },
    {
      name: `rmsprop ${n}`,
      tensors: { w: [n], g: [n], v: [n] },
      run: async (backend, { w, g, v }) => {
        backend.write(v, Array.from(await backend.read(v), Math.abs));
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
  ];
}

/**
 * Five iterations magnify the rounding of small singular values: by 3.4 each, at the most. In half precision, where two
 * orders of summation differ, a number may be rounded to its other neighbour. One number of the gradient moved to its
 * neighbour changes the weights by up to 0.0043 in float64 (60 trials for each of five sizes from 17 × 17 to 65 × 129).
 */
export const muonCase = (shape: readonly number[]): KernelCase => ({
  name: `muon ${shape.join(' × ')}`,
  tensors: { w: shape, g: shape, m: shape },
  run: (backend, { w, g, m }) =>
    backend.muon(w, g, m, { rate: 0.1, momentum: 0.9, decay: 0.1, gradientScale: 2 }),
  outputs: ['w', 'm'],
  tolerance: 2e-5,
  halfTolerance: 6e-3,
});

const muonCases: KernelCase[] = [
  ...[1, 7, 65, 129].map((n) => [n, n]),
  ...[
    [1, 65],
    [65, 7],
    [65, 129],
    [129, 65],
  ],
].map(muonCase);

/** T queries a row, over S positions */
export const attentionCase = ([T, S, B, H]: readonly number[]): KernelCase => ({
  name: `attention, T ${T}, S ${S}, B ${B}, H ${H}`,
  tensors: {
    ...{ query: [T, B, H], memory: [S, B, 2 * H], weights: [T, B, S], context: [T, B, H] },
    ...{ dContext: [T, B, H], dQuery: [T, B, H], dMemory: [S, B, 2 * H] },
  },
  scale: 1 / Math.sqrt(Math.sqrt(H)),
  run: (backend, { query, memory, weights, context, dContext, dQuery, dMemory }) => {
    const buffers = { query, memory, weights };
    backend.attentionForward({ T, S, B, H }, buffers, context);
    backend.attentionBackward({ T, S, B, H }, buffers, dContext, dQuery, dMemory);
  },
  outputs: ['context', 'weights', 'dQuery', 'dMemory'],
  tolerance: 5e-6,
});

const attention: KernelCase[] = [
  [1, 1, 1, 1],
  [3, 5, 2, 7],
  [2, 17, 3, 65],
  [4, 33, 2, 16],
].map(attentionCase);

/** Everything that clamps: exp and tanh within the cells, the largest of the logits. */
const poisoned: KernelCase[] = [
  ...casesOfCells([3, 2, 7], false).map((c): KernelCase => ({ ...c, poisoned: 'gates' })),
  ...elementCases(65)
    .filter(({ tensors }) => 'logits' in tensors)
    .map((c): KernelCase => ({ ...c, poisoned: 'logits' })),
  ...elementCases(7)
    .filter(({ name }) => name.startsWith('add, lerp and clamp'))
    .map((c): KernelCase => ({ ...c, poisoned: 'x' })),
].map((c) => ({ ...c, name: `${c.name}, with one that is not a number` }));

/** All of them; every name occurs once. */
export const kernelCases: readonly KernelCase[] = [
  ...products,
  ...fullBlocks,
  ...cellCases,
  ...muonCases,
  ...attention,
  ...poisoned,
  ...sizes.flatMap((n) => elementCases(n)),
];
