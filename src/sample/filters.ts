/**
 * Filters of a distribution. Each sets the weights of the candidates that it excludes to zero and leaves the others
 * unchanged. Weights need not sum to 1: probabilities are relative to the sum of the weights that are left. Of equal
 * candidates the one with the lower id comes first, and at least one candidate always remains.
 */

/** Weights of the candidates by id, at least one above 0. */
export type Weights = Float64Array;
export type Filter = (weights: Weights) => void;

/** Keeps the k most probable candidates (top-k sampling). */
export function topK(k: number): Filter {
  return (weights) => {
    keepFirst(weights, weights, (rank) => rank < k);
  };
}

/**
 * Keeps the smallest set of most probable candidates whose probabilities sum to at least `p` (nucleus sampling,
 * Holtzman et al. 2020).
 */
export function topP(p: number): Filter {
  return (weights) => {
    const enough = p * sum(weights);
    keepFirst(weights, weights, (_, before) => before < enough);
  };
}

/** Keeps the candidates that are at least `ratio` times as probable as the most probable one. */
export function minP(ratio: number): Filter {
  return (weights) => {
    let max = 0;
    for (let id = 0; id < weights.length; id++) if (weights[id] > max) max = weights[id];
    const min = ratio * max;
    for (let id = 0; id < weights.length; id++) if (weights[id] < min) weights[id] = 0;
  };
}

/**
 * Keeps the candidates whose surprise is closest to the entropy, until their probabilities sum to `mass` (locally
 * typical sampling, Meister et al. 2023).
 */
export function typical(mass: number): Filter {
  return (weights) => {
    const total = sum(weights);
    let entropy = 0;
    for (const weight of weights) {
      if (weight > 0) entropy -= (weight / total) * Math.log(weight / total);
    }
    const closeness = weights.map((weight) =>
      weight > 0 ? -Math.abs(-Math.log(weight / total) - entropy) : Number.NEGATIVE_INFINITY,
    );
    const enough = mass * total;
    keepFirst(weights, closeness, (_, before) => before < enough);
  };
}

/**
 * Keeps candidates in descending order of their key as long as `wanted` returns true.
 * @param wanted receives the candidate's rank, counted from 0, and the sum of the weights before it
 */
function keepFirst(
  weights: Weights,
  keys: Float64Array,
  wanted: (rank: number, before: number) => boolean,
): void {
  const heap = new Heap(weights, keys);
  let before = 0;
  for (let rank = 0; heap.size > 0 && (rank === 0 || wanted(rank, before)); rank++) {
    before += weights[heap.pop()];
  }
  for (let i = 0; i < heap.size; i++) weights[heap.ids[i]] = 0;
}

/**
 * A heap of candidates with the highest key on top. A full sort would be slower, because usually only a small part of
 * a large alphabet is kept.
 */
class Heap {
  readonly ids: Int32Array;
  size = 0;

  constructor(
    weights: Weights,
    private readonly keys: Float64Array,
  ) {
    this.ids = new Int32Array(weights.length);
    for (let id = 0; id < weights.length; id++) if (weights[id] > 0) this.ids[this.size++] = id;
    for (let i = (this.size >> 1) - 1; i >= 0; i--) this.sink(i);
  }

  pop(): number {
    const top = this.ids[0];
    this.ids[0] = this.ids[--this.size];
    this.sink(0);
    return top;
  }

  private sink(start: number): void {
    const { ids, size } = this;
    const id = ids[start];
    let at = start;
    for (;;) {
      let child = 2 * at + 1;
      if (child >= size) break;
      if (child + 1 < size && this.above(ids[child + 1], ids[child])) child++;
      if (!this.above(ids[child], id)) break;
      ids[at] = ids[child];
      at = child;
    }
    ids[at] = id;
  }

  private above(a: number, b: number): boolean {
    const { keys } = this;
    return keys[a] > keys[b] || (keys[a] === keys[b] && a < b);
  }
}

export function sum(weights: Weights): number {
  let total = 0;
  for (let id = 0; id < weights.length; id++) total += weights[id];
  return total;
}
