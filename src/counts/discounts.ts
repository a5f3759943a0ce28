/**
 * Discounts: what is subtracted from counts, so that some probability is left for characters that were not seen in a
 * context, which the shorter context predicts.
 */

/** Min discount; some probability always remains for unseen characters, so that none is impossible. */
const minDiscount = 0.1;

/**
 * The discounts of modified Kneser-Ney smoothing (Chen & Goodman 1998, equation 26). With n₁ … n₄ the numbers of counts
 * that are 1 to 4,
 *
 *     Y = n₁ / (n₁ + 2 n₂),  D₁ = 1 - 2 Y n₂ / n₁,  D₂ = 2 - 3 Y n₃ / n₂,  D₃₊ = 3 - 4 Y n₄ / n₃
 *
 * each limited to the range from 0.1 to the count from which it is subtracted. If one of the four numbers is 0, the
 * discounts are ½, 1 and 1½.
 * @param countsOfCounts [orders, 4] n₁ … n₄ by length of the context
 * @param level the length of the context
 * @param into [orders, 3] receives the three discounts of this length
 */
export function kneserNeyDiscounts(
  countsOfCounts: Float64Array,
  level: number,
  into: Float64Array,
): void {
  const at = 4 * level;
  const isKnown =
    countsOfCounts[at] > 0 &&
    countsOfCounts[at + 1] > 0 &&
    countsOfCounts[at + 2] > 0 &&
    countsOfCounts[at + 3] > 0;
  const y = countsOfCounts[at] / (countsOfCounts[at] + 2 * countsOfCounts[at + 1]);
  for (let i = 0; i < 3; i++) {
    const found = i + 1 - ((i + 2) * y * countsOfCounts[at + i + 1]) / countsOfCounts[at + i];
    into[3 * level + i] = isKnown ? Math.min(i + 1, Math.max(minDiscount, found)) : (i + 1) / 2;
  }
}

/** The discounts for all lengths of contexts from 0 to N: [N + 1, 3] */
export function discountsOf(countsOfCounts: Float64Array, context: number): Float64Array {
  const discounts = new Float64Array(3 * (context + 1));
  for (let level = 0; level <= context; level++) {
    kneserNeyDiscounts(countsOfCounts, level, discounts);
  }
  return discounts;
}
