/** Updates against the formulas of their papers, written out in float64, and how parameters are shared. */
import { describe, expect, test } from 'vitest';
import { parameterTable } from '#charnn/model/parameters.js';
import type { OptimizerConfig } from '#charnn/train/train-config.js';
import { emaWeight, momentCount, update } from '#charnn/train/update/optimizers.js';
import { dealMatrices, sliceParameters } from '#charnn/train/update/parameter-parts.js';
import { availableBackends } from '../backends.js';

const base: OptimizerConfig = {
  ...{ optimizer: 'adam', weightDecay: 0.1, beta1: 0.9, beta2: 0.99, alpha: 0.95 },
  ...{ momentum: 0.8, epsilon: 1e-8 },
};
const rate = 0.05;
const scale = 0.5;
const start = [0.5, -1, 2, 0.25];
/** Gradients of three steps */
const gradients = [
  [1, -0.5, 0.25, 4],
  [-2, 0.125, 0.5, 1],
  [0.5, 3, -1, 0.75],
];

/** Weights after the three steps, an element at a time: `next` gives the new weight. */
function expected(next: (w: number, g: number, t: number, memory: number[]) => number): number[] {
  return start.map((first, i) => {
    const memory = [0, 0];
    return gradients.reduce((w, g, t) => next(w, scale * g[i], t + 1, memory), first);
  });
}

/** Kingma & Ba 2015; `l2` is added to the gradient, `decay` acts on the weight (Loshchilov & Hutter 2019) */
function adam(l2: number, decay: number) {
  const { beta1, beta2, epsilon } = base;
  return (w: number, g: number, t: number, memory: number[]) => {
    const gradient = g + l2 * w;
    memory[0] = beta1 * memory[0] + (1 - beta1) * gradient;
    memory[1] = beta2 * memory[1] + (1 - beta2) * gradient ** 2;
    const mean = memory[0] / (1 - beta1 ** t);
    const square = memory[1] / (1 - beta2 ** t);
    return w * (1 - rate * decay) - (rate * mean) / (Math.sqrt(square) + epsilon);
  };
}

const rules = [
  ['adam', true, adam(0.1, 0)],
  ['adam', false, adam(0, 0)],
  ['adamw', true, adam(0, 0.1)],
  ['adamw', false, adam(0, 0)],
  // Muon leaves what is no matrix to AdamW
  ['muon', true, adam(0, 0.1)],
  [
    'rmsprop',
    true,
    (w: number, g: number, _: number, memory: number[]) => {
      const gradient = g + 0.1 * w;
      memory[0] = 0.95 * memory[0] + 0.05 * gradient ** 2;
      return w - (rate * gradient) / (Math.sqrt(memory[0]) + 1e-8);
    },
  ],
  [
    'sgd',
    true,
    (w: number, g: number, _: number, memory: number[]) => {
      memory[0] = 0.8 * memory[0] + g + 0.1 * w;
      return w - rate * memory[0];
    },
  ],
] as const;

describe.each(availableBackends)('%s', (_, makeBackend) => {
  test.each(rules)('three updates of %s (decays: %s) follow the formula', (name, decays, rule) => {
    const backend = makeBackend();
    const list = (values: readonly number[]) => {
      const tensor = backend.tensor([values.length]);
      backend.write(tensor, values);
      return tensor;
    };
    const weight = list(start);
    const gradient = list(start.map(() => 0));
    const moments = Array.from({ length: momentCount(name) }, () => list(start.map(() => 0)));
    const part = { start: 0, decays, weight, gradient, moments, ema: undefined };
    gradients.forEach((values, t) => {
      backend.write(gradient, values);
      update(backend, { ...base, optimizer: name }, part, {
        learningRate: rate,
        step: t + 1,
        gradientScale: scale,
      });
    });
    const computed = Array.from(backend.read(weight));
    expected(rule).forEach((value, i) => {
      expect(Math.abs(computed[i] - value), `element ${i}`).toBeLessThan(2e-6);
    });
  });

  test('Muon moves an orthogonal gradient by the rate in every direction', () => {
    const backend = makeBackend();
    const square = (values: readonly number[]) => {
      const tensor = backend.tensor([2, 2]);
      backend.write(tensor, values);
      return tensor;
    };
    const zeros = [0, 0, 0, 0];
    const [weight, gradient] = [square(zeros), square([0, 3, -3, 0])];
    const moments = [square(zeros), square(zeros)];
    const part = { start: 0, decays: false, weight, gradient, moments, ema: undefined };
    update(backend, { ...base, optimizer: 'muon' }, part, {
      learningRate: rate,
      step: 1,
      gradientScale: 1,
    });
    const [a, b, c, d] = backend.read(weight);
    // the gradient's direction is kept, its size is not: the singular values come near to 1
    expect(Math.abs(a) + Math.abs(d)).toBeLessThan(1e-6);
    expect(b).toBeCloseTo(-c, 6);
    expect(b).toBeLessThan(0);
    const opposite = square(zeros);
    const larger = { ...part, weight: opposite, gradient: square([0, 300, -300, 0]) };
    const fresh = { ...larger, moments: [square(zeros), square(zeros)] };
    update(backend, { ...base, optimizer: 'muon' }, fresh, {
      learningRate: rate,
      step: 1,
      gradientScale: 1,
    });
    expect(backend.read(opposite)[1]).toBeCloseTo(b, 5);
  });

  test.each([1, 2, 3, 7])('%d replicas: each parameter is one replica’s, once', (count) => {
    const backend = makeBackend();
    const config = { cell: 'gru', layers: 2, hidden: 5, embedding: 3, vocabulary: 9 } as const;
    const { parameters, flatSize } = parameterTable(config);
    const list = () => backend.tensor([flatSize]);
    const flat = { weights: list(), gradients: list(), moments: [], ema: undefined };
    const indices = Array.from({ length: count }, (_, index) => index);
    const inTable = parameters.reduce((sum, { size }) => sum + size, 0);

    const mark = (parts: readonly { weight: Parameters<typeof backend.fill>[0] }[]) => {
      const ones = list();
      for (const { weight } of parts) {
        backend.fill(weight, 1);
        backend.add(ones, flat.weights);
        backend.fill(weight, 0);
      }
      return Array.from(backend.read(ones));
    };
    const slices = indices.flatMap((i) => sliceParameters(backend, parameters, flat, i, count));
    const shared = mark(slices);
    expect(Math.max(...shared)).toBe(1);
    expect(shared.reduce((a, b) => a + b)).toBe(inTable);

    const single = parameters.filter(({ gates }) => gates === 0);
    const dealt = indices.flatMap((i) => [
      ...dealMatrices(backend, parameters, flat, i, count),
      ...sliceParameters(backend, single, flat, i, count),
    ]);
    const owned = mark(dealt);
    expect(Math.max(...owned)).toBe(1);
    expect(owned.reduce((a, b) => a + b)).toBe(inTable);
  });
});

test('the moving average forgets its beginning quickly and comes to its decay', () => {
  expect(emaWeight(0.995, 1)).toBeCloseTo(1 - 2 / 11, 12);
  expect(emaWeight(0.995, 8)).toBeCloseTo(0.5, 12);
  expect(emaWeight(0.995, 1e6)).toBeCloseTo(0.005, 12);
});
