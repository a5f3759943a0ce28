/**
 * A character n-gram model with interpolated Kneser-Ney smoothing (Kneser & Ney 1995; Chen & Goodman
 * 1998, §2.7): the baseline by which a network's loss can be judged.
 *
 *     p_k(c) = (max(n_k(c) - d_k, 0) + d_k t_k p_{k-1}(c)) / n_k
 *
 * with, in the context of the last k characters, n_k(c) how often c followed, n_k their sum, t_k how many
 * different ones did, and d_k = n₁ / (n₁ + 2 n₂) the discount of that order, from the numbers of counts
 * that are 1 and 2. Below the longest context a character is counted once for each longer context in
 * which it is new: it is then counted as often as it continues something, which is Kneser and Ney's idea.
 */
import type { Ids } from '../text/unit.js';
import { CountTable } from './count-table.js';

/** Characters of the longest context, unless told otherwise: what did best on books of a megabyte. */
export const defaultContext = 5;

export class NgramModel {
  /** By order, context and character: n_k(c), and the character that was new before it, plus 1 */
  private readonly counts = new CountTable(2);
  /** By order and context: n_k, t_k, and the latest character that was new, plus 1 */
  private readonly totals = new CountTable(3);
  /** By order: how many counts are 1, and how many are 2 */
  private readonly ones: Float64Array;
  private readonly twos: Float64Array;
  /** Rolling context: hashes of the last k characters, for k = 0 … context */
  private readonly hashes: Float64Array;

  /**
   * @param vocabulary characters there are: the last resort is a uniform guess among them
   * @param maxCounts counts that are kept, some 40 bytes each: when there are so many, nothing new is counted
   */
  constructor(
    private readonly vocabulary: number,
    private readonly context = defaultContext,
    private readonly maxCounts = Number.POSITIVE_INFINITY,
  ) {
    this.ones = new Float64Array(context + 1);
    this.twos = new Float64Array(context + 1);
    this.hashes = new Float64Array(context + 1);
  }

  /** Counts a text. */
  learn(ids: Ids): void {
    for (let at = 0; at < ids.length; at++) this.learnOne(ids, at);
  }

  /** Counts the character at one position of a text. */
  learnOne(ids: Ids, at: number): void {
    this.enter(ids, at);
    this.count(ids[at], Math.min(at, this.context));
  }

  /**
   * The probabilities of all characters at one position of a text, from those before it.
   * @param into p(c) by id
   * @returns how many characters the longest context has that was seen before; -1 for none
   */
  predict(ids: Ids, at: number, into: Float64Array): number {
    const { counts, totals } = this;
    this.enter(ids, at);
    into.fill(1 / this.vocabulary);
    const maxContext = Math.min(at, this.context);
    for (let k = 0; k <= maxContext; k++) {
      const context = totals.find(this.hashes[k], k);
      if (context < 0) return k - 1;
      const discount = this.discount(k);
      const total = totals.get(context, 0);
      const weight = (discount * totals.get(context, 1)) / total;
      for (let id = 0; id < into.length; id++) into[id] *= weight;
      for (let next = totals.get(context, 2); next > 0; ) {
        const entry = counts.find(this.hashes[k], symbolKey(k, next - 1));
        into[next - 1] += Math.max(0, counts.get(entry, 0) - discount) / total;
        next = counts.get(entry, 1);
      }
    }
    return maxContext;
  }

  /**
   * Σ -ln p of all characters but the first, in nats.
   * @param learning whether each is counted once it has been predicted
   */
  cost(ids: Ids, learning: boolean): number {
    let nats = 0;
    for (let at = 0; at < ids.length; at++) {
      this.enter(ids, at);
      const maxContext = Math.min(at, this.context);
      if (at > 0) nats -= Math.log(this.probability(ids[at], maxContext));
      if (learning) this.count(ids[at], maxContext);
    }
    return nats;
  }

  private probability(id: number, maxContext: number): number {
    const { counts, totals } = this;
    let p = 1 / this.vocabulary;
    for (let k = 0; k <= maxContext; k++) {
      const context = totals.find(this.hashes[k], k);
      // what has no context has no longer one either
      if (context < 0) break;
      const discount = this.discount(k);
      const entry = counts.find(this.hashes[k], symbolKey(k, id));
      const count = entry < 0 ? 0 : counts.get(entry, 0);
      const total = totals.get(context, 0);
      const types = totals.get(context, 1);
      p = (Math.max(0, count - discount) + discount * types * p) / total;
    }
    return p;
  }

  private count(id: number, maxContext: number): void {
    const { counts, totals } = this;
    const full = counts.size >= this.maxCounts;
    for (let k = maxContext; k >= 0; k--) {
      if (full && counts.find(this.hashes[k], symbolKey(k, id)) < 0) continue;
      const context = totals.insert(this.hashes[k], k);
      totals.add(context, 0);
      const entry = counts.insert(this.hashes[k], symbolKey(k, id));
      const count = counts.add(entry, 0);
      if (count === 1) {
        this.ones[k]++;
        totals.add(context, 1);
        counts.set(entry, 1, totals.get(context, 2));
        totals.set(context, 2, id + 1);
      } else {
        if (count === 2) [this.ones[k], this.twos[k]] = [this.ones[k] - 1, this.twos[k] + 1];
        if (count === 3) this.twos[k]--;
        return;
      }
    }
  }

  private discount(k: number): number {
    const [ones, twos] = [this.ones[k], this.twos[k]];
    // if no count or every count of an order is 1, its discount cannot be estimated
    return ones > 0 && twos > 0 ? ones / (ones + 2 * twos) : 0.5;
  }

  /** The contexts of position `at`. */
  private enter(ids: Ids, at: number): void {
    let hash = 0;
    for (let k = 1; k <= this.context && k <= at; k++) {
      // a product and a sum below 2^53 are exact
      hash = (hash * 1_000_003 + ids[at - k] + 1) % 4_294_967_291;
      this.hashes[k] = hash;
    }
  }
}

function symbolKey(k: number, id: number): number {
  return (id + 1) * 64 + k;
}
