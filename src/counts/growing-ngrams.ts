/**
 * An n-gram model that learns a text while it reads it, character by character: interpolated Kneser-Ney smoothing with
 * the formula of `NgramReader`, on counts that still grow.
 *
 * Only the longest contexts count every occurrence. In a shorter context, a character is counted only when it is new in
 * the context longer by one, so that its count is the number of different characters that precede the n-gram: the idea
 * of Kneser and Ney.
 */
import type { Ids } from '../text/unit.js';
import { CountTable } from './count-table.js';
import { kneserNeyDiscounts } from './discounts.js';

/**
 * How counts are discounted. 'three': modified Kneser-Ney smoothing (Chen & Goodman 1998), with one discount for counts
 * of 1, one for counts of 2, and one for higher counts; 'one': a single discount, as in Kneser and Ney (1995).
 */
export type Discounting = 'one' | 'three';

export interface GrowingOptions {
  /** Number of characters of the longest context */
  readonly context: number;
  /** Max number of counts, of some 40 bytes each; when it is reached, new n-grams are no longer counted */
  readonly maxCounts?: number;
  readonly discounting?: Discounting;
}

/**
 * Indices of a context's counters: the sum of its counts, the number of different characters that have followed it, the
 * latest character that followed it for the first time (its id plus 1), and how many of its counts are 1, and are 2
 */
const [sumOf, typesOf, latestOf, onesOf, twosOf] = [0, 1, 2, 3, 4];

export class GrowingNgrams {
  readonly context: number;
  /** Length of the longest known context in the latest prediction; -1 if none was known */
  matched = -1;
  /** How often the longest known context has occurred: the sum of its counts */
  seen = 0;
  private readonly maxCounts: number;
  private readonly hasOneDiscount: boolean;
  /**
   * By order, context and character: the count of the character in the context, and the character that was new in the
   * context just before this one was (its id plus 1); so the characters that followed a context form a linked list
   */
  private readonly counts = new CountTable(2);
  /** By order and context: what is counted of the context as a whole, such as the sum of its counts */
  private readonly totals = new CountTable(5);
  /** [orders, 4] how many counts are 1, 2, 3 and 4 */
  private readonly countsOfCounts: Float64Array;
  /** [orders, 3] the current discounts */
  private readonly discounts: Float64Array;
  /** Hashes of the last k characters, for k = 0 … context */
  private readonly hashes: Float64Array;

  /**
   * @param vocabulary number of characters; a character that no context knows gets its share of a uniform distribution
   */
  constructor(
    private readonly vocabulary: number,
    { context, maxCounts = Number.POSITIVE_INFINITY, discounting = 'three' }: GrowingOptions,
  ) {
    this.context = context;
    this.maxCounts = maxCounts;
    this.hasOneDiscount = discounting === 'one';
    this.countsOfCounts = new Float64Array(4 * (context + 1));
    this.discounts = new Float64Array(3 * (context + 1));
    this.hashes = new Float64Array(context + 1);
    for (let k = 0; k <= context; k++) this.discount(k);
  }

  /** Adds the character at one position of a text to the counts of the contexts that it follows. */
  learn(ids: Ids, at: number): void {
    this.enter(ids, at);
    this.count(ids[at], Math.min(at, this.context));
  }

  /**
   * Predicts the character at one position of a text from those before it.
   * @param into receives p(c) by id
   */
  predict(ids: Ids, at: number, into: Float64Array): void {
    const { counts, totals, discounts } = this;
    this.enter(ids, at);
    into.fill(1 / this.vocabulary);
    this.matched = -1;
    this.seen = 0;
    const maxContext = Math.min(at, this.context);
    for (let k = 0; k <= maxContext; k++) {
      const context = totals.find(this.hashes[k], k);
      if (context < 0) return;
      const total = totals.get(context, sumOf);
      this.matched = k;
      this.seen = total;
      const weight = this.taken(context, k) / total;
      for (let id = 0; id < into.length; id++) into[id] *= weight;
      for (let next = totals.get(context, latestOf); next > 0; ) {
        const entry = counts.find(this.hashes[k], symbolKey(k, next - 1));
        const count = counts.get(entry, 0);
        into[next - 1] += (count - discounts[3 * k + Math.min(count, 3) - 1]) / total;
        next = counts.get(entry, 1);
      }
    }
  }

