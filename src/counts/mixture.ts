/**
 * Mixes the predictions of network and counts log-linearly, as a weighted product of probabilities:
 *
 *     p(c) ∝ p_network(c)^a · p_counts(c)^b
 *
 * Each class of positions has a pair of weights (a, b). The class depends on the length of the longest context that the
 * counts know, and on how often it occurred (log-linear interpolation; Neubig & Dyer 2016 mix networks and counts).
 */
import { exponentialBelow } from './exponential.js';
import { NgramReader } from './ngram-reader.js';
import type { NgramTable } from './ngram-table.js';
import { withTrie } from './reading-trie.js';

/** The counts of a model, as files record them and threads share them */
export interface ModelCounts {
  readonly table: NgramTable;
  /** [classes, 2] the weights a and b of each class of positions */
  readonly weights: Float64Array;
}

/** Lower ends of ranges of how often a context occurred; for each length of context, each range is a class. */
const seenSteps = [1, 2, 3, 5, 9, 33];

/** Number of classes of positions, given the length of the longest contexts */
export function classCount(context: number): number {
  return (context + 1) * seenSteps.length;
}

/**
 * The class of a position in a text, by which the weights of network and counts are chosen.
 * @param matched length of the longest known context
 * @param seen how often that context occurred
 */
export function classOf(matched: number, seen: number): number {
  let step = seenSteps.length - 1;
  while (step > 0 && seen < seenSteps[step]) step--;
  return matched * seenSteps.length + step;
}

/**
 * The weights of a mixture by the length of the longest known context, averaged over how often it occurred.
 * @returns [N + 1] pairs
 */
export function weightsByLength({
  table,
  weights,
}: ModelCounts): [network: number, counts: number][] {
  const each = seenSteps.length;
  return Array.from({ length: table.context + 1 }, (_, length) => {
    const mean = (which: number) => {
      let sum = 0;
      for (let step = 0; step < each; step++) sum += weights[2 * (length * each + step) + which];
      return sum / each;
    };
    return [mean(0), mean(1)];
  });
}

/** Weights for all positions until weights have been fitted: rounded means of the weights fitted on several texts */
export const usualWeights: readonly [network: number, counts: number] = [0.65, 0.4];

export class Mixture {
  private readonly reader: NgramReader;
  private readonly counted: Float64Array;
  private readonly mixed: Float64Array;

  /** @param share scales the weight of the counts: 1 as fitted, 0 for the network alone */
  constructor(
    private readonly counts: ModelCounts,
    private readonly share = 1,
  ) {
    this.reader = new NgramReader(counts.table);
    this.counted = new Float64Array(counts.table.vocabulary);
    this.mixed = new Float64Array(counts.table.vocabulary);
  }

  /**
   * Replaces a row of the network's logits by log-probabilities of the mixture, up to a constant.
   * @param logits the row begins at `start`
   * @param history ids before the character, oldest first
   * @param end number of these ids
   */
  mix(logits: Float32Array, start: number, history: ArrayLike<number>, end: number): void {
    const { counted } = this;
    const [a, b] = this.consult(history, end);
    for (let id = 0; id < counted.length; id++) {
      logits[start + id] = a * logits[start + id] + b * counted[id];
    }
  }

  /**
   * Loss of a character under the mixture, in nats.
   * @param logits the network's; the row begins at `start` and is not changed
   */
  loss(
    logits: Float32Array,
    start: number,
    history: ArrayLike<number>,
    end: number,
    id: number,
  ): number {
    const { counted, mixed } = this;
    const [a, b] = this.consult(history, end);
    let max = Number.NEGATIVE_INFINITY;
    for (let other = 0; other < mixed.length; other++) {
      const value = a * logits[start + other] + b * counted[other];
      mixed[other] = value;
      if (value > max) max = value;
    }
    let sum = 0;
    for (let other = 0; other < mixed.length; other++) sum += exponentialBelow(mixed[other] - max);
    return Math.log(sum) + max - mixed[id];
  }

  /**
   * Lets the counts predict, and looks up the weights of the position's class.
   * @returns the weights of the network and of the counts
   */
  private consult(history: ArrayLike<number>, end: number): readonly [number, number] {
    const { reader, counted, share, counts } = this;
    reader.predict(history, end, counted);
    const at = 2 * classOf(reader.matched, reader.seen);
    return [1 + share * (counts.weights[at] - 1), share * counts.weights[at + 1]];
  }
}

/**
 * Makes a function that gives the loss of each character of a text under the mixture, in nats.
 * @param logits the network's; the row begins at `start`
 * @param ids the text, in which the character is at index `at`
 */
export function judgeOf(mixture: Mixture) {
  return (logits: Float32Array, start: number, ids: ArrayLike<number>, at: number): number =>
    mixture.loss(logits, start, ids, at, ids[at]);
}

/** The counts of a model for other threads, with the trie for readers built once for all of them. */
export function sharedCounts(counts: ModelCounts | undefined, share = 1): ModelCounts | undefined {
  if (counts === undefined || share === 0) return undefined;
  return { ...counts, table: withTrie(counts.table) };
}

/** The mixture of a model; undefined if the model has no counts or their weight is 0. */
export function mixtureOf(counts: ModelCounts | undefined, share = 1): Mixture | undefined {
  return counts === undefined || share === 0 ? undefined : new Mixture(counts, share);
}
