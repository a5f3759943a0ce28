/**
 * Predictions of an n-gram model: interpolated modified Kneser-Ney smoothing (Chen & Goodman 1998),
 *
 *     p_k(c) = (n_k(c) - D_k(n_k(c))) / n_k + γ_k p_{k-1}(c),   p_{-1}(c) = 1 / V
 *
 * with, in the context of the last k characters, n_k(c) how often c followed, n_k their sum, D_k the discount for a
 * count of 1, of 2, and of more, and γ_k what makes the sum 1. Nothing is subtracted from a count of 0;
 * so the probability of what was left out of the table is given out by the shorter context, too.
 */
import type { Ids } from '../text/unit.js';
import type { NgramTable } from './ngram-table.js';

export class NgramReader {
  /** Length of the longest known context at the latest prediction; -1 before the first one */
  matched = -1;
  /** How often that context was seen: the sum of its counts */
  seen = 0;
  /** The known contexts of the latest prediction by length, from the empty one on: positions in the table's levels */
  private readonly path: Uint32Array;
  /** p_0 of each character, and its logarithm */
  private readonly unigrams: Float64Array;
  private readonly logUnigrams: Float64Array;
  private readonly sums: Float64Array;
  private readonly touched: Uint32Array;

  constructor(readonly table: NgramTable) {
    const { vocabulary, levels } = table;
    this.path = new Uint32Array(table.context + 1);
    this.unigrams = new Float64Array(vocabulary);
    this.sums = new Float64Array(vocabulary);
    this.touched = new Uint32Array(vocabulary);
    const { entrySymbols, entryCounts, totals } = levels[0];
    const rest = this.rest(0, 0, 1);
    this.unigrams.fill(rest / vocabulary);
    for (let entry = 0; entry < entryCounts.length; entry++) {
      this.unigrams[entrySymbols[entry]] += this.discounted(0, entryCounts[entry]) / totals[0];
    }
    this.logUnigrams = this.unigrams.map(Math.log);
  }

  /**
   * Predicts the next character.
   * @param history ids before the character, oldest first
   * @param end number of these ids
   * @param into receives ln p(c) by id
   */
  predict(history: ArrayLike<number>, end: number, into: Float64Array): void {
    const { sums, touched, unigrams, logUnigrams, path } = this;
    const { levels, discounts } = this.table;
    this.enter(history, end);
    let weight = 1;
    let count = 0;
    for (let level = this.matched; level > 0; level--) {
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
    const logWeight = Math.log(weight);
    for (let id = 0; id < logUnigrams.length; id++) into[id] = logWeight + logUnigrams[id];
    for (let i = 0; i < count; i++) {
      const id = touched[i];
      into[id] = Math.log(sums[id] + weight * unigrams[id]);
      sums[id] = 0;
    }
  }

  /** ln p of one character after a history. */
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
    return Math.log(p + weight * this.unigrams[id]);
  }

  private discounted(level: number, count: number): number {
    return count - this.table.discounts[3 * level + Math.min(count, 3) - 1];
  }

  /** The factor γ_k of the shorter context's prediction, times a weight */
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

  /** Finds all known contexts that end at a position: the path from the root of the trie. */
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

/**
 * Binary search in a part of an ascending list.
 * @returns the position of a value; -1 if it is not there
 */
function search(list: Ids, from: number, to: number, wanted: number): number {
  let [low, high] = [from, to];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (list[middle] < wanted) low = middle + 1;
    else high = middle;
  }
  return low < to && list[low] === wanted ? low : -1;
}
