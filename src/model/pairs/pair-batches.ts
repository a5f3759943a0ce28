/**
 * Batches of pairs: all sources in a batch have the same length. The number and sizes of the batches are the same in
 * every pass. Which pairs are combined, and the order of the batches, is drawn for each pass from the seed. So a batch
 * depends only on its number, and nothing has to be saved.
 *
 * In training, a batch has targets of different lengths. A batch of only equally long targets can be one of equal
 * targets, such as `yes` without `no`, and its gradient leads astray. Without a seed, targets are in the order of their
 * lengths, because that takes the fewest steps of the decoder.
 */
import { labelsOf, vectorCount, vectorsOf } from '../../text/conditions.js';
import type { Ids } from '../../text/unit.js';
import { Random } from '../random.js';
import { type PairMarks, type PairTable, targetStart } from './pair-table.js';

/** Max length of sources and targets in a batch with all its rows; with longer ones it has fewer rows. */
export const usualLength = 64;

/** Some of the rows of a batch. Lists are time-major. */
export interface PairRows {
  /** Number of rows of the whole batch */
  readonly totalRows: number;
  readonly firstRow: number;
  readonly B: number;
  /** Length of the sources, which is the same for all, including the vectors that precede their characters */
  readonly S: number;
  /** Number of the decoder's steps: length of the longest target, including the newline that ends it */
  readonly T: number;
  /** [S, B] ids of the sources' characters; fewer than S steps where there are vectors */
  readonly source: Int32Array;
  /**
   * [C, B] values of the sources' C labels, and [·, B, F] vectors of F numbers that precede characters, if there are
   * any
   */
  readonly labels?: Int32Array | undefined;
  readonly vectors?: Float32Array | undefined;
  /** [T, B] what the decoder reads: a tab, then the target; newlines after the target's end */
  readonly inputs: Int32Array;
  /** [N] indices among the T·B outputs of those at which something is to be predicted, row by row of the batch */
  readonly places: Int32Array;
  /** [N] the ids to be predicted at `places`; the last one of each target is a newline */
  readonly targets: Int32Array;
}

export interface PairBatchSizes {
  readonly maxBatch: number;
  readonly maxSourceRows: number;
  readonly maxTargetRows: number;
  /** Max number of attention weights in a batch: T·B·S for T target steps, B rows and S source positions */
  readonly maxWeights: number;
}

export class PairBatches {
  readonly batchesPerPass: number;
  /**
   * Indices of the pairs, sorted by number of vectors, length of source, class of the target's length, and position in
   * the text
   */
  private readonly sorted: Uint32Array;
  /**
   * Indices in `sorted` at which groups begin, within which pairs are shuffled; the last index is the length of
   * `sorted`
   */
  private readonly groups: readonly number[];
  /** Indices in `sorted` at which batches begin; the last index is the length of `sorted` */
  private readonly edges: readonly number[];
  /** Number of the decoder's steps in each batch, at most, however the pairs are shuffled */
  private readonly targetSteps: readonly number[];
  private pass: { number: number; pairs: Uint32Array; order: Uint32Array } | undefined;

  /** @param seed undefined for validation, where the order does not matter: nothing is shuffled then */
  constructor(
    private readonly ids: Ids,
    private readonly pairs: PairTable,
    private readonly marks: PairMarks,
    batchSize: number,
    private readonly seed: number | undefined,
  ) {
    const { lengths } = pairs;
    const vectors = (pair: number) => vectorCount(pairs.given, pairs.lines[pair]);
    const sourceKey = (pair: number) => vectors(pair) * 65536 + lengths[2 * pair];
    const targetKey = seed === undefined ? (length: number) => length : lengthClass;
    const key = (pair: number) => sourceKey(pair) * 65536 + targetKey(lengths[2 * pair + 1]);
    this.sorted = Uint32Array.from(pairs.starts.keys()).sort((a, b) => key(a) - key(b) || a - b);
    const longest = new Map<number, number>();
    for (const pair of this.sorted) {
      const T = lengths[2 * pair + 1] + 1;
      longest.set(key(pair), Math.max(T, longest.get(key(pair)) ?? 0));
    }
    const groups: number[] = [];
    const edges: number[] = [];
    const targetSteps: number[] = [];
    for (let i = 0; i < this.sorted.length; i++) {
      const pair = this.sorted[i];
      const [S, T] = [this.positions(pair), longest.get(key(pair)) as number];
      const before = i > 0 ? this.sorted[i - 1] : -1;
      if (before < 0 || key(before) !== key(pair)) groups.push(i);
      const rows = i - (edges.at(-1) ?? 0) + 1;
      const isFull = rows > batchSize || rows * Math.max(S, T) > batchSize * usualLength;
      const isOther = before < 0 || sourceKey(before) !== sourceKey(pair);
      if (isOther || (isFull && rows > 1)) edges.push(i);
      targetSteps[edges.length - 1] = T;
    }
    this.groups = [...groups, this.sorted.length];
    this.edges = [...edges, this.sorted.length];
    this.targetSteps = targetSteps;
    this.batchesPerPass = edges.length;
  }

