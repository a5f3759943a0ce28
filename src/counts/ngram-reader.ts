/**
 * Predictions of an n-gram model: interpolated modified Kneser-Ney smoothing (Chen & Goodman 1998),
 *
 *     p_k(c) = (n_k(c) - D_k(n_k(c))) / n_k + γ_k p_{k-1}(c),   p_{-1}(c) = 1 / V
 *
 * with, in the context of the last k characters, n_k(c) how often c followed, n_k their sum, D_k the discount for a
 * count of 1, of 2, and of more, and γ_k what makes the sum 1. Nothing is taken off a count of 0, nor added for it;
 * so what was left out of the table, too, is spread by the shorter context.
 */
import type { NgramTable } from './ngram-table.js';

export class NgramReader {
  /** Characters of the longest context that is known; -1 before the first prediction */
  matched = -1;
  /** How often that context was seen: the sum of its counts */
  seen = 0;
  /** By level: the contexts that are known, from the root on */
  private readonly path: Uint32Array;
  /** p_0 and its logarithm */
  private readonly unigrams: Float64Array;
  private readonly logUnigrams: Float64Array;
  private readonly sums: Float64Array;
  private readonly touched: Uint32Array;

  constructor(readonly table: NgramTable) {
    const { vocabulary } = table;
    this.path = new Uint32Array(table.context + 1);
    this.unigrams = new Float64Array(vocabulary);
    this.sums = new Float64Array(vocabulary);
    this.touched = new Uint32Array(vocabulary);
    const rest = this.spread(0, 0, 1, (id, p) => {
      this.unigrams[id] = p;
    });
    for (let id = 0; id < vocabulary; id++) this.unigrams[id] += rest / vocabulary;
    this.logUnigrams = this.unigrams.map(Math.log);
  }

  /**
   * The logarithms of the probabilities of all characters.
   * @param history ids before the character, oldest first
   * @param end how many of them there are
   * @param into ln p(c) by id
   */
  predict(history: ArrayLike<number>, end: number, into: Float64Array): void {
    const { sums, touched, unigrams, logUnigrams } = this;
    this.enter(history, end);
    let weight = 1;
    let count = 0;
    for (let level = this.matched; level > 0; level--) {
      weight = this.spread(level, this.path[level], weight, (id, p) => {
        if (sums[id] === 0) touched[count++] = id;
        sums[id] += p;
      });
    }
    const logWeight = Math.log(weight);
    for (let id = 0; id < logUnigrams.length; id++) into[id] = logWeight + logUnigrams[id];
    for (let i = 0; i < count; i++) {
      const id = touched[i];
      into[id] = Math.log(sums[id] + weight * unigrams[id]);
      sums[id] = 0;
    }
  }

  /** ln p of one character. */
  cost(history: ArrayLike<number>, end: number, id: number): number {
    this.enter(history, end);
    let weight = 1;
    let p = 0;
    for (let level = this.matched; level > 0; level--) {
      weight = this.spread(level, this.path[level], weight, (next, share) => {
        if (next === id) p += share;
      });
    }
    return Math.log(p + weight * this.unigrams[id]);
  }

  /**
   * Hands a share of probability to what followed a context.
   * @param give told each character and its probability
   * @returns what is left for the shorter context
   */
  private spread(
    level: number,
    context: number,
    weight: number,
    give: (id: number, p: number) => void,
  ): number {
    const { levels, discounts } = this.table;
    const { firstEntry, entrySymbols, entryCounts, totals } = levels[level];
    const total = totals[context];
    const end = firstEntry[context + 1];
    let taken = 0;
    for (let entry = firstEntry[context]; entry < end; entry++) {
      const count = entryCounts[entry];
      const left = count - discounts[3 * level + Math.min(count, 3) - 1];
      taken += left;
      give(entrySymbols[entry], (weight * left) / total);
    }
    return total > 0 ? weight * ((total - taken) / total) : weight;
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
      const wanted = history[end - level];
      let [low, high] = [firstChild[node], firstChild[node + 1]];
      const last = high;
      while (low < high) {
        const middle = (low + high) >>> 1;
        if (symbols[middle] < wanted) low = middle + 1;
        else high = middle;
      }
      if (low === last || symbols[low] !== wanted) break;
      node = low;
      path[level] = node;
      this.matched = level;
    }
    this.seen = levels[this.matched].totals[node];
  }
}
