/**
 * Builds an n-gram table from contexts that arrive in the order of the trie, longest first. One context of each length
 * is open at a time: the characters that followed it are being added to it. When it is closed, each of these characters
 * counts once in its parent, the context shorter by one.
 *
 * So the longest contexts hold the counts of the text. In every shorter one, the count of a character is the number of
 * different characters that precede the n-gram, where the beginning of the text counts as one: the idea of Kneser and
 * Ney.
 */
import { discountsOf } from './discounts.js';
import { GrowingLevel, type NgramTable } from './ngram-table.js';

/**
 * n-grams that occur this often or more are not told apart when it is chosen how rare the n-grams must be that are left
 * out of the table.
 */
const maxOccurrences = 1 << 16;

export class TableBuilder {
  /**
   * By length of the context and character: the counts in the contexts to which characters are being added, one context
   * of each length
   */
  private readonly counts: readonly Uint32Array[];
  private readonly occurrences: readonly Uint32Array[];
  private readonly touched: readonly Uint32Array[];
  private readonly touchedCounts: Uint32Array;
  /** By length of the context to which characters are being added: the sum of its counts that are not in the table */
  private readonly leftOut: Float64Array;
  /** [N + 1, 4] how many counts are 1, 2, 3 and 4, by length of the context */
  private readonly countsOfCounts: Float64Array;
  /** Number of n-grams of two and more characters, by how often they occur */
  private readonly histogram = new Float64Array(maxOccurrences + 1);
  private levels: readonly GrowingLevel[] | undefined;
  private entries = 0;

  /**
   * @param vocabulary V, the number of characters
   * @param context N, the number of characters of the longest context
   * @param cutoff n-grams of two and more characters that occur at most this often are left out
   * @param limit max number of n-grams in the table; if there are more, only their statistics are kept
   */
  constructor(
    private readonly vocabulary: number,
    private readonly context: number,
    private readonly cutoff: number,
    private readonly limit: number,
  ) {
    const lists = () => Array.from({ length: context + 1 }, () => new Uint32Array(vocabulary));
    this.counts = lists();
    this.occurrences = lists();
    this.touched = lists();
    this.touchedCounts = new Uint32Array(context + 1);
    this.leftOut = new Float64Array(context + 1);
    this.countsOfCounts = new Float64Array(4 * (context + 1));
    this.levels = Array.from({ length: context + 1 }, () => new GrowingLevel());
  }

  /**
   * Adds a character that followed the context of length `level` that is now being built.
   * @param occurrences how often the n-gram occurs in the text
   */
  add(level: number, symbol: number, count: number, occurrences: number): void {
    const counts = this.counts[level];
    if (counts[symbol] === 0) this.touched[level][this.touchedCounts[level]++] = symbol;
    counts[symbol] = Math.min(0xffffffff, counts[symbol] + count);
    const list = this.occurrences[level];
    list[symbol] = Math.min(0xffffffff, list[symbol] + occurrences);
  }

  /** Adds counts whose characters were left out to the sum of the context of length `level` that is now being built. */
  addLeftOut(level: number, count: number): void {
    this.leftOut[level] += count;
  }

  /**
   * Completes the context of length `level` that is now being built, after the longer contexts that end with it.
   * @param symbol the context's earliest character
   * @param isContext false if the context extends before the beginning of the text: its characters then count only in
   * shorter contexts
   */
  close(level: number, symbol: number, isContext: boolean): void {
    const n = this.touchedCounts[level];
    const list = this.touched[level];
    sortAscending(list, n);
    const counts = this.counts[level];
    const occurrences = this.occurrences[level];
    const out = isContext ? this.levels?.[level] : undefined;
    const before = out?.entryCounts.length ?? 0;
    let total = this.leftOut[level];
    for (let i = 0; i < n; i++) {
      const next = list[i];
      const count = counts[next];
      const occurred = occurrences[next];
      counts[next] = 0;
      occurrences[next] = 0;
      total += count;
      if (level > 0) this.add(level - 1, next, 1, occurred);
      if (!isContext) continue;
      if (count <= 4) this.countsOfCounts[4 * level + count - 1]++;
      if (level > 0) this.histogram[Math.min(occurred, maxOccurrences)]++;
      if (out === undefined || (level > 0 && occurred <= this.cutoff)) continue;
      out.entrySymbols.push(next);
      out.entryCounts.push(count);
    }
    this.touchedCounts[level] = 0;
    this.leftOut[level] = 0;
    if (out === undefined) return;
    const added = out.entryCounts.length - before;
    const children = this.levels?.[level + 1]?.symbols.length ?? 0;
    const { childEnds } = out;
    const isParent = children > this.childEnd(level);
    if (added === 0 && !isParent && level > 0) return;
    out.symbols.push(symbol);
    childEnds.push(children);
    this.childEnds[level] = children;
    out.entryEnds.push(out.entryCounts.length);
    out.totals.push(Math.min(0xffffffff, total));
    this.entries += added;
    if (this.entries > this.limit) this.levels = undefined;
  }

  private readonly childEnds: number[] = [];

  private childEnd(level: number): number {
    return this.childEnds[level] ?? 0;
  }

  /** The lowest cutoff with which at most `limit` n-grams remain in the table. */
  get neededCutoff(): number {
    let kept = this.histogram.reduce((a, b) => a + b);
    for (let occurred = 0; occurred < maxOccurrences; occurred++) {
      kept -= this.histogram[occurred];
      if (kept + this.vocabulary <= this.limit) return occurred;
    }
    return maxOccurrences;
  }

  /**
   * Returns the finished n-gram table.
   * @param discounts to be used instead of those that follow from the counts, which would be wrong for a table that is
   * merged from tables without their rarest n-grams
   * @returns undefined if there were more n-grams than the limit
   */
  finish(discounts?: Float64Array): NgramTable | undefined {
    const { vocabulary, context, cutoff, levels, countsOfCounts } = this;
    return (
      levels && {
        vocabulary,
        context,
        cutoff,
        discounts: discounts ?? discountsOf(countsOfCounts, context),
        levels: levels.map((level) => level.finish(vocabulary)),
      }
    );
  }
}

/** Sorts the first n numbers by insertion, because they are mostly few or already in order. */
function sortAscending(list: Uint32Array, n: number): void {
  if (n > 64) {
    list.subarray(0, n).sort();
    return;
  }
  for (let i = 1; i < n; i++) {
    const value = list[i];
    let at = i;
    for (; at > 0 && list[at - 1] > value; at--) list[at] = list[at - 1];
    list[at] = value;
  }
}
