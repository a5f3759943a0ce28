/**
 * Every operation on every back end against the reference in float64, whose gradients are in turn checked by
 * central differences. Nothing may be written beyond an output, nor beyond the kernels' own memory.
 */
import { describe, expect, test } from 'vitest';
import type { Tensor } from '#charnn/backend/backend.js';
import { Random } from '#charnn/model/random.js';
import { randomValues } from './guarded.js';
import type { KernelCase } from './kernel-case.js';
import { kernelCases } from './kernel-cases.js';
import { float64Reference, hasNative, type Machine, machines } from './machines.js';

test('native and wasm are among the back ends tested', () => {
  const names = machines.map(([name]) => name.split(' ')[0]);
  expect(names).toContain('wasm');
  // without a C compiler there is no native back end to test
  if (hasNative) expect(names).toContain('native');
});

test('every case can be named', () => {
  expect(new Set(kernelCases.map(({ name }) => name)).size).toBe(kernelCases.length);
});

function run({ backend, guarded }: Machine, c: KernelCase) {
  const random = new Random(11);
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

const oracles = new Map<KernelCase, ReturnType<typeof run>>();

function oracle(c: KernelCase): ReturnType<typeof run> {
  const known = oracles.get(c) ?? run(float64Reference(), c);
  oracles.set(c, known);
  return known;
}

/** The first value that is too far off, with the right one; undefined when none is. */
function firstDifference(c: KernelCase, computed: ReturnType<typeof run>) {
  const expected = oracle(c);
  for (const [index, [name, values]] of expected.outputs.entries()) {
    const got = computed.outputs[index][1];
    for (let i = 0; i < values.length; i++) {
      // not-a-number is never close
      if (!(Math.abs(got[i] - values[i]) <= c.tolerance * Math.max(1, Math.abs(values[i])))) {
        return `${name}[${i}] is ${got[i]}, not ${values[i]}`;
      }
    }
  }
  return undefined;
}

describe.each(machines)('%s', (_, makeMachine) => {
  test.each(kernelCases.map((c) => [c.name, c] as const))('%s', (_name, c) => {
    const computed = run(makeMachine(), c);
    expect(computed.overrun).toEqual([]);
    expect(firstDifference(c, computed)).toBeUndefined();
  });
});