  /** Sums -ln p of all characters but the first, in nats; each is counted after it has been predicted. */
  costWhileLearning(ids: Ids): number {
    let nats = 0;
    for (let at = 0; at < ids.length; at++) {
      this.enter(ids, at);
      const maxContext = Math.min(at, this.context);
      if (at > 0) nats -= Math.log(this.probability(ids[at], maxContext));
      this.count(ids[at], maxContext);
    }
    return nats;
  }

  private probability(id: number, maxContext: number): number {
    const { counts, totals, discounts } = this;
    let p = 1 / this.vocabulary;
    for (let k = 0; k <= maxContext; k++) {
      const context = totals.find(this.hashes[k], k);
      // if a context is unknown, so are all the longer ones that end with it
      if (context < 0) break;
      const entry = counts.find(this.hashes[k], symbolKey(k, id));
      const count = entry < 0 ? 0 : counts.get(entry, 0);
      const left = count === 0 ? 0 : count - discounts[3 * k + Math.min(count, 3) - 1];
      p = (left + this.taken(context, k) * p) / totals.get(context, sumOf);
    }
    return p;
  }

  /** Sum of the discounts of a context's counts, which is distributed as the shorter context predicts */
  private taken(context: number, k: number): number {
    const { totals, discounts } = this;
    const types = totals.get(context, typesOf);
    if (this.hasOneDiscount) return discounts[3 * k] * types;
    const [ones, twos] = [totals.get(context, onesOf), totals.get(context, twosOf)];
    return (
      discounts[3 * k] * ones +
      discounts[3 * k + 1] * twos +
      discounts[3 * k + 2] * (types - ones - twos)
    );
  }

  private count(id: number, maxContext: number): void {
    const { counts, totals } = this;
    const full = counts.size >= this.maxCounts;
    for (let k = maxContext; k >= 0; k--) {
      if (full && counts.find(this.hashes[k], symbolKey(k, id)) < 0) continue;
      const context = totals.insert(this.hashes[k], k);
      totals.add(context, sumOf);
      const entry = counts.insert(this.hashes[k], symbolKey(k, id));
      const count = counts.add(entry, 0);
      if (count <= 5) this.recount(k, count);
      if (count > 1) {
        if (count === 2) totals.move(context, onesOf, twosOf);
        else if (count === 3) totals.set(context, twosOf, totals.get(context, twosOf) - 1);
        return;
      }
      totals.add(context, typesOf);
      totals.add(context, onesOf);
      counts.set(entry, 1, totals.get(context, latestOf));
      totals.set(context, latestOf, id + 1);
    }
  }

  /** Updates how many counts of order k are 1, 2, 3 and 4, after one of them has risen to `count`. */
  private recount(k: number, count: number): void {
    const { countsOfCounts } = this;
    if (count <= 4) countsOfCounts[4 * k + count - 1]++;
    if (count > 1) countsOfCounts[4 * k + count - 2]--;
    this.discount(k);
  }

  private discount(k: number): void {
    const { discounts, countsOfCounts } = this;
    if (!this.hasOneDiscount) {
      kneserNeyDiscounts(countsOfCounts, k, discounts);
      return;
    }
    const [ones, twos] = [countsOfCounts[4 * k], countsOfCounts[4 * k + 1]];
    // if no count of this order is 1, or none is 2, the discount cannot be estimated
    const one = ones > 0 && twos > 0 ? ones / (ones + 2 * twos) : 0.5;
    discounts.fill(one, 3 * k, 3 * k + 3);
  }

  /** Computes the hashes of the contexts of position `at`. */
  private enter(ids: Ids, at: number): void {
    let hash = 0;
    for (let k = 1; k <= this.context && k <= at; k++) {
      // integer products and sums below 2^53 are exact
      hash = (hash * 1_000_003 + ids[at - k] + 1) % 4_294_967_291;
      this.hashes[k] = hash;
    }
  }
}

function symbolKey(k: number, id: number): number {
  return (id + 1) * 64 + k;
}
