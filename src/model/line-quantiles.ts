/** The distribution of the costs of a text's lines, in a form small enough for a model file. */

export interface LineQuantiles {
  /** Number of lines in the text */
  readonly lines: number;
  /** Bits per character that 0, 1, 2, … 100 % of the lines do not exceed */
  readonly percentiles: readonly number[];
  /** The highest costs, in descending order, which give percentiles such as 99.9 % without interpolation */
  readonly highest: readonly number[];
}

/** Number of costs that are stored individually */
export const keptHighest = 200;

/** Costs are stored with as many digits as are printed. */
export const costDigits = 6;

/** @param costs of lines in bits per character, at least one; the list is sorted in place */
export function lineQuantiles(costs: Float64Array): LineQuantiles {
  costs.sort();
  const rounded = (x: number) => Number(x.toFixed(costDigits));
  const percentiles = Array.from({ length: 101 }, (_, p) =>
    rounded(costs[Math.max(0, Math.ceil((p / 100) * costs.length) - 1)]),
  );
  const highest = Array.from(costs.slice(-keptHighest), rounded).reverse();
  return { lines: costs.length, percentiles, highest };
}

/**
 * The lowest cost that at least this fraction of the lines does not exceed, interpolated between percentiles.
 * @param share from 0 to 1
 */
export function costAt({ lines, percentiles, highest }: LineQuantiles, share: number): number {
  // 99.9 % is given as the share 99.9 / 100; in floating point, 20,000 times this is a little more than 19,980, which
  // must not count as 19,981 lines
  const above = lines - Math.ceil(share * lines - 1e-6);
  if (above < highest.length) return highest[above];
  const at = share * 100;
  const below = Math.min(99, Math.floor(at));
  return percentiles[below] + (at - below) * (percentiles[below + 1] - percentiles[below]);
}
