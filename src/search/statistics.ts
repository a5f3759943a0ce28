/** Confidence intervals from a few runs with different seeds. */

/** A mean with its confidence interval, under Student's t distribution */
export interface Interval {
  readonly mean: number;
  /** Half the width of the confidence interval, whose centre is the mean */
  readonly margin: number;
}

/**
 * Quantiles of Student's t for five runs, which have four degrees of freedom: for a single 95 % interval, and for two
 * or three that must hold simultaneously (Bonferroni: 1 - 0.05 / comparisons, two-sided).
 */
const quantiles = [2.776, 3.495, 3.961] as const;
export const finalRuns = 5;

/**
 * The mean of five runs and its 95 % confidence interval.
 * @param comparisons number of intervals that must hold simultaneously, 1 to 3
 */
export function intervalOf(values: readonly number[], comparisons: 1 | 2 | 3 = 1): Interval {
  if (values.length !== finalRuns)
    throw new Error(`an interval is computed from ${finalRuns} runs, not from ${values.length}`);
  const mean = values.reduce((a, b) => a + b, 0) / finalRuns;
  const squares = values.reduce((sum, x) => sum + (x - mean) ** 2, 0);
  const deviation = Math.sqrt(squares / (finalRuns - 1));
  return { mean, margin: (quantiles[comparisons - 1] * deviation) / Math.sqrt(finalRuns) };
}

/** Differences a - b of the numbers with the same index, such as the losses of two cells with the same seed */
export function differences(a: readonly number[], b: readonly number[]): number[] {
  return a.map((x, i) => x - b[i]);
}
