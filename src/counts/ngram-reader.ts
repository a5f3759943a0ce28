/**
 * Predictions of an n-gram model: interpolated modified Kneser-Ney smoothing (Chen & Goodman 1998),
 *
 *     p_k(c) = (n_k(c) - D_k(n_k(c))) / n_k + γ_k p_{k-1}(c),   p_{-1}(c) = 1 / V
 *
 * where, for the context of the last k characters, n_k(c) is how often c followed, n_k the sum of these counts, D_k the
 * discount for a count of 1, of 2, or of 3 and more, and γ_k the factor that makes the sum of probabilities 1. Nothing
 * is subtracted from a count of 0; so the probability of counts that were left out of the table is also distributed by
 * the shorter context.
 */
import { logarithm } from './logarithm.js';
import type { NgramTable } from './ngram-table.js';
import { headWords, trieOf } from './reading-trie.js';

/** Max number of probabilities cached for short contexts: 8 MiB together with their logarithms */
const keptNumbers = 2 ** 19;
/**
 * Max length of a context whose distribution is cached. So few characters follow longer contexts that reading their
 * counts is faster than reading a whole distribution.
 */
const longestKept = 2;
/** A distribution is cached only for a context that at least this many different characters follow */
const fewEntries = 8;

export class NgramReader {
  /** Length of the longest known context in the latest prediction; -1 before the first one */
  matched = -1;
  /** How often the longest known context occurred: the sum of its counts */
  seen = 0;
  private readonly trie: Uint32Array;
  /** By length: the index in the trie of each known context of the latest prediction, from the root onwards */
  private readonly path: Uint32Array;
  /** Distributions are cached for the empty context, and for those up to this length that enough characters follow. */
  private readonly longestKept: number;
  private readonly keptEntries: number;
  /**
   * The cached distributions p_k and their logarithms, one context after the other in the order in which they first
   * occurred
   */
  private readonly kept: { readonly p: Float64Array; readonly logs: Float64Array };
  /** By index in the trie of a short context: index of its distribution, plus 1; 0 if it has not occurred yet */
  private readonly keptAt: Uint32Array;
  private keptLength = 0;
  private readonly sums: Float64Array;
  private readonly touched: Uint32Array;

  constructor(readonly table: NgramTable) {
    const { vocabulary } = table;
    this.trie = trieOf(table);
    this.path = new Uint32Array(table.context + 1);
    this.sums = new Float64Array(vocabulary);
    this.touched = new Uint32Array(vocabulary);
    const { length, entries, contexts, words } = keptContexts(table);
    this.longestKept = length;
    this.keptEntries = entries;
    this.keptAt = new Uint32Array(words);
    const p = new Float64Array(contexts * vocabulary);
    this.kept = { p, logs: new Float64Array(p.length) };
  }

