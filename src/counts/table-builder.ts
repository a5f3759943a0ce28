/**
 * Builds a table from contexts that come in the order of the trie, the longest first: what followed a context is
 * added to its level, then the context is closed, which counts it one time in its parent.
 *
 * So the longest contexts have the counts of the text, and each shorter one counts a character as often as there
 * are different characters before the n-gram, the text's beginning being one of them: Kneser and Ney's idea.
 */
import { discountsOf } from './discounts.js';
import { GrowingLevel, type NgramTable } from './ngram-table.js';

/** Occurrences that are told apart where it is decided what is left out */
const mostOccurrences = 1 << 16;

export class TableBuilder {
  /** By level and character, of the contexts that are open */
  private readonly counts: readonly Uint32Array[];
  private readonly occurrences: readonly Uint32Array[];
  private readonly touched: readonly Uint32Array[];
  private readonly touchedCounts: Uint32Array;
  /** By level: counts of an open context whose characters are not known any more */
  private readonly leftOut: Float64Array;
  /** [N + 1, 4] counts that are 1, 2, 3 and 4 */
  private readonly countsOfCounts: Float64Array;
  /** By number of occurrences: n-grams of two characters and more */
  private readonly histogram = new Float64Array(mostOccurrences + 1);
  private levels: readonly GrowingLevel[] | undefined;
  private entries = 0;

  /**
   * @param vocabulary V
   * @param context N
   * @param cutoff n-grams of two characters and more that occur at most this often are left out
   * @param limit when there are more entries than this, nothing is kept any more but statistics
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
   * Adds to the open context of a level.
   * @param occurrences in the text
   */
  add(level: number, symbol: number, count: number, occurrences: number): void {
    const counts = this.counts[level];
    if (counts[symbol] === 0) this.touched[level][this.touchedCounts[level]++] = symbol;
    counts[symbol] = Math.min(0xffffffff, counts[symbol] + count);
    const list = this.occurrences[level];
    list[symbol] = Math.min(0xffffffff, list[symbol] + occurrences);
  }

  /** Adds counts of characters that have been left out to the open context of a level. */
  addLeftOut(level: number, count: number): void {
    this.leftOut[level] += count;
  }

  /**
   * Closes the open context of a level, whose children are closed already.
   * @param symbol its farthest character
   * @param isContext whether it is one; not where it reaches beyond the beginning of the text
   */
  close(level: number, symbol: number, isContext: boolean): void {
    const n = this.touchedCounts[level];
    const list = this.touched[level].subarray(0, n);
    sortAscending(list);
    const [counts, occurrences] = [this.counts[level], this.occurrences[level]];
    const out = isContext ? this.levels?.[level] : undefined;
    const before = out?.entryCounts.length ?? 0;
    let total = this.leftOut[level];
    for (let i = 0; i < n; i++) {
      const next = list[i];
      const [count, occurred] = [counts[next], occurrences[next]];
      counts[next] = 0;
      occurrences[next] = 0;
      total += count;
      if (level > 0) this.add(level - 1, next, 1, occurred);
      if (!isContext) continue;
      if (count <= 4) this.countsOfCounts[4 * level + count - 1]++;
      if (level > 0) this.histogram[Math.min(occurred, mostOccurrences)]++;
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

  /** The lowest number of occurrences to be left out with which at most `limit` entries remain. */
  get neededCutoff(): number {
    let kept = this.histogram.reduce((a, b) => a + b);
    for (let occurred = 0; occurred < mostOccurrences; occurred++) {
      kept -= this.histogram[occurred];
      if (kept + this.vocabulary <= this.limit) return occurred;
    }
    return mostOccurrences;
  }

  /**
   * @param discounts of a table that this one goes on from; else they are those of the counts that were seen
   * @returns undefined where there were too many entries
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

/** Most lists are short, or in order already. */
function sortAscending(list: Uint32Array): void {
  if (list.length > 64) {
    list.sort();
    return;
  }
  for (let i = 1; i < list.length; i++) {
    const value = list[i];
    let at = i;
    for (; at > 0 && list[at - 1] > value; at--) list[at] = list[at - 1];
    list[at] = value;
  }
}
