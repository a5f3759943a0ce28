/** Pearson's chi-squared test of counts against a distribution. */

/**
 * @returns infinity where something was counted that has no probability; categories that are expected
 * fewer than five times are put together
 */
export function chiSquared(counts: readonly number[], probabilities: readonly number[]) {
  const total = counts.reduce((a, b) => a + b, 0);
  let [statistic, categories, restCount, restExpected] = [0, 0, 0, 0];
  counts.forEach((count, i) => {
    const expected = total * probabilities[i];
    if (expected === 0 && count > 0) statistic = Number.POSITIVE_INFINITY;
    if (expected < 5) {
      restCount += count;
      restExpected += expected;
      return;
    }
    statistic += (count - expected) ** 2 / expected;
    categories++;
  });
  if (restExpected > 0) {
    statistic += (restCount - restExpected) ** 2 / restExpected;
    categories++;
  }
  return { statistic, degrees: categories - 1 };
}

/** The value exceeded with probability 0.001, by Wilson & Hilferty's approximation. */
export function chiSquaredLimit(degrees: number): number {
  const z = 3.0902;
  const v = 2 / (9 * degrees);
  return degrees * (1 - v + z * Math.sqrt(v)) ** 3;
}
