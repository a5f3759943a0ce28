/**
 * Every operation on every back end against the reference in float64, whose gradients are in turn checked by
 * central differences, and in other precisions against the reference that rounds its factors. Nothing may be written
 * beyond an output, nor beyond the kernels' own memory.
 */
import { describe, expect, test } from 'vitest';
import { kernelCases } from './kernel-cases.js';
import { hasNative, machines } from './machines.js';
import { casesIn, firstDifference, runCase } from './run-case.js';

test('native and wasm are among the back ends tested', () => {
  const names = machines.map(([name]) => name.split(' ')[0]);
  expect(machines.map(([name]) => name)).toEqual(
    expect.arrayContaining(['wasm (simd)', 'wasm (relaxed)']),
  );
  // without a C compiler there is no native back end to test
  if (hasNative) expect(names).toContain('native');
});

test('every case can be named', () => {
  expect(new Set(kernelCases.map(({ name }) => name)).size).toBe(kernelCases.length);
});

describe.each(machines)('%s', (_, makeMachine, precision) => {
  test.each(casesIn(precision, kernelCases).map((c) => [c.name, c] as const))(
    '%s',
    async (_name, c) => {
      const computed = await runCase(makeMachine(), c, precision);
      expect(computed.overrun).toEqual([]);
      expect(await firstDifference(c, computed, precision)).toBeUndefined();
    },
  );
});
