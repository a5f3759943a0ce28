/** Chooses the next character from a row of logits. */
import { overflowError } from '../model/overflow.js';
import type { Random } from '../model/random.js';
import { type Filter, minP, sum, topK, topP, typical, type Weights } from './filters.js';

export interface FilterOptions {
  /** Whether the most probable character is always chosen; filters and temperature then have no effect. */
  readonly greedy: boolean;
  readonly topK?: number | undefined;
  readonly typical?: number | undefined;
  readonly topP?: number | undefined;
  readonly minP?: number | undefined;
}

/**
 * Makes the filters that these options ask for, in the order in which they apply; each works on what the previous one
 * has left.
 */
export function filtersOf({ topK: k, typical: mass, topP: p, minP: ratio }: FilterOptions) {
  const filters: Filter[] = [];
  if (k !== undefined) filters.push(topK(k));
  if (mass !== undefined) filters.push(typical(mass));
  if (p !== undefined) filters.push(topP(p));
  if (ratio !== undefined) filters.push(minP(ratio));
  return filters;
}

/** The mask of permitted characters: by id, 0 for a character that may not come next. */
export type LogitMask = Uint8Array;

/**
 * Sets weights to softmax(logits / temperature) up to a factor: the most probable one is 1.
 * @param start where the row begins; it has at least as many logits as there are weights
 * @throws CharnnError for a model whose weights overflow
 */
export function softmax(
  weights: Weights,
  logits: Float32Array,
  start: number,
  temperature: number,
  mask?: LogitMask,
): void {
  const max = logits[start + likeliest(logits, start, weights.length, mask)];
  for (let id = 0; id < weights.length; id++) {
    const excluded = mask !== undefined && mask[id] === 0;
    weights[id] = excluded ? 0 : Math.exp((logits[start + id] - max) / temperature);
  }
}

/** The permitted id with the highest logit; of several, the lowest id. */
export function argmax(
  logits: Float32Array,
  start: number,
  count: number,
  mask?: LogitMask,
): number {
  let best = -1;
  for (let id = 0; id < count; id++) {
    if (mask !== undefined && mask[id] === 0) continue;
    if (best < 0 || logits[start + id] > logits[start + best]) best = id;
  }
  if (best < 0) throw new Error('none of the characters is permitted');
  return best;
}

/**
 * The same as `argmax`, for logits that must be finite.
 * @throws CharnnError for a model whose weights overflow
 */
function likeliest(logits: Float32Array, start: number, count: number, mask?: LogitMask): number {
  const id = argmax(logits, start, count, mask);
  if (!Number.isFinite(logits[start + id])) throw overflowError();
  return id;
}

/**
 * Draws an id with the probability given by its weight.
 * @throws CharnnError if a weight is not a number, because then the weights of the model overflow
 */
export function draw(weights: Weights, random: Random): number {
  const total = sum(weights);
  if (Number.isNaN(total)) throw overflowError();
  let left = random.uniform() * total;
  let last = 0;
  for (let id = 0; id < weights.length; id++) {
    if (weights[id] === 0) continue;
    last = id;
    left -= weights[id];
    if (left < 0) return id;
  }
  // if rounding leaves a small remainder after the last candidate, that one is drawn
  return last;
}

/** Chooses characters, and holds the memory for one row of weights. */
export class CharacterSampler {
  private readonly weights: Weights;
  private readonly filters: readonly Filter[];
  private readonly greedy: boolean;

  /** @param symbols number of characters, without the unknown symbol */
  constructor(symbols: number, options: FilterOptions) {
    this.weights = new Float64Array(symbols);
    this.filters = filtersOf(options);
    this.greedy = options.greedy;
  }

  /** @throws CharnnError for a model with weights so large that its predictions are no numbers */
  sample(
    logits: Float32Array,
    start: number,
    temperature: number,
    random: Random,
    mask?: LogitMask,
  ): number {
    const { weights } = this;
    // in the limit of temperature 0 only the most probable character is left
    if (this.greedy || temperature === 0) {
      return likeliest(logits, start, weights.length, mask);
    }
    softmax(weights, logits, start, temperature, mask);
    for (const filter of this.filters) filter(weights);
    return draw(weights, random);
  }
}
