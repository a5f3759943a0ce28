/**
 * Lists the n-grams of a text in the order of the trie of contexts, each with its number of occurrences. Positions are
 * processed in batches by the latest characters of their contexts, so that memory does not grow with the text.
 */
import type { Ids } from '../text/unit.js';
import { Batch, Cells } from './ngram-batch.js';
import type { NgramLayout, RunListener } from './ngram-layout.js';

/** Number of positions of a batch: sorting takes 16 bytes for each. */
export const batchPositions = 1 << 23;

/**
 * Lists all n-grams of N context characters and the character that followed, in ascending order.
 * @param first position of the first character that counts as following a context
 */
export function eachRun(
  ids: Ids,
  vocabulary: number,
  layout: NgramLayout,
  listener: RunListener,
  first = 0,
  capacity = batchPositions,
): void {
  const lister = new RunLister(ids, vocabulary, layout, first, capacity);
  for (const [from, to] of rangesOf(lister.counts, (count) => count <= capacity)) {
    lister.list(from, to, listener);
  }
}

/**
 * Divides cells into ranges, each as long as possible, but of at least one cell.
 * @param counts number of positions in each cell
 * @param fits whether the range of the cells `from` to `to` - 1, with `count` positions in all, is short enough
 */
export function* rangesOf(
  counts: ArrayLike<number>,
  fits: (count: number, from: number, to: number) => boolean,
): Generator<[from: number, to: number]> {
  for (let from = 0; from < counts.length; ) {
    let to = from + 1;
    let count = counts[from];
    while (to < counts.length && fits(count + counts[to], from, to + 1)) count += counts[to++];
    if (count > 0) yield [from, to];
    from = to;
  }
}

/** Lists the n-grams of a text, or of a part of one, range by range of the characters before them. */
export class RunLister {
  private readonly cells: Cells;
  private readonly batch: Batch;

  /**
   * @param first position of the first character that counts as following a context; if the ids are a part of a text,
   * at least `reach` characters have to precede it
   * @param capacity number of positions that are sorted at a time
   */
  constructor(
    ids: Ids,
    vocabulary: number,
    layout: NgramLayout,
    first: number,
    private readonly capacity = batchPositions,
  ) {
    this.cells = new Cells(ids, layout.bits, first);
    this.batch = new Batch(ids, vocabulary, layout, Math.min(capacity, ids.length));
  }

  /** The number of positions in each cell, which contains all positions after contexts with the same last characters */
  get counts(): Uint32Array {
    return this.cells.counts;
  }

  /** Lists the n-grams of the cells `from` to `to` - 1; if these are several, they must fit into a batch. */
  list(from: number, to: number, listener: RunListener): void {
    const { cells, batch, capacity } = this;
    let count = 0;
    for (let cell = from; cell < to; cell++) count += cells.counts[cell];
    if (count > capacity) batch.cell(cells, from, listener);
    else if (count > 0) batch.range(cells, from, to, count, listener);
  }
}