  /**
   * The largest sizes that occur when the caller computes only some rows of each batch, as one of several threads does:
   * its network must have memory for them.
   * @param share gives the number of rows that the caller computes, given the number of rows of the batch
   */
  sizes(share: (rows: number) => number): PairBatchSizes {
    const sizes = { maxBatch: 1, maxSourceRows: 1, maxTargetRows: 1, maxWeights: 1 };
    for (let i = 0; i < this.batchesPerPass; i++) {
      const last = this.sorted[this.edges[i + 1] - 1];
      const [S, T] = [this.positions(last), this.targetSteps[i]];
      const B = share(this.edges[i + 1] - this.edges[i]);
      sizes.maxBatch = Math.max(sizes.maxBatch, B);
      sizes.maxSourceRows = Math.max(sizes.maxSourceRows, S * B);
      sizes.maxTargetRows = Math.max(sizes.maxTargetRows, T * B);
      sizes.maxWeights = Math.max(sizes.maxWeights, T * B * S);
    }
    return sizes;
  }

  /** Number of positions in a pair's source, which are its vectors and its characters */
  private positions(pair: number): number {
    const { lengths, lines, given } = this.pairs;
    return vectorCount(given, lines[pair]) + lengths[2 * pair];
  }

  /** Number of characters to be predicted in the whole batch of a step */
  targets(step: number): number {
    let sum = 0;
    for (const pair of this.batch(step)) sum += this.pairs.lengths[2 * pair + 1] + 1;
    return sum;
  }

  private batch(step: number): Uint32Array {
    const { pairs, order } = this.passOf(Math.floor(step / this.batchesPerPass));
    const batch = order[step % this.batchesPerPass];
    return pairs.subarray(this.edges[batch], this.edges[batch + 1]);
  }

  /**
   * Returns those rows of a batch that the caller computes, for instance as one of several threads.
   * @param step number of the batch, counted through all passes
   * @param share gives the index of the first of these rows and how many there are, given the number of rows of the
   * batch
   */
  read(step: number, share: (rows: number) => { first: number; size: number }): PairRows {
    const chosen = this.batch(step);
    const { first, size } = share(chosen.length);
    const rows = this.rowsOf(chosen.subarray(first, first + size));
    return { ...rows, totalRows: chosen.length, firstRow: first };
  }

  private rowsOf(chosen: Uint32Array) {
    const { ids, pairs, marks } = this;
    const { starts, lengths } = pairs;
    const B = chosen.length;
    const length = B > 0 ? lengths[2 * chosen[0]] : 0;
    let [T, N] = [0, 0];
    for (const pair of chosen) {
      T = Math.max(T, lengths[2 * pair + 1] + 1);
      N += lengths[2 * pair + 1] + 1;
    }
    const source = new Int32Array(length * B);
    const inputs = new Int32Array(T * B).fill(marks.newline);
    const [places, targets] = [new Int32Array(N), new Int32Array(N)];
    let n = 0;
    chosen.forEach((pair, b) => {
      for (let s = 0; s < length; s++) source[s * B + b] = ids[starts[pair] + s];
      const [from, end] = [targetStart(pairs, pair), lengths[2 * pair + 1]];
      inputs[b] = marks.tab;
      for (let t = 0; t <= end; t++) {
        const id = t < end ? ids[from + t] : marks.newline;
        if (t < end) inputs[(t + 1) * B + b] = id;
        places[n] = t * B + b;
        targets[n++] = id;
      }
    });
    const S = B > 0 ? this.positions(chosen[0]) : 0;
    return { B, S, T, source, inputs, places, targets, ...this.givenOf(chosen) };
  }

  private givenOf(chosen: Uint32Array): Pick<PairRows, 'labels' | 'vectors'> {
    const { given, lines } = this.pairs;
    if (given === undefined) return {};
    const records = chosen.map((pair) => lines[pair]);
    return {
      ...(given.columns > 0 && { labels: labelsOf(given, records) }),
      ...(given.vectors && { vectors: vectorsOf(given.vectors, records) }),
    };
  }

  private passOf(number: number): { pairs: Uint32Array; order: Uint32Array } {
    if (this.pass?.number === number) return this.pass;
    const pairs = this.sorted.slice();
    const order = Uint32Array.from({ length: this.batchesPerPass }, (_, i) => i);
    if (this.seed !== undefined) {
      const random = new Random(this.seed, Math.imul(number + 1, 0x9e3779b1));
      for (let g = 0; g + 1 < this.groups.length; g++) {
        shuffle(pairs.subarray(this.groups[g], this.groups[g + 1]), random);
      }
      shuffle(order, random);
    }
    this.pass = { number, pairs, order };
    return this.pass;
  }
}

/** Shuffles a list (Fisher & Yates). */
function shuffle(list: Uint32Array, random: Random): void {
  for (let i = list.length - 1; i > 0; i--) {
    const j = Math.floor(random.uniform() * (i + 1));
    [list[i], list[j]] = [list[j], list[i]];
  }
}

/**
 * The class of a target by its length: 0 up to `usualLength`, 1 up to twice that length, 2 up to four times, and so on.
 * Only targets of the same class are mixed, because a short target takes as many steps as the longest of its batch.
 */
function lengthClass(length: number): number {
  return Math.max(0, Math.ceil(Math.log2((length + 1) / usualLength)));
}
