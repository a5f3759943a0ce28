/** Ids of batches of pairs in memory of the device, which is allocated once for the largest batch. */
import type { Backend, Indices } from '../../backend/backend.js';
import type { PairBatchSizes, PairRows } from './pair-batches.js';
import { turned } from './pair-batches.js';

/** B sources of S characters each. */
export interface Sources {
  readonly S: number;
  readonly B: number;
  /** [S, B] ids, time-major */
  readonly ids: Indices;
  /** [S, B] the ids of each source in reverse order */
  readonly reversed: Indices;
  /** [S·B] a gather list that reverses time: row (s, b) takes row (S-1-s, b) */
  readonly mirror: Indices;
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
  private readonly mirror: Indices;
  private readonly inputs: Indices;
  private readonly places: Indices;
  private readonly targets: Indices;

  constructor(
    private readonly backend: Backend,
    { maxSourceRows, maxTargetRows }: PairBatchSizes,
  ) {
    const list = (length: number) => backend.indices(length);
    this.ids = list(maxSourceRows);
    this.reversed = list(maxSourceRows);
    this.mirror = list(maxSourceRows);
    this.inputs = list(maxTargetRows);
    this.places = list(maxTargetRows);
    this.targets = list(maxTargetRows);
  }

  /** @param source [S, B] ids, time-major */
  sources(source: Int32Array, S: number, B: number): Sources {
    const { reversed, mirror } = turned(source, S, B);
    return {
      ...{ S, B, ids: this.write(this.ids, source) },
      reversed: this.write(this.reversed, reversed),
      mirror: this.write(this.mirror, mirror),
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
    return this.write(this.mirror, rows);
  }

  rows({ source, S, B, inputs, places, targets }: PairRows): FedPairs {
    return {
      sources: this.sources(source, S, B),
      inputs: this.write(this.inputs, inputs),
      places: this.write(this.places, places),
      targets: this.write(this.targets, targets),
    };
  }

  private write(list: Indices, values: Int32Array): Indices {
    const view = this.backend.viewIndices(list, 0, values.length);
    this.backend.writeIndices(view, values);
    return view;
  }
}
