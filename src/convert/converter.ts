/**
 * Converts sources to targets with a model trained on pairs. Sources of equal length are converted in parallel, but the
 * targets of a source do not depend on the other sources.
 */
import { type Backend, isPending, type Tensor } from '../backend/backend.js';
import { limits } from '../limits.js';
import type { ModelConfig } from '../model/model-config.js';
import { requireNumbers } from '../model/overflow.js';
import { type Beside, PairFeed } from '../model/pairs/pair-feed.js';
import { PairNetwork } from '../model/pairs/pair-network.js';
import type { PairMarks } from '../model/pairs/pair-table.js';
import { ParameterTensors, parameterTable } from '../model/parameters.js';
import { type Given, givenTogether } from '../text/conditions.js';
import type { Ids } from '../text/unit.js';
import { BeamSearch } from './beam-search.js';
import { GreedySearch } from './greedy-search.js';
import type { SearchSettings, Target, TargetSearch } from './target-search.js';

/** A source to be converted */
export interface ConversionSource {
  readonly ids: Ids;
  /** The source's labels and vectors, if the model needs them */
  readonly given?: Given | undefined;
}

/** The targets of a source, best first; none if it is empty or too long. */
export type Conversion = readonly Target[];

/** Max number of sources that are converted in parallel */
const maxBatch = 64;
/** Max total number of hypotheses for all sources in a batch, unless a single source has more */
const maxRows = 512;
/** Max total number of characters of all sources in a batch */
const maxSourceRows = 4096;

/** Max length of a target, for a source of this length */
function maxTarget(source: number): number {
  return Math.min(limits.pairLength, 50 + 10 * source);
}

export class Converter {
  private readonly network: PairNetwork;
  private readonly feed: PairFeed;
  private readonly batch: number;

  /** @param weights all parameters as one list, in the order of the parameter table; they must not change */
  constructor(
    private readonly backend: Backend,
    private readonly config: ModelConfig,
    weights: Tensor,
    private readonly marks: PairMarks,
    private readonly settings: SearchSettings,
  ) {
    const { beam } = settings;
    this.batch = Math.max(1, Math.min(maxBatch, Math.floor(maxRows / beam)));
    const sizes = {
      maxBatch: this.batch * beam,
      maxSourceRows,
      maxTargetRows: this.batch * beam,
      maxWeights: maxSourceRows * beam,
    };
    const parameters = new ParameterTensors(backend, parameterTable(config), weights);
    this.network = new PairNetwork(backend, config, parameters, undefined, sizes);
    this.network.freeze();
    this.feed = new PairFeed(backend, sizes);
  }

