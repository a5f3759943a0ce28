/** Gradients of a network against central differences, in float64 on the reference back end. */
import { expect } from 'vitest';
import type { Backend, Indices } from '#charnn/backend/backend.js';
import type { LabelRows } from '#charnn/model/labels.js';
import type { ModelConfig } from '#charnn/model/model-config.js';
import { Network, type State } from '#charnn/model/network.js';
import { ParameterTensors, parameterTable } from '#charnn/model/parameters.js';
import { Random } from '#charnn/model/random.js';
import { referenceBackend } from '../backends.js';

export interface Case {
  readonly config: ModelConfig;
  readonly T: number;
  readonly B: number;
  readonly dropout: number;
  readonly locked?: boolean;
  readonly weightDrop?: number;
  /** Of the differences; a smaller one where a function has a kink */
  readonly step?: number;
}

/** A network in float64 with random weights, and a chunk of random ids from a random state. */
export function build({ config, T, B, dropout, locked = false, weightDrop = 0 }: Case) {
  const backend = referenceBackend('float64');
  const table = parameterTable(config);
  const random = new Random(7);
  const values = Array.from({ length: table.flatSize }, () => random.normal() * 0.5);
  const flat = backend.tensor([table.flatSize]);
  const gradientFlat = backend.tensor([table.flatSize]);
  const network = new Network(
    backend,
    config,
    new ParameterTensors(backend, table, flat),
    new ParameterTensors(backend, table, gradientFlat),
    {
      maxRows: T * B,
      maxBatch: B,
      training: true,
      dropout: dropout > 0,
      weightDrop: weightDrop > 0,
    },
  );
  const ids = (): Indices => {
    const list = backend.indices(T * B);
    const draw = () => Math.floor(random.uniform() * config.vocabulary);
    backend.writeIndices(list, Array.from({ length: T * B }, draw));
    return list;
  };
  const [inputs, targets] = [ids(), ids()];
  const initial = network.createState(B);
  for (const s of initial.flat()) {
    backend.write(
      s,
      Array.from({ length: s.size }, () => random.normal() * 0.5),
    );
  }
  const state = network.createState(B);
  const copyState = (from: State) =>
    from.forEach((layer, l) => {
      layer.forEach((s, k) => {
        backend.copy(state[l][k], s);
      });
    });
  const labels = config.labels && labelRows(backend, config.labels, T * B);
  const scale = 1 / (T * B);
  const loss = (weights: readonly number[]): number => {
    backend.write(flat, weights);
    copyState(initial);
    const masks = {
      ...{ rate: dropout, locked, weightRate: weightDrop, seed: 3, step: 5 },
      ...{ firstRow: 1, totalRows: B + 2 },
    };
    network.forward(inputs, T, B, state, masks, undefined, labels);
    return backend.sum(network.loss(targets, 0)) * scale;
  };
  const gradient = () => {
    loss(values);
    network.loss(targets, scale);
    const dState = network.backward();
    return { weights: backend.read(gradientFlat), state: dState.map((d) => backend.read(d)) };
  };
  return { table, values, loss, gradient, backend, initial };
}

/** Labels of rows: row i has value i mod n of a label with n values. */
export function labelRows(backend: Backend, counts: readonly number[], rows: number): LabelRows {
  const ids = backend.indices(counts.length * rows);
  const values = counts.flatMap((count, c) => {
    const before = counts.slice(0, c).reduce((sum, n) => sum + n, 0);
    return Array.from({ length: rows }, (_, i) => before + (i % count));
  });
  backend.writeIndices(ids, values);
  return { ids, count: rows };
}

/** (f(x+ε) - f(x-ε)) / 2ε, with the error term of order ε² removed (Richardson). */
export function derivative(f: (x: number) => number, x: number, step = 2e-3): number {
  const central = (step: number) => (f(x + step) - f(x - step)) / (2 * step);
  return (4 * central(step / 2) - central(step)) / 3;
}

const tolerance = 1e-6;

/** Every parameter's gradient to 1e-6 of the parameter's largest */
export function checkGradients(c: Case): void {
  const { table, values, loss, gradient } = build(c);
  const computed = gradient().weights;
  for (const { name, start, size } of table.parameters) {
    let scale = 0;
    for (let i = 0; i < size; i++) scale = Math.max(scale, Math.abs(computed[start + i]));
    expect(scale, `${name} has a gradient`).toBeGreaterThan(0);
    for (let i = 0; i < size; i++) {
      const weights = values.slice();
      const numeric = derivative(
        (x) => {
          weights[start + i] = x;
          return loss(weights);
        },
        values[start + i],
        c.step,
      );
      const error = Math.abs(numeric - computed[start + i]) / scale;
      expect(error, `${name}[${i}]`).toBeLessThan(tolerance);
    }
  }
}

/** The gradient w.r.t. the state before the chunk, of a network of one layer, to 1e-6 */
export function checkStateGradient(c: Case): void {
  const { values, loss, gradient, backend, initial } = build(c);
  const computed = gradient().state;
  initial[0].forEach((s, k) => {
    const start = Array.from(backend.read(s));
    for (let i = 0; i < s.size; i++) {
      const numeric = derivative(
        (x) => {
          const changed = start.slice();
          changed[i] = x;
          backend.write(s, changed);
          return loss(values);
        },
        start[i],
        c.step,
      );
      backend.write(s, start);
      expect(Math.abs(numeric - computed[k][i])).toBeLessThan(tolerance);
    }
  });
}
