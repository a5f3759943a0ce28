/**
 * Singular values of a square matrix: Householder reflections reduce it to bidiagonal form (Golub & Kahan 1965), whose
 * singular values are found by bisection with Sturm sequences (Demmel & Kahan 1990, Fernando 1998). This takes 8/3 n³
 * operations and no iteration that could fail to converge.
 */

/**
 * @param values [n, n] row-major; not changed
 * @returns the n singular values of the matrix, in descending order, to about 1e-14 of the largest
 */
export function singularValues(values: ArrayLike<number>, n: number): Float64Array {
  const { diagonal, superdiagonal } = bidiagonalise(Float64Array.from(values), n);
  // the singular values, with both signs, are the eigenvalues of a symmetric tridiagonal matrix whose diagonal is zero;
  // beside it, elements of the bidiagonal matrix's diagonal and superdiagonal alternate
  const squares = new Float64Array(2 * n - 1);
  for (let i = 0; i < n; i++) {
    squares[2 * i] = diagonal[i] ** 2;
    if (i < n - 1) squares[2 * i + 1] = superdiagonal[i] ** 2;
  }
  const sides = Array.from(squares, Math.sqrt);
  let bound = 0;
  for (let i = 0; i < 2 * n; i++) bound = Math.max(bound, (sides[i - 1] ?? 0) + (sides[i] ?? 0));
  return Float64Array.from({ length: n }, (_, k) => bisect(squares, k, bound));
}

/** The k-th largest eigenvalue, k from 0, within [0, bound]. */
function bisect(squares: Float64Array, k: number, bound: number): number {
  let [low, high] = [0, bound];
  while (high - low > 1e-15 * bound) {
    const middle = (low + high) / 2;
    if (countAbove(squares, middle) > k) low = middle;
    else high = middle;
  }
  return (low + high) / 2;
}

/**
 * Counts the eigenvalues of the tridiagonal matrix T above x: one for each negative pivot of x - T (Sylvester's law of
 * inertia).
 */
function countAbove(squares: Float64Array, x: number): number {
  const tiny = Number.MIN_VALUE * 2 ** 60;
  let pivot = x;
  let count = pivot < 0 ? 1 : 0;
  for (const square of squares) {
    if (Math.abs(pivot) < tiny) pivot = -tiny;
    pivot = x - square / pivot;
    if (pivot < 0) count++;
  }
  return count;
}

/** Reduces A to bidiagonal form Uᵀ A V by reflections from both sides in turn; A is overwritten. */
function bidiagonalise(a: Float64Array, n: number) {
  const diagonal = new Float64Array(n);
  const superdiagonal = new Float64Array(n - 1);
  const v = new Float64Array(n);
  const sums = new Float64Array(n);
  for (let k = 0; k < n; k++) {
    // from the left: column k below the diagonal becomes zero
    for (let i = k; i < n; i++) v[i] = a[i * n + k];
    diagonal[k] = reflector(v, k, n);
    sums.fill(0);
    for (let i = k; i < n; i++) addScaled(sums, v[i], a, i * n, k + 1, n);
    for (let i = k; i < n; i++) subtractScaled(a, i * n, v[i], sums, k + 1, n);
    if (k === n - 1) break;
    // from the right: row k beyond the superdiagonal becomes zero
    for (let j = k + 1; j < n; j++) v[j] = a[k * n + j];
    superdiagonal[k] = reflector(v, k + 1, n);
    for (let i = k + 1; i < n; i++) {
      let sum = 0;
      for (let j = k + 1; j < n; j++) sum += a[i * n + j] * v[j];
      subtractScaled(a, i * n, sum, v, k + 1, n);
    }
  }
  return { diagonal, superdiagonal };
}

/**
 * Replaces x[from…n) by the vector v, of length √2, of the reflection 1 - v vᵀ that takes x to a multiple of the first
 * unit vector; returns the factor of that multiple.
 */
function reflector(x: Float64Array, from: number, n: number): number {
  let norm = 0;
  for (let i = from; i < n; i++) norm = Math.hypot(norm, x[i]);
  if (norm === 0) return 0;
  const image = x[from] > 0 ? -norm : norm;
  x[from] -= image;
  // with the first unit vector e: |x - image · e|² = 2 |image| (|image| + |x[from]|), which is scaled to 2
  const scale = 1 / Math.sqrt(norm * Math.abs(x[from]));
  for (let i = from; i < n; i++) x[i] *= scale;
  return image;
}

function addScaled(
  sums: Float64Array,
  factor: number,
  a: Float64Array,
  row: number,
  from: number,
  n: number,
): void {
  for (let j = from; j < n; j++) sums[j] += factor * a[row + j];
}

function subtractScaled(
  a: Float64Array,
  row: number,
  factor: number,
  x: Float64Array,
  from: number,
  n: number,
): void {
  for (let j = from; j < n; j++) a[row + j] -= factor * x[j];
}
