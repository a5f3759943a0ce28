/** Ids of batches of pairs in memory of the device, which is allocated once for the largest batch. */
import type { Backend, Indices } from '../../backend/backend.js';
import { directionLists, reversedTime } from './directions.js';
import type { PairBatchSizes, PairRows } from './pair-batches.js';

/** B sources of S characters each. */
export interface Sources {
  readonly S: number;
  readonly B: number;
  /** [S, B] ids, time-major */
  readonly ids: Indices;
  /** [S, B] the ids of each source in reverse order */
  readonly reversed: Indices;
  /** Lists for a gather of both directions, in the order of time of each; see `DirectionLists` */
  readonly join: readonly Indices[];
  readonly split: readonly Indices[];
}

/** A batch with its targets, as the network takes it */
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
  private readonly join: readonly Indices[];
  private readonly split: readonly Indices[];
  private readonly inputs: Indices;
  private readonly places: Indices;
  private readonly targets: Indices;
  /** The lists of the last batch, which the next one of the same shape takes over */
  private lists: Pick<Sources, 'S' | 'B' | 'join' | 'split'> | undefined;

  constructor(
    private readonly backend: Backend,
    { maxSourceRows, maxTargetRows }: PairBatchSizes,
  ) {
    const list = (length: number) => backend.indices(length);
    this.ids = list(maxSourceRows);
    this.reversed = list(maxSourceRows);
    this.keptRows = list(maxSourceRows);
    this.join = [list(2 * maxSourceRows), list(2 * maxSourceRows)];
    this.split = [list(2 * maxSourceRows), list(2 * maxSourceRows)];
    this.inputs = list(maxTargetRows);
    this.places = list(maxTargetRows);
    this.targets = list(maxTargetRows);
  }

  /** @param source [S, B] ids, time-major */
  sources(source: Int32Array, S: number, B: number): Sources {
    return {
      ...this.listsOf(S, B),
      ids: this.write(this.ids, source),
      reversed: this.write(this.reversed, reversedTime(source, S, B)),
    };
  }

  /** Writes what the decoder reads in one step: the latest character of each target, [B]. */
  step(ids: Int32Array): Indices {
    return this.write(this.inputs, ids);
  }

  /** Writes for each row of the decoder the row that `PairNetwork.reorder` gives it. */
  parents(rows: Int32Array): Indices {
    return this.write(this.places, rows);
  }

  /** Writes the positions [S·n] of the n sources that `PairNetwork.narrow` keeps. */
  kept(rows: Int32Array): Indices {
    return this.write(this.keptRows, rows);
  }

  rows({ source, S, B, inputs, places, targets }: PairRows): FedPairs {
    return {
      sources: this.sources(source, S, B),
      inputs: this.write(this.inputs, inputs),
      places: this.write(this.places, places),
      targets: this.write(this.targets, targets),
    };
  }

  private listsOf(S: number, B: number): Pick<Sources, 'S' | 'B' | 'join' | 'split'> {
    if (this.lists?.S === S && this.lists.B === B) return this.lists;
    const { join, split } = directionLists(S, B);
    this.lists = {
      ...{ S, B },
      join: join.map((list, d) => this.write(this.join[d], list)),
      split: split.map((list, d) => this.write(this.split[d], list)),
    };
    return this.lists;
  }

  private write(list: Indices, values: Int32Array): Indices {
    const view = this.backend.viewIndices(list, 0, values.length);
    this.backend.writeIndices(view, values);
    return view;
  }
}