  /**
   * Converts sources.
   * @returns a conversion for each source, in their order
   * @throws CharnnError for a model whose weights overflow
   */
  async convert(sources: readonly ConversionSource[]): Promise<Conversion[]> {
    const results: Conversion[] = sources.map(() => []);
    const vectors = sources.map(({ given }) => this.vectorsOf(given));
    const lengths = sources.map(({ ids }, i) => ids.length + vectors[i]);
    const order = Array.from(sources.keys())
      .filter((i) => lengths[i] > 0 && lengths[i] <= limits.pairLength)
      .sort((a, b) => lengths[a] - lengths[b] || vectors[a] - vectors[b] || a - b);
    const areAlike = (a: number, b: number) =>
      lengths[a] === lengths[b] && vectors[a] === vectors[b];
    for (let from = 0; from < order.length; ) {
      const rows = Math.floor(maxSourceRows / lengths[order[from]]);
      const end = Math.min(order.length, from + Math.max(1, Math.min(this.batch, rows)));
      let to = from + 1;
      while (to < end && areAlike(order[to], order[from])) to++;
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
   * Converts sources in parallel.
   * @param sources all of the same length, with the same number of vectors
   */
  private async convertBatch(sources: readonly ConversionSource[]): Promise<Conversion[]> {
    const { backend, network, feed, config, settings } = this;
    const { vocabulary: V } = config;
    const [B, [{ ids, given }]] = [sources.length, sources];
    const S = ids.length + this.vectorsOf(given);
    const source = timeMajor(
      sources.map((one) => one.ids),
      ids.length,
    );
    network.encode(feed.sources(source, S, B, this.beside(sources)));
    const searches = sources.map(() => this.newSearch());
    const values = new Float32Array(settings.beam * B * V);
    const max = maxTarget(S);
    let open: readonly TargetSearch[] = searches;
    let width = 1;
    for (let t = 0; t < max && open.length > 0; t++) {
      const n = open.length;
      const last = rowsOf(open, width, ({ last }, k) => last[k]);
      const logits = network.decode(feed.step(last), 1, undefined, width);
      const answer = backend.read(logits, values.subarray(0, width * n * V));
      if (isPending(answer)) await answer;
      open.forEach((search, b) => {
        requireNumbers(values, b * V, V);
        if (!search.isDone) search.extend({ values, first: b * V, stride: n * V });
      });
      open = this.goOn(open, S);
      width = settings.beam;
    }
    return searches.map((search) => search.targets());
  }

  /**
   * Assigns the rows of the decoder to the hypotheses that are extended.
   * @param searches that have just been extended, in the order of the sources that the network attends to
   * @returns the searches that still have rows
   */
  private goOn(searches: readonly TargetSearch[], S: number): readonly TargetSearch[] {
    const { network, feed, settings } = this;
    const n = searches.length;
    const all = Array.from(searches.keys());
    const unfinished = all.filter((b) => !searches[b].isDone);
    if (unfinished.length === 0) return [];
    // removing only a few finished sources from the batch would cost more than it saves
    const isNarrowed = unfinished.length <= n / 2;
    const kept = isNarrowed ? unfinished : all;
    const open = kept.map((b) => searches[b]);
    if (isNarrowed) {
      const rows = Int32Array.from({ length: S * kept.length }, (_, i) => {
        const s = Math.floor(i / kept.length);
        return s * n + kept[i % kept.length];
      });
      network.narrow(feed.kept(rows));
    }
    if (isNarrowed || settings.beam > 1) {
      const parents = rowsOf(open, settings.beam, ({ parents }, k, b) => parents[k] * n + kept[b]);
      network.reorder(feed.parents(parents));
    }
    return open;
  }

  /** Number of vectors that the encoder reads before the characters of a source */
  private vectorsOf(given: Given | undefined): number {
    const { vectors } = this.config;
    return vectors && given ? given.vectors.length / vectors.size : 0;
  }

  private beside(sources: readonly ConversionSource[]): Beside {
    const { labels, vectors } = this.config;
    if (labels === undefined && vectors === undefined) return {};
    const given = sources.map((one) => {
      if (one.given === undefined) throw new Error('labels or vectors are missing');
      return one.given;
    });
    const together = givenTogether(given, vectors?.size ?? 0);
    return {
      ...(labels && { labels: together.labels }),
      ...(vectors && { vectors: together.vectors }),
    };
  }

  private newSearch(): TargetSearch {
    const { config, marks, settings } = this;
    const special = { vocabulary: config.vocabulary, ...marks };
    if (settings.beam > 1) return new BeamSearch(special, settings);
    return new GreedySearch(special, settings.scores);
  }
}

/** Ids of sources of S characters, [S, B] */
function timeMajor(sources: readonly Ids[], S: number): Int32Array {
  const B = sources.length;
  const source = new Int32Array(S * B);
  sources.forEach((ids, b) => {
    for (let s = 0; s < S; s++) source[s * B + b] = ids[s];
  });
  return source;
}

/** Computes a value for each row of the decoder, [width, n]: `width` rows for each of n sources. */
function rowsOf(
  searches: readonly TargetSearch[],
  width: number,
  value: (search: TargetSearch, k: number, b: number) => number,
): Int32Array {
  const n = searches.length;
  const rows = new Int32Array(width * n);
  for (let k = 0; k < width; k++) {
    for (let b = 0; b < n; b++) rows[k * n + b] = value(searches[b], k, b);
  }
  return rows;
}
