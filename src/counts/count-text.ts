/** Counts the n-grams of a text. */
import { limits } from '../limits.js';
import type { Ids } from '../text/unit.js';
import { maxContextFor, NgramLayout, type RunListener } from './ngram-layout.js';
import { eachRun } from './ngram-runs.js';
import type { NgramTable } from './ngram-table.js';
import { TableBuilder } from './table-builder.js';

export interface CountOptions {
  /** N: number of characters of the longest context; picked by the length of the text if absent */
  readonly context?: number | undefined;
  /** Max number of entries of the n-gram table */
  readonly limit?: number | undefined;
  /** Position of the first character whose n-grams are counted; earlier characters only serve as context. */
  readonly first?: number | undefined;
  /** Number of positions of the text whose n-grams are sorted at a time; only tests set it. */
  readonly batch?: number | undefined;
}

/**
 * Counts the n-grams of a text. If there are more than `limit`, the rarest are left out: all that occur at most c
 * times, where c is the lowest number with which the table stays within the limit.
 * @param vocabulary V, the number of characters
 */
export function countText(
  ids: Ids,
  vocabulary: number,
  {
    context = usualContext(ids.length, vocabulary),
    limit = limits.counts.entries,
    first = 0,
    batch,
  }: CountOptions = {},
): NgramTable {
  const layout = new NgramLayout(vocabulary, context);
  const list: RunSource = (listener) => eachRun(ids, vocabulary, layout, listener, first, batch);
  return countRuns(list, vocabulary, layout, limit);
}

/** Lists the same n-grams at each call, in ascending order. */
export type RunSource = (listener: RunListener) => void;

/** Counts n-grams as `countText` does, wherever they come from. */
export function countRuns(
  list: RunSource,
  vocabulary: number,
  layout: NgramLayout,
  limit: number = limits.counts.entries,
): NgramTable {
  const { context } = layout;
  const whole = new TableBuilder(vocabulary, context, 0, limit);
  read(list, layout, whole);
  const table = whole.finish();
  if (table !== undefined) return table;
  const { neededCutoff } = whole;
  const pruned = new TableBuilder(vocabulary, context, neededCutoff, Number.POSITIVE_INFINITY);
  read(list, layout, pruned);
  return pruned.finish() as NgramTable;
}

/**
 * Text lengths in characters at which a context longer by one begins to improve predictions enough to be worth its
 * memory, as measured on books and source code.
 */
const lengths = [0, 60_000, 400_000, 6_000_000];
const shortest = 5;

/** Length of the longest context to count for a text of this many characters */
export function usualContext(characters: number, vocabulary: number): number {
  const wanted = shortest - 1 + lengths.filter((length) => characters >= length).length;
  return Math.min(wanted, maxContextFor(vocabulary));
}

function read(list: RunSource, layout: NgramLayout, builder: TableBuilder): void {
  const { context } = layout;
  /** The context whose n-grams are being added. Index k holds the id of the character k positions back, plus 1. */
  const open = new Int32Array(context + 1).fill(-1);
  const close = (from: number) => {
    for (let level = context; level >= from; level--) {
      builder.close(level, open[level] - 1, open[level] > 0);
    }
  };
  list((latest, high, low, count) => {
    let level = 1;
    if (latest === open[1]) {
      level = 2;
      while (level <= context && layout.symbol(high, low, level) === open[level]) level++;
    }
    if (level <= context) {
      if (open[1] >= 0) close(level);
      if (level === 1) open[level++] = latest;
      for (; level <= context; level++) open[level] = layout.symbol(high, low, level);
    }
    builder.add(context, layout.symbol(high, low, 0), count, count);
  });
  if (open[1] >= 0) close(1);
  builder.close(0, 0, true);
}
