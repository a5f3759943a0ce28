/** The promise that a row of a product does not depend on the rows beside it, whatever tiles they fall into. */
import { Random } from '#charnn/model/random.js';
import type { SyncBackend } from '../backends.js';
import { randomValues } from './guarded.js';

/** Sizes of products [N, K]: beside whole panels and rounds of steps, and more than a block of K */
const sizes = [
  [65, 129],
  [16, 23],
  [256, 1300],
];
const rows = 29;

/** @returns the products of fewer rows that differ from the same rows of a product of all, in words */
export function rowsOfOtherBits(backend: SyncBackend): string[] {
  return sizes.flatMap(([N, K]) => {
    const random = new Random(N);
    const fill = (shape: number[]) => {
      const x = backend.tensor(shape);
      backend.write(x, randomValues(random, x.size, 1));
      return x;
    };
    const [x, w, b] = [fill([rows, K]), fill([N, K]), fill([N])];
    const whole = backend.tensor([rows, N]);
    backend.linear(whole, x, w, b);
    return [1, 2, 3, 4, 7, 8, 9, 13, 28].flatMap((M) => {
      const start = rows - M;
      const part = backend.tensor([M, N]);
      backend.linear(part, backend.view(x, start * K, [M, K]), w, b);
      const expected = backend.read(whole).subarray(start * N);
      const got = backend.read(part);
      const equal = got.every((value, i) => value === expected[i]);
      return equal ? [] : [`${M} of ${rows} rows by ${N} columns, ${K} steps`];
    });
  });
}
