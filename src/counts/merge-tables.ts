/**
 * Merges n-gram tables into one. If no n-grams were left out of them, the result is exactly the table of all texts
 * counted together.
 *
 * In contexts shorter than the longest, the count of an n-gram is the number of different characters that precede it.
 * It is recomputed from the merged longer contexts. To it is added whatever a table holds beyond what follows from its
 * own longer contexts: n-grams at the beginning of its text, and n-grams whose longer ones were left out.
 */
import { limits } from '../limits.js';
import type { NgramTable } from './ngram-table.js';
import { entriesOf } from './ngram-table.js';
import { TableBuilder } from './table-builder.js';

/** An n-gram table to be merged, and the ids that its characters have in the merged table */
export interface Merged {
  readonly table: NgramTable;
  /**
   * By id in this table: the id that the character has in the merged table, ascending; -1 for a character that the
   * merged table does not have; absent if ids do not change
   */
  readonly renumbered?: Int32Array | undefined;
}

/**
 * Merges n-gram tables.
 * @param vocabulary V, the number of characters of the merged table
 * @param limit max number of n-grams in the merged table; if there are more, the rarest are left out
 * @throws Error for tables whose longest contexts differ
 */
export function mergeTables(
  parts: readonly Merged[],
  vocabulary: number,
  limit: number = limits.counts.entries,
): NgramTable {
  const [{ table }] = parts;
  const { context } = table;
  if (parts.some((part) => part.table.context !== context)) throw new Error('contexts differ');
  // the discounts are computed from the numbers of counts that are 1 or 2, which tables with n-grams left out do not
  // know
  const pruned = parts.filter((part) => part.table.cutoff > 0).map((part) => part.table);
  const known = pruned.sort((a, b) => entriesOf(b) - entriesOf(a)).at(0);
  let cutoff = Math.max(0, ...pruned.map((part) => part.cutoff));
  for (let most = limit; ; most = Number.POSITIVE_INFINITY) {
    const builder = new TableBuilder(vocabulary, context, cutoff, most);
    new Merger(parts, context, builder).merge();
    const merged = builder.finish(known?.discounts);
    if (merged !== undefined) return merged;
    cutoff = Math.max(cutoff, builder.neededCutoff);
  }
}

class Merger {
  /**
   * By table, length of the current context, and character: how many of the contexts that are one character longer than
   * the current one were followed by the character
   */
  private readonly tallies: readonly (readonly Uint32Array[])[];

  constructor(
    private readonly parts: readonly Merged[],
    private readonly context: number,
    private readonly builder: TableBuilder,
  ) {
    this.tallies = parts.map(({ table }) =>
      Array.from({ length: context }, () => new Uint32Array(table.vocabulary)),
    );
  }

  merge(): void {
    this.visit(
      0,
      this.parts.map(() => 0),
    );
    this.builder.close(0, 0, true);
  }

  /** @param nodes the index of the current context in each table to be merged; -1 if a table does not have it */
  private visit(level: number, nodes: readonly number[]): void {
    const { parts, builder, context } = this;
    if (level < context) this.visitChildren(level, nodes);
    parts.forEach(({ table, renumbered }, part) => {
      const node = nodes[part];
      if (node < 0) return;
      const { firstEntry, entrySymbols, entryCounts, totals } = table.levels[level];
      let leftOut = totals[node];
      for (let entry = firstEntry[node]; entry < firstEntry[node + 1]; entry++) {
        const symbol = entrySymbols[entry];
        const count = entryCounts[entry];
        const inLonger = level < context ? this.tallies[part][level][symbol] : 0;
        const more = Math.max(0, count - inLonger);
        leftOut -= count;
        if (level < context) this.tallies[part][level][symbol] = 0;
        const id = renumbered ? renumbered[symbol] : symbol;
        if (id >= 0 && more > 0) builder.add(level, id, more, more);
      }
      builder.addLeftOut(level, Math.max(0, leftOut));
    });
  }

  private visitChildren(level: number, nodes: readonly number[]): void {
    const { parts, builder } = this;
    const next = nodes.map((node, part) =>
      node < 0 ? 0 : parts[part].table.levels[level].firstChild[node],
    );
    const symbolOf = (part: number) => {
      const { table, renumbered } = parts[part];
      const node = nodes[part];
      if (node < 0) return Number.POSITIVE_INFINITY;
      while (next[part] < table.levels[level].firstChild[node + 1]) {
        const symbol = table.levels[level + 1].symbols[next[part]];
        const id = renumbered ? renumbered[symbol] : symbol;
        if (id >= 0) return id;
        // a context with a character that the merged table does not have is left out, and so are its contributions to
        // the counts of the shorter context
        this.tally(part, level, next[part]++);
      }
      return Number.POSITIVE_INFINITY;
    };
    for (;;) {
      const symbols = parts.map((_, part) => symbolOf(part));
      const symbol = Math.min(...symbols);
      if (symbol === Number.POSITIVE_INFINITY) return;
      const children = symbols.map((its, part) => (its === symbol ? next[part]++ : -1));
      children.forEach((child, part) => {
        if (child >= 0) this.tally(part, level, child);
      });
      this.visit(level + 1, children);
      builder.close(level + 1, symbol, true);
    }
  }

  private tally(part: number, level: number, child: number): void {
    const tally = this.tallies[part][level];
    const { firstEntry, entrySymbols } = this.parts[part].table.levels[level + 1];
    for (let entry = firstEntry[child]; entry < firstEntry[child + 1]; entry++) {
      tally[entrySymbols[entry]]++;
    }
  }
}
