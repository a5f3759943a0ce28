/**
 * Converts sources to targets with a model of pairs: each step writes the most probable character. Sources of equal
 * length are converted side by side, and the target of one does not depend on the others.
 */
import { type Backend, isPending, type Tensor } from '../backend/backend.js';
import { limits } from '../limits.js';
import type { ModelConfig } from '../model/model-config.js';
import { PairFeed } from '../model/pairs/pair-feed.js';
import { PairNetwork } from '../model/pairs/pair-network.js';
import type { PairMarks } from '../model/pairs/pair-table.js';
import { ParameterTensors, parameterTable } from '../model/parameters.js';
import type { Ids } from '../text/unit.js';

export interface Conversion {
  readonly ids: readonly number[];
  /**
   * How the target ended. `end`: the model ended it; `cut`: it reached the max length; `refused`: the source is too
   * long, and the target is empty.
   */
  readonly end: 'end' | 'cut' | 'refused';
}

const maxBatch = 64;
/** Max number of characters of all sources of a batch together */
const maxSourceRows = 4096;

/** Max length of a target, for a source of this length */
function maxTarget(source: number): number {
  return Math.min(limits.pairLength, 50 + 10 * source);
}

export class Converter {
  private readonly network: PairNetwork;
  private readonly feed: PairFeed;

  /** @param weights all parameters as one list, in the order of the parameter table; they must not change */
  constructor(
    private readonly backend: Backend,
    private readonly config: ModelConfig,
    weights: Tensor,
    private readonly marks: PairMarks,
  ) {
    const sizes = { maxBatch, maxSourceRows, maxTargetRows: maxBatch, maxWeights: maxSourceRows };
    const parameters = new ParameterTensors(backend, parameterTable(config), weights);
    this.network = new PairNetwork(backend, config, parameters, undefined, sizes);
    this.network.freeze();
    this.feed = new PairFeed(backend, sizes);
  }

  /**
   * Converts sources.
   * @returns a conversion for each source, in their order; the target of an empty source is empty
   */
  async convert(sources: readonly Ids[]): Promise<Conversion[]> {
    const results: Conversion[] = sources.map(({ length }) => ({
      ids: [],
      end: length > limits.pairLength ? 'refused' : 'end',
    }));
    const order = Array.from(sources.keys())
      .filter((i) => sources[i].length > 0 && sources[i].length <= limits.pairLength)
      .sort((a, b) => sources[a].length - sources[b].length || a - b);
    for (let from = 0; from < order.length; ) {
      const { length } = sources[order[from]];
      const rows = Math.max(1, Math.min(maxBatch, Math.floor(maxSourceRows / length)));
      let to = from + 1;
      while (to < order.length && to - from < rows && sources[order[to]].length === length) to++;
      const batch = order.slice(from, to);
      const targets = await this.convertBatch(batch.map((i) => sources[i]));
      batch.forEach((i, row) => {
        results[i] = targets[row];
      });
      from = to;
    }
    return results;
  }

  /**
   * Converts sources side by side.
   * @param sources all of the same length
   */
  private async convertBatch(sources: readonly Ids[]): Promise<Conversion[]> {
    const { backend, network, feed, config, marks } = this;
    const [B, S] = [sources.length, sources[0].length];
    const source = new Int32Array(S * B);
    sources.forEach((ids, b) => {
      for (let s = 0; s < S; s++) source[s * B + b] = ids[s];
    });
    network.encode(feed.sources(source, S, B));
    const targets = sources.map((): number[] => []);
    const isOpen = sources.map(() => true);
    const last = new Int32Array(B).fill(marks.tab);
    const values = new Float32Array(B * config.vocabulary);
    const max = maxTarget(S);
    for (let open = B, t = 0; open > 0 && t < max; t++) {
      const answer = backend.read(network.decode(feed.step(last), 1), values);
      if (isPending(answer)) await answer;
      for (let b = 0; b < B; b++) {
        if (!isOpen[b]) continue;
        last[b] = this.likeliest(values, b);
        if (last[b] !== marks.newline) targets[b].push(last[b]);
        else {
          isOpen[b] = false;
          open--;
        }
      }
    }
    return targets.map((ids, b) => ({ ids, end: isOpen[b] ? 'cut' : 'end' }));
  }

  /** The most probable next character. A tab and the unknown symbol (the last id) are never chosen. */
  private likeliest(logits: Float32Array, row: number): number {
    const { vocabulary: V } = this.config;
    const start = row * V;
    let best = this.marks.newline;
    for (let v = 0; v < V - 1; v++) {
      if (v !== this.marks.tab && logits[start + v] > logits[start + best]) best = v;
    }
    return best;
  }
}
