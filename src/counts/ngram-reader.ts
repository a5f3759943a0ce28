/**
 * Predictions of an n-gram model: interpolated modified Kneser-Ney smoothing (Chen & Goodman 1998),
 *
 *     p_k(c) = (n_k(c) - D_k(n_k(c))) / n_k + γ_k p_{k-1}(c),   p_{-1}(c) = 1 / V
 *
 * with, in the context of the last k characters, n_k(c) how often c followed, n_k their sum, D_k the discount for a
 * count of 1, of 2, and of more, and γ_k what makes the sum 1. Nothing is taken off a count of 0, nor added for it;
 * so what was left out of the table, too, is spread by the shorter context.
 */
import type { Ids } from '../text/unit.js';
import { logarithm } from './logarithm.js';
import type { ContextLevel, NgramTable } from './ngram-table.js';

/** How many numbers are kept of distributions after short contexts: 8 MiB with their logarithms */
const keptNumbers = 2 ** 19;
/** Longer contexts have so few characters after them that reading these is quicker than reading a whole distribution. */
const longestKept = 2;

export class NgramReader {
  /** Characters of the longest context that is known; -1 before the first prediction */
  matched = -1;
  /** How often that context was seen: the sum of its counts */
  seen = 0;
  /** By level: the contexts that are known, from the root on */
  private readonly path: Uint32Array;
  /** p_k after the short contexts and its logarithm, of one context after the other, as they were first met */
  private readonly kept: { readonly p: Float64Array; readonly logs: Float64Array };
  /** By level and context: where its distribution begins there, plus 1; 0 before it is met */
  private readonly keptAt: readonly Uint32Array[];
  private keptLength = 0;
  private readonly sums: Float64Array;
  private readonly touched: Uint32Array;

  constructor(readonly table: NgramTable) {
    const { vocabulary } = table;
    this.path = new Uint32Array(table.context + 1);
    this.sums = new Float64Array(vocabulary);
    this.touched = new Uint32Array(vocabulary);
    this.keptAt = keptLevels(table).map(({ size }) => new Uint32Array(size));
    const contexts = this.keptAt.reduce((sum, { length }) => sum + length, 0);
    const p = new Float64Array(contexts * vocabulary);
    this.kept = { p, logs: new Float64Array(p.length) };
  }

  /**
   * The logarithms of the probabilities of all characters.
   * @param history ids before the character, oldest first
   * @param end how many of them there are
   * @param into ln p(c) by id
   */
  predict(history: ArrayLike<number>, end: number, into: Float64Array): void {
    const { sums, touched, path, keptAt, kept } = this;
    const { levels, discounts } = this.table;
    this.enter(history, end);
    const shortest = Math.min(this.matched, keptAt.length - 1);
    const start = this.distribution(shortest);
    let weight = 1;
    let count = 0;
    for (let level = this.matched; level > shortest; level--) {
      const { firstEntry, entrySymbols, entryCounts, totals } = levels[level];
      const total = totals[path[level]];
      const last = firstEntry[path[level] + 1];
      const one = discounts[3 * level];
      const two = discounts[3 * level + 1];
      const more = discounts[3 * level + 2];
      const share = weight / total;
      let taken = 0;
      for (let entry = firstEntry[path[level]]; entry < last; entry++) {
        const times = entryCounts[entry];
        const left = times - (times === 1 ? one : times === 2 ? two : more);
        const id = entrySymbols[entry];
        taken += left;
        if (sums[id] === 0) touched[count++] = id;
        sums[id] += share * left;
      }
      weight *= (total - taken) / total;
    }
    const { p, logs } = kept;
    const logWeight = logarithm(weight);
    for (let id = 0; id < into.length; id++) into[id] = logWeight + logs[start + id];
    for (let i = 0; i < count; i++) {
      const id = touched[i];
      into[id] = logarithm(sums[id] + weight * p[start + id]);
      sums[id] = 0;
    }
  }

