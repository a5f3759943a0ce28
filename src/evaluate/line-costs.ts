/** What a line costs a model in bits per character: on average, or in the part that it expected least. */
import { costDigits, type LineQuantiles, lineQuantiles } from '../model/line-quantiles.js';
import type { LineLoss } from './line-scorer.js';
import type { ScoredLine } from './score-lines.js';

export interface Stretch {
  /** Where the most costly stretch of a line begins, as the index of a character, and its number of characters */
  readonly from: number;
  readonly length: number;
  /** Mean cost of the characters of the stretch, in nats */
  readonly nats: number;
}

/**
 * Finds the stretch of `window` characters with the highest mean cost; a shorter line is a single stretch.
 * @param losses cost of each character
 */
export function worstStretch(losses: ArrayLike<number>, window: number): Stretch {
  const length = Math.min(window, losses.length);
  if (length === 0) return { from: 0, length, nats: 0 };
  let sum = 0;
  for (let i = 0; i < length; i++) sum += losses[i];
  let [from, highest] = [0, sum];
  for (let end = length; end < losses.length; end++) {
    sum += losses[end] - losses[end - length];
    if (sum > highest) [from, highest] = [end - length + 1, sum];
  }
  return { from, length, nats: highest / length };
}

/**
 * Bits per character of a line, rounded as in the output; 0 for an empty line of a model that does not know line ends
 */
export function costOf({ nats, characters }: LineLoss): number {
  return characters > 0 ? inBits(nats / characters) : 0;
}

/** Converts nats to bits, rounded as in the output. */
export function inBits(nats: number): number {
  return Number((nats / Math.LN2).toFixed(costDigits));
}

/**
 * The distribution of the costs of lines.
 * @param lines scored under one model, with the losses of their characters if a window is given
 * @returns undefined if there are no lines
 */
export async function quantilesOf(
  lines: AsyncIterable<ScoredLine>,
  window?: number,
): Promise<LineQuantiles | undefined> {
  let costs = new Float64Array(1024);
  let count = 0;
  for await (const { losses } of lines) {
    const [loss] = losses;
    if (count === costs.length) {
      const larger = new Float64Array(2 * count);
      larger.set(costs);
      costs = larger;
    }
    costs[count++] =
      window === undefined ? costOf(loss) : inBits(worstStretch(loss.losses ?? [], window).nats);
  }
  return count > 0 ? lineQuantiles(costs.slice(0, count)) : undefined;
}
