/**
 * The counts of an n-gram model, packed: one trie of contexts, read backwards from the latest character, so that
 * one walk from its root meets the contexts of every length. Plain data on shared memory, so that threads share it.
 */
import { newIds } from '../text/ids.js';
import type { Ids } from '../text/unit.js';

/** The contexts of one length, in the order of the characters read backwards, and what followed each. */
export interface ContextLevel {
  /** Contexts */
  readonly size: number;
  /** [size] the character that a context has more than its parent: the one that is farthest back */
  readonly symbols: Ids;
  /** [size + 1] where a context's children begin in the next level */
  readonly firstChild: Uint32Array;
  /** [size + 1] where the list of what followed a context begins */
  readonly firstEntry: Uint32Array;
  /** [size] the sum of a context's counts, of those that were left out as well */
  readonly totals: Uint32Array;
  /** What followed, ascending within a context, and how often */
  readonly entrySymbols: Ids;
  readonly entryCounts: Uint32Array;
}

export interface NgramTable {
  /** V: how many characters there are, the unknown symbol included */
  readonly vocabulary: number;
  /** N: characters of the longest context */
  readonly context: number;
  /** n-grams that occurred at most this often were left out, so that the table does not grow with the text */
  readonly cutoff: number;
  /** [N + 1, 3] what is taken off a count of 1, of 2, and of more, by length of the context */
  readonly discounts: Float64Array;
  /** By length of the context, 0 to N */
  readonly levels: readonly ContextLevel[];
  /** The same, as `trieOf` arranges it for readers; a table that goes to other threads takes it with it */
  readonly trie?: Uint32Array;
}

/** Counts that a table holds, over all lengths of contexts */
export function entriesOf({ levels }: NgramTable): number {
  return levels.reduce((sum, { entryCounts }) => sum + entryCounts.length, 0);
}

/** Contexts that a table holds, over all lengths */
export function contextsOf({ levels }: NgramTable): number {
  return levels.reduce((sum, { size }) => sum + size, 0);
}

/** Lists of one level that grow as contexts are added. */
export class GrowingLevel {
  readonly symbols = new GrowingList();
  readonly childEnds = new GrowingList();
  readonly entryEnds = new GrowingList();
  readonly totals = new GrowingList();
  readonly entrySymbols = new GrowingList();
  readonly entryCounts = new GrowingList();

  /** @param vocabulary V */
  finish(vocabulary: number): ContextLevel {
    const { symbols, childEnds, entryEnds, totals, entrySymbols, entryCounts } = this;
    return {
      size: symbols.length,
      symbols: symbols.narrowed(vocabulary),
      firstChild: childEnds.shared(1),
      firstEntry: entryEnds.shared(1),
      totals: totals.shared(0),
      entrySymbols: entrySymbols.narrowed(vocabulary),
      entryCounts: entryCounts.shared(0),
    };
  }
}

class GrowingList {
  length = 0;
  private values = new Uint32Array(256);

  push(value: number): void {
    if (this.length === this.values.length) {
      const larger = new Uint32Array(2 * this.values.length);
      larger.set(this.values);
      this.values = larger;
    }
    this.values[this.length++] = value;
  }

  /** @param zeros that come before the values */
  shared(zeros: number): Uint32Array {
    const list = new Uint32Array(new SharedArrayBuffer(4 * (zeros + this.length)));
    list.set(this.values.subarray(0, this.length), zeros);
    return list;
  }

  narrowed(vocabulary: number): Ids {
    const list = newIds(vocabulary, this.length);
    list.set(this.values.subarray(0, this.length));
    return list;
  }
}