  /** ln p of one character. */
  cost(history: ArrayLike<number>, end: number, id: number): number {
    const { path } = this;
    const { levels } = this.table;
    this.enter(history, end);
    let weight = 1;
    let p = 0;
    for (let level = this.matched; level > 0; level--) {
      const { totals } = levels[level];
      const count = this.countOf(level, path[level], id);
      if (count > 0) p += (weight * this.discounted(level, count)) / totals[path[level]];
      weight = this.rest(level, path[level], weight);
    }
    return logarithm(p + weight * this.kept.p[this.distribution(0) + id]);
  }

  /** Where the distribution begins that is kept of the context of a level on the path. */
  private distribution(level: number): number {
    const { path, keptAt, kept, table } = this;
    const V = table.vocabulary;
    const node = path[level];
    const known = keptAt[level][node];
    if (known > 0) return known - 1;
    const before = level > 0 ? this.distribution(level - 1) : -1;
    const start = this.keptLength;
    this.keptLength += V;
    keptAt[level][node] = start + 1;
    const { p, logs } = kept;
    const { firstEntry, entrySymbols, entryCounts, totals } = table.levels[level];
    const rest = this.rest(level, node, 1);
    for (let id = 0; id < V; id++) p[start + id] = rest * (before < 0 ? 1 / V : p[before + id]);
    for (let entry = firstEntry[node]; entry < firstEntry[node + 1]; entry++) {
      p[start + entrySymbols[entry]] += this.discounted(level, entryCounts[entry]) / totals[node];
    }
    for (let id = 0; id < V; id++) logs[start + id] = logarithm(p[start + id]);
    return start;
  }

  private discounted(level: number, count: number): number {
    return count - this.table.discounts[3 * level + Math.min(count, 3) - 1];
  }

  /** What of a share of probability is left for the shorter context. */
  private rest(level: number, context: number, weight: number): number {
    const { firstEntry, entryCounts, totals } = this.table.levels[level];
    const total = totals[context];
    let taken = 0;
    for (let entry = firstEntry[context]; entry < firstEntry[context + 1]; entry++) {
      taken += this.discounted(level, entryCounts[entry]);
    }
    return total > 0 ? weight * ((total - taken) / total) : weight;
  }

  /** How often a character followed a context */
  private countOf(level: number, context: number, id: number): number {
    const { firstEntry, entrySymbols, entryCounts } = this.table.levels[level];
    const at = search(entrySymbols, firstEntry[context], firstEntry[context + 1], id);
    return at < 0 ? 0 : entryCounts[at];
  }

  /** Finds the contexts that end before a character. */
  private enter(history: ArrayLike<number>, end: number): void {
    const { path, table } = this;
    const { levels, context } = table;
    const longest = Math.min(context, end);
    let node = 0;
    this.matched = 0;
    for (let level = 1; level <= longest; level++) {
      const { firstChild } = levels[level - 1];
      const { symbols } = levels[level];
      node = search(symbols, firstChild[node], firstChild[node + 1], history[end - level]);
      if (node < 0) break;
      path[level] = node;
      this.matched = level;
    }
    this.seen = levels[this.matched].totals[path[this.matched]];
  }
}

/** The levels of the contexts whose distributions are kept: that of the root, and those for which there is room */
function keptLevels({ vocabulary, levels }: NgramTable): readonly ContextLevel[] {
  let contexts = 1;
  let count = 1;
  while (count <= longestKept && count < levels.length) {
    contexts += levels[count].size;
    if (contexts * vocabulary > keptNumbers) break;
    count++;
  }
  return levels.slice(0, count);
}

/** Where a value stands in a part of a list that ascends; -1 where it does not. */
function search(list: Ids, from: number, to: number, wanted: number): number {
  let [low, high] = [from, to];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (list[middle] < wanted) low = middle + 1;
    else high = middle;
  }
  return low < to && list[low] === wanted ? low : -1;
}
