/** Chooses the next character from a row of logits. */
import type { Random } from '../model/random.js';
import { type Filter, minP, sum, topK, topP, typical, type Weights } from './filters.js';

export interface FilterOptions {
  /** Always the most probable character; filters and temperature are then without effect. */
  readonly greedy: boolean;
  readonly topK?: number | undefined;
  readonly typical?: number | undefined;
  readonly topP?: number | undefined;
  readonly minP?: number | undefined;
}

/**
 * Makes the filters of these options, in the order in which they apply; each works on what the filter before it has
 * left.
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
 * Sets weights to softmax(logits / temperature) up to a factor: 1 for the most probable.
 * @param start where the row begins; it has as many logits as there are weights, or more
 */
export function softmax(
  weights: Weights,
  logits: Float32Array,
  start: number,
  temperature: number,
  mask?: LogitMask,
): void {
  const max = logits[start + argmax(logits, start, weights.length, mask)];
  for (let id = 0; id < weights.length; id++) {
    const excluded = mask !== undefined && mask[id] === 0;
    weights[id] = excluded ? 0 : Math.exp((logits[start + id] - max) / temperature);
  }
}

/** The id of the highest permitted logit; the lowest such id where there are several. */
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
  if (best < 0) throw new Error('no character is permitted');
  return best;
}

/** Draws an id with the probability given by its weight. */
export function draw(weights: Weights, random: Random): number {
  let left = random.uniform() * sum(weights);
  let last = 0;
  for (let id = 0; id < weights.length; id++) {
    if (weights[id] === 0) continue;
    last = id;
    left -= weights[id];
    if (left < 0) return id;
  }
  // rounding may leave a small remainder after the last candidate
  return last;
}

/** Chooses characters, and holds the memory for one row of weights. */
export class CharacterSampler {
  private readonly weights: Weights;
  private readonly filters: readonly Filter[];
  private readonly greedy: boolean;

  /** @param symbols how many characters there are, the unknown symbol not among them */
  constructor(symbols: number, options: FilterOptions) {
    this.weights = new Float64Array(symbols);
    this.filters = filtersOf(options);
    this.greedy = options.greedy;
  }

  sample(
    logits: Float32Array,
    start: number,
    temperature: number,
    random: Random,
    mask?: LogitMask,
  ): number {
    const { weights } = this;
    // temperature 0 is the limit of ever lower temperatures, in which only the most probable character is left
    if (this.greedy || temperature === 0) {
      return argmax(logits, start, weights.length, mask);
    }
    softmax(weights, logits, start, temperature, mask);
    for (const filter of this.filters) filter(weights);
    return draw(weights, random);
  }
}