  /**
   * Predicts the next character.
   * @param history ids before the character, oldest first
   * @param end number of these ids
   * @param into receives ln p(c) by id
   */
  predict(history: ArrayLike<number>, end: number, into: Float64Array): void {
    const { sums, touched, path, kept, trie } = this;
    const { discounts } = this.table;
    this.enter(history, end);
    const longest = Math.min(this.matched, this.longestKept);
    let shortest = 0;
    while (shortest < longest && trie[path[shortest + 1] + 2] >= this.keptEntries) shortest++;
    const start = this.distribution(shortest);
    let weight = 1;
    let count = 0;
    for (let length = this.matched; length > shortest; length--) {
      const node = path[length];
      const total = trie[node];
      const entries = trie[node + 2];
      const first = node + headWords + 2 * trie[node + 1];
      const one = discounts[3 * length];
      const two = discounts[3 * length + 1];
      const more = discounts[3 * length + 2];
      const share = weight / total;
      let taken = 0;
      for (let i = first; i < first + entries; i++) {
        const times = trie[i + entries];
        const left = times - (times === 1 ? one : times === 2 ? two : more);
        const id = trie[i];
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

  /** ln p of one character after a history. */
  cost(history: ArrayLike<number>, end: number, id: number): number {
    const { path, trie } = this;
    this.enter(history, end);
    let weight = 1;
    let p = 0;
    for (let length = this.matched; length > 0; length--) {
      const node = path[length];
      const count = this.countOf(node, id);
      if (count > 0) p += (weight * this.discounted(length, count)) / trie[node];
      weight = this.rest(length, node, weight);
    }
    return logarithm(p + weight * this.kept.p[this.distribution(0) + id]);
  }

  /** Index of the cached distribution for the known context of this length; computes it the first time. */
  private distribution(length: number): number {
    const { path, keptAt, kept, table, trie } = this;
    const V = table.vocabulary;
    const node = path[length];
    const known = keptAt[node];
    if (known > 0) return known - 1;
    const before = length > 0 ? this.distribution(length - 1) : -1;
    const start = this.keptLength;
    this.keptLength += V;
    keptAt[node] = start + 1;
    const { p, logs } = kept;
    const rest = this.rest(length, node, 1);
    for (let id = 0; id < V; id++) p[start + id] = rest * (before < 0 ? 1 / V : p[before + id]);
    const entries = trie[node + 2];
    const first = node + headWords + 2 * trie[node + 1];
    for (let i = first; i < first + entries; i++) {
      p[start + trie[i]] += this.discounted(length, trie[i + entries]) / trie[node];
    }
    for (let id = 0; id < V; id++) logs[start + id] = logarithm(p[start + id]);
    return start;
  }

  private discounted(length: number, count: number): number {
    return count - this.table.discounts[3 * length + Math.min(count, 3) - 1];
  }

  /** Given the weight of this context's prediction, returns that of the shorter context's: `weight` times γ_k. */
  private rest(length: number, node: number, weight: number): number {
    const { trie } = this;
    const total = trie[node];
    const entries = trie[node + 2];
    const counts = node + headWords + 2 * trie[node + 1] + entries;
    let taken = 0;
    for (let i = counts; i < counts + entries; i++) taken += this.discounted(length, trie[i]);
    return total > 0 ? weight * ((total - taken) / total) : weight;
  }

  /** How often a character followed a context */
  private countOf(node: number, id: number): number {
    const { trie } = this;
    const entries = trie[node + 2];
    const first = node + headWords + 2 * trie[node + 1];
    const at = search(trie, first, first + entries, id);
    return at < 0 ? 0 : trie[at + entries];
  }

  /** Finds all known contexts that end at a position: the path from the root of the trie. */
  private enter(history: ArrayLike<number>, end: number): void {
    const { path, table, trie } = this;
    const longest = Math.min(table.context, end);
    let node = 0;
    this.matched = 0;
    for (let length = 1; length <= longest; length++) {
      const children = trie[node + 1];
      const first = node + headWords;
      const at = search(trie, first, first + children, history[end - length]);
      if (at < 0) break;
      node = trie[at + children];
      path[length] = node;
      this.matched = length;
    }
    this.seen = trie[node];
  }
}

/**
 * Decides for which contexts distributions are cached: for the empty context, and for contexts up to some length that,
 * like all their shorter contexts, are followed by at least some number of different characters. The decision depends
 * only on the table, so that predictions are the same to the last digit everywhere.
 * @returns that length, that number of different characters as `entries`, the number of these contexts, and the number
 * of 32-bit words that contexts of these lengths take in the trie
 */
function keptContexts({ vocabulary, context, levels }: NgramTable) {
  const length = Math.min(longestKept, context);
  /**
   * By n: the number of contexts, besides the empty one, that are cached if at least n different characters must follow
   * a context and each of its shorter ones, but that are no longer cached if n + 1 must
   */
  const histogram = new Uint32Array(vocabulary + 1);
  let words = 0;
  let parents = Uint32Array.of(vocabulary);
  for (let at = 0; at <= length; at++) {
    const { size, firstChild, firstEntry, entryCounts } = levels[at];
    const fewest = new Uint32Array(firstChild[size]);
    for (let node = 0; node < size; node++) {
      const entries = Math.min(parents[node], firstEntry[node + 1] - firstEntry[node]);
      if (at > 0) histogram[entries]++;
      fewest.fill(at > 0 ? entries : vocabulary, firstChild[node], firstChild[node + 1]);
    }
    parents = fewest;
    words += headWords * size + 2 * firstChild[size] + 2 * entryCounts.length;
  }
  const room = Math.floor(keptNumbers / vocabulary);
  let [entries, contexts] = [vocabulary + 1, 1];
  while (entries > fewEntries && contexts + histogram[entries - 1] <= room) {
    contexts += histogram[--entries];
  }
  return { length, entries, contexts, words };
}

/**
 * Binary search in a part of an ascending list.
 * @returns the position of a value; -1 if it is not there
 */
function search(list: Uint32Array, from: number, to: number, wanted: number): number {
  let [low, high] = [from, to];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (list[middle] < wanted) low = middle + 1;
    else high = middle;
  }
  return low < to && list[low] === wanted ? low : -1;
}
