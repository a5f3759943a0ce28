/** Writes the ids of batches of pairs to the device, into memory that is allocated once for the largest batch. */
import type { Backend, Indices, Tensor } from '../../backend/backend.js';
import type { LabelRows } from '../labels.js';
import { directionLists, reversedTime } from './directions.js';
import type { PairBatchSizes, PairRows } from './pair-batches.js';

/** B sources of S positions each: vectors, if there are any, then characters. */
export interface Sources {
  readonly S: number;
  readonly B: number;
  /** [S, B] ids of the characters, time-major; fewer than S steps where there are vectors */
  readonly ids: Indices;
  /** [S, B] the ids of each source in reverse order */
  readonly reversed: Indices;
  /** Index lists for a gather of both directions, in the order of time of each; see `DirectionLists` */
  readonly join: readonly Indices[];
  readonly split: readonly Indices[];
  /** [S·B] an index list that reverses time in a gather: row (s, b) takes row (S-1-s, b) */
  readonly mirror: Indices;
  /** [·, F]: the vectors of F numbers that precede the characters, time-major */
  readonly vectors?: Tensor;
  readonly labels?: LabelRows;
}

/** What B sources may have in addition to characters */
export type Beside = Pick<PairRows, 'labels' | 'vectors'>;

type Lists = Pick<Sources, 'S' | 'B' | 'join' | 'split' | 'mirror'>;

/** A batch with its targets, in the form that the network uses */
export interface FedPairs {
  readonly sources: Sources;
  readonly inputs: Indices;
  readonly places: Indices;
  readonly targets: Indices;
}

export class PairFeed {
  private readonly ids: Indices;
  private readonly reversed: Indices;
  private readonly keptRows: Indices;
  private readonly mirror: Indices;
  private readonly join: readonly Indices[];
  private readonly split: readonly Indices[];
  private readonly inputs: Indices;
  private readonly places: Indices;
  private readonly targets: Indices;
  /** The index lists of the last batch, which the next one of the same shape uses again */
  private lists: Lists | undefined;
  private labels: Indices | undefined;
  private vectors: Tensor | undefined;

  constructor(
    private readonly backend: Backend,
    private readonly sizes: PairBatchSizes,
  ) {
    const { maxSourceRows, maxTargetRows } = sizes;
    const list = (length: number) => backend.indices(length);
    this.ids = list(maxSourceRows);
    this.reversed = list(maxSourceRows);
    this.keptRows = list(maxSourceRows);
    this.mirror = list(maxSourceRows);
    this.join = [list(2 * maxSourceRows), list(2 * maxSourceRows)];
    this.split = [list(2 * maxSourceRows), list(2 * maxSourceRows)];
    this.inputs = list(maxTargetRows);
    this.places = list(maxTargetRows);
    this.targets = list(maxTargetRows);
  }

  /**
   * @param source ids of the characters, time-major, [S, B] without vectors
   * @param S number of positions in a source, including vectors
   */
  sources(source: Int32Array, S: number, B: number, { labels, vectors }: Beside = {}): Sources {
    const lists = this.listsOf(S, B);
    return {
      ...lists,
      ids: this.write(this.ids, source),
      reversed: this.write(this.reversed, reversedTime(source, source.length / B, B)),
      ...(labels && { labels: { ids: this.writeLabels(labels, B), count: B } }),
      ...(vectors?.length && { vectors: this.writeVectors(vectors, S * B - source.length) }),
    };
  }

  private writeLabels(values: Int32Array, B: number): Indices {
    const { backend, sizes } = this;
    this.labels ??= backend.indices((values.length / B) * sizes.maxBatch);
    return this.write(this.labels, values);
  }

  private writeVectors(values: Float32Array, count: number): Tensor {
    const { backend, sizes } = this;
    const F = values.length / count;
    this.vectors ??= backend.tensor([sizes.maxSourceRows * F]);
    const view = backend.view(this.vectors, 0, [count, F]);
    backend.write(view, values);
    return view;
  }

  /** Writes what the decoder reads in one step: the latest character of each target, [B]. */
  step(ids: Int32Array): Indices {
    return this.write(this.inputs, ids);
  }

  /** Writes, for each row of the decoder, the row whose states `PairNetwork.reorder` gives it. */
  parents(rows: Int32Array): Indices {
    return this.write(this.places, rows);
  }

  /** Writes the positions [S·n] of the n sources that `PairNetwork.narrow` keeps. */
  kept(rows: Int32Array): Indices {
    return this.write(this.keptRows, rows);
  }

  rows({ source, S, B, inputs, places, targets, labels, vectors }: PairRows): FedPairs {
    return {
      sources: this.sources(source, S, B, { labels, vectors }),
      inputs: this.write(this.inputs, inputs),
      places: this.write(this.places, places),
      targets: this.write(this.targets, targets),
    };
  }

  private listsOf(S: number, B: number): Lists {
    if (this.lists?.S === S && this.lists.B === B) return this.lists;
    const { join, split, mirror } = directionLists(S, B);
    this.lists = {
      ...{ S, B },
      join: join.map((list, d) => this.write(this.join[d], list)),
      split: split.map((list, d) => this.write(this.split[d], list)),
      mirror: this.write(this.mirror, mirror),
    };
    return this.lists;
  }

  private write(list: Indices, values: Int32Array): Indices {
    const view = this.backend.viewIndices(list, 0, values.length);
    this.backend.writeIndices(view, values);
    return view;
  }
}
