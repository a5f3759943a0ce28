/** Square matrices for tests, row-major. */
import type { Random } from '#charnn/model/random.js';

/** A random orthogonal matrix: a product of reflections. */
export function orthogonal(random: Random, n: number): number[] {
  let q: number[] = Array.from({ length: n * n }, (_, i) => (i % (n + 1) === 0 ? 1 : 0));
  for (let k = 0; k < n; k++) {
    const v = Array.from({ length: n }, () => random.normal());
    const squares = v.reduce((sum, x) => sum + x * x, 0);
    const reflection = q.map((_, at) => {
      const [i, j] = [Math.floor(at / n), at % n];
      return (i === j ? 1 : 0) - (2 * v[i] * v[j]) / squares;
    });
    q = product(q, reflection, n);
  }
  return q;
}

export function product(a: readonly number[], b: readonly number[], n: number): number[] {
  return a.map((_, at) => {
    const [i, j] = [Math.floor(at / n), at % n];
    let sum = 0;
    for (let k = 0; k < n; k++) sum += a[i * n + k] * b[k * n + j];
    return sum;
  });
}
