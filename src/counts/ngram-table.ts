/**
 * The counts of an n-gram model in compact form: a trie of contexts, read backwards from the latest character, so that
 * a single walk from the root finds the known contexts of every length. It is plain data in memory that threads share.
 */
import { newIds } from '../text/ids.js';
import type { Ids } from '../text/unit.js';

/**
 * The contexts of one length, sorted by their characters read backwards, each with the list of characters that
 * followed it
 */
export interface ContextLevel {
  /** Number of contexts of this length */
  readonly size: number;
  /** [size] the earliest character of each context, which its parent in the trie lacks */
  readonly symbols: Ids;
  /** [size + 1] index in the next level at which the children of a context begin */
  readonly firstChild: Uint32Array;
  /** [size + 1] index in `entrySymbols` at which the list of a context begins */
  readonly firstEntry: Uint32Array;
  /** [size] sum of a context's counts, including counts that were left out of the list */
  readonly totals: Uint32Array;
  /** The characters that followed, ascending within each context, and their counts */
  readonly entrySymbols: Ids;
  readonly entryCounts: Uint32Array;
}

export interface NgramTable {
  /** V: the number of characters, including the unknown symbol */
  readonly vocabulary: number;
  /** N: number of characters of the longest context */
  readonly context: number;
  /** n-grams that occurred at most this often were left out, to keep the table small */
  readonly cutoff: number;
  /** [N + 1, 3] discounts: what is subtracted from a count of 1, of 2, and of 3 or more, by length of the context */
  readonly discounts: Float64Array;
  /** The levels of the trie, by length of the context, 0 to N */
  readonly levels: readonly ContextLevel[];
  /**
   * The same counts in the arrangement that `trieOf` makes for readers; present when an n-gram table is sent to other
   * threads
   */
  readonly trie?: Uint32Array;
}

/** Number of counts in an n-gram table, over all lengths of contexts */
export function entriesOf({ levels }: NgramTable): number {
  return levels.reduce((sum, { entryCounts }) => sum + entryCounts.length, 0);
}

/** Number of contexts in an n-gram table, over all lengths */
export function contextsOf({ levels }: NgramTable): number {
  return levels.reduce((sum, { size }) => sum + size, 0);
}

/** The contexts of one length in a table under construction; the lists grow as contexts are added. */
export class GrowingLevel {
  readonly symbols = new GrowingList();
  readonly childEnds = new GrowingList();
  readonly entryEnds = new GrowingList();
  readonly totals = new GrowingList();
  readonly entrySymbols = new GrowingList();
  readonly entryCounts = new GrowingList();

  /** @param vocabulary V, the number of characters */
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

  /**
   * Copies the list to shared memory.
   * @param zeros number of zeros that the copy begins with, before the values of the list
   */
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
