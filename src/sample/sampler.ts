/**
 * Draws text from a model, one character at a time, each fed back as the next input.
 */
import type { Backend, Indices } from '../backend/backend.js';
import { loadNetwork } from '../model/load.js';
import type { Model } from '../model/model.js';
import type { Network, State } from '../model/network.js';
import { Random } from '../model/random.js';

export interface SamplerOptions {
  /** Divides the logits: below 1 sharpens the distribution, above 1 flattens it. Above 0. */
  readonly temperature: number;
  /** Always the most probable character; the temperature is then without effect. */
  readonly greedy: boolean;
  readonly seed: number;
}

export class Sampler {
  private readonly network: Network;
  private readonly state: State;
  private readonly input: Indices;
  private readonly random: Random;
  /** Distribution of the next character, [V-1]: all but the unknown symbol */
  private readonly probabilities: Float64Array;
  /** [V] of the next character, once a character has been read */
  private readonly logits: Float32Array;
  private begun = false;

  constructor(
    private readonly model: Model,
    private readonly backend: Backend,
    private readonly options: SamplerOptions,
  ) {
    this.network = loadNetwork(model, backend, { maxRows: 1, maxBatch: 1 });
    this.state = this.network.createState(1);
    this.input = backend.indices(1);
    this.random = new Random(options.seed);
    this.logits = new Float32Array(model.vocabulary.size);
    this.probabilities = new Float64Array(model.vocabulary.size - 1);
  }

  /** Reads characters without drawing any. */
  prime(ids: ArrayLike<number>): void {
    for (let i = 0; i < ids.length; i++) this.step(ids[i]);
  }

  /** The id of the next character; never the unknown symbol. */
  next(): number {
    if (!this.begun) this.prime([this.beginning()]);
    const id = this.options.greedy ? this.mostProbable() : this.draw();
    this.step(id);
    return id;
  }

  private step(id: number): void {
    this.backend.writeIndices(this.input, [id]);
    this.backend.read(this.network.forward(this.input, 1, 1, this.state), this.logits);
    this.begun = true;
  }

  /** What stands before a text that has no prompt: a line's end, or else the first character. */
  private beginning(): number {
    const newline = this.model.vocabulary.id(0x0a);
    return newline === this.model.vocabulary.unknownId ? 0 : newline;
  }

  private mostProbable(): number {
    const { logits, probabilities } = this;
    let best = 0;
    for (let id = 1; id < probabilities.length; id++) {
      if (logits[id] > logits[best]) best = id;
    }
    return best;
  }

  /** One draw from softmax(logits / temperature), in float64. */
  private draw(): number {
    const { probabilities, logits } = this;
    const max = logits[this.mostProbable()];
    let total = 0;
    for (let id = 0; id < probabilities.length; id++) {
      const weight = Math.exp((logits[id] - max) / this.options.temperature);
      probabilities[id] = weight;
      total += weight;
    }
    // the largest weight is 1, so the total is never 0
    let left = this.random.uniform() * total;
    for (let id = 0; id < probabilities.length; id++) {
      left -= probabilities[id];
      if (left < 0) return id;
    }
    // rounding can leave a crumb: it is the most probable character's
    return this.mostProbable();
  }
}
