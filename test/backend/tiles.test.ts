/**
 * The kernels for AMX on any processor: compiled with its instructions as plain C, which round as a processor does.
 * Every case of the kernels' test has to hold for them, and a product has to be, bit by bit, what the instruction's
 * description says.
 */
import { createRequire } from 'node:module';
import { afterAll, describe, expect, test } from 'vitest';
import { roundedToHalf } from '#charnn/backend/half.js';
import { Heap } from '#charnn/backend/heap.js';
import type { NativeAddon } from '#charnn/backend/native.js';
import { Random } from '#charnn/model/random.js';
import { hasCompiler, standIns, Workshop } from '../sanitize/toolchain.js';
import { randomValues } from './guarded.js';
import { kernelCases } from './kernel-cases.js';
import { guardedMachine } from './machines.js';
import { rowsOfOtherBits } from './row-bits.js';
import { casesIn, firstDifference, runCase } from './run-case.js';

const able = process.platform === 'linux' && hasCompiler();
const workshop = new Workshop();
afterAll(() => workshop.remove());

async function openMachines() {
  const recipe = { name: 'tiles', optimise: '-O2', levels: ['emulatedamx'] } as const;
  const addon = createRequire(import.meta.url)(await workshop.addon(recipe)) as NativeAddon;
  const source = new Heap(addon);
  const kernels = addon.open(standIns.emulatedamx);
  return () => guardedMachine(source, 'amxbf16, emulated', kernels);
}
const makeMachine = able ? await openMachines() : undefined;

/** Numbers that an instruction takes along k */
const blockNumbers = 32;

/**
 * One element of C = start + A · Wᵀ by the description of TDPBF16PS: of every 32 numbers the sum of those in even
 * places, and of those in odd places, each multiply-add rounded once; then both, then the element. Products of two
 * bfloat16 are float32 without rounding, and float64 adds two float32 so that rounding the sum to float32 is right.
 */
function element(start: number, a: Float32Array, w: Float32Array): number {
  let c = start;
  for (let k0 = 0; k0 < a.length; k0 += blockNumbers) {
    const sums = [0, 0];
    for (let k = k0; k < Math.min(a.length, k0 + blockNumbers); k++) {
      sums[k % 2] = Math.fround(sums[k % 2] + a[k] * w[k]);
    }
    c = Math.fround(c + Math.fround(sums[0] + sums[1]));
  }
  return c;
}

const rowOf = (matrix: Float32Array, row: number, width: number) =>
  matrix.subarray(row * width, (row + 1) * width);

describe.skipIf(makeMachine === undefined)('AMX, emulated', () => {
  const make = makeMachine as NonNullable<typeof makeMachine>;

  test.each(casesIn('bf16', kernelCases).map((c) => [c.name, c] as const))(
    '%s',
    async (_name, c) => {
      const computed = await runCase(make(), c, 'bf16');
      expect(computed.overrun).toEqual([]);
      expect(await firstDifference(c, computed, 'bf16')).toBeUndefined();
    },
  );

  test('a row of a product has the same bits whatever rows are beside it', () => {
    expect(rowsOfOtherBits(make().backend)).toEqual([]);
  });

  // one register and several, with rows, columns and numbers left over; more than one block of k and of rows
  test.each([
    [1, 1, 1],
    [2, 16, 32],
    [17, 33, 31],
    [32, 32, 64],
    [33, 49, 97],
    [170, 40, 70],
    [5, 20, 1100],
  ])('a product of %i × %i × %i is what the instruction says', (M, N, K) => {
    const { backend } = make();
    const random = new Random(M + N + K);
    const draw = (count: number) =>
      roundedToHalf(Float32Array.from(randomValues(random, count, 1)));
    const [a, w, b] = [draw(M * K), draw(N * K), draw(N)];
    const [x, weight, bias, y] = [[M, K], [N, K], [N], [M, N]].map((shape) =>
      backend.tensor(shape),
    );
    for (const [tensor, values] of [
      [x, a],
      [weight, w],
      [bias, b],
    ] as const) {
      backend.write(tensor, values);
    }
    backend.linear(y, x, weight, bias);
    const expected = Float32Array.from({ length: M * N }, (_, i) => {
      const [m, n] = [Math.floor(i / N), i % N];
      return element(b[n], rowOf(a, m, K), rowOf(w, n, K));
    });
    expect(backend.read(y)).toEqual(expected);
  });
});
