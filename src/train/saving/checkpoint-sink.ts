/**
 * Saves while training goes on: snapshots are submitted, and written one at a time.
 *
 * A model is always written before the state that records it. So whatever has been saved when the process dies, the
 * model on disk is the best one up to the state's step, or a later one that the resumed training run will reach again.
 */
import type { StoredModel } from '../../model/model-data.js';
import type { SnapshotStore } from './snapshot-store.js';
import type { StoredState } from './training-state.js';

/** Writes the files of a training run. If writing fails, the old file is still there. */
export interface CheckpointSink {
  model(model: StoredModel): Promise<void>;
  state(state: StoredState): Promise<void>;
  /** Keeps the model of a validation beside the best one (`TrainConfig.keep`); if absent, no models are kept. */
  kept?(model: StoredModel): Promise<void>;
  /** Holds the snapshots of large networks until they are written; if absent, all of them are held in memory. */
  readonly store?: SnapshotStore;
}

/** Models to be saved with a state: the best one, if it is new, and one that `--keep` keeps. */
interface Models {
  readonly best?: StoredModel | undefined;
  readonly kept?: StoredModel | undefined;
}

export class Saver {
  /** The snapshot to be written next. One that could not be written is put back here. */
  private waiting: Models & { readonly state?: StoredState | undefined } = {};
  /** The model that was written last */
  private lastModel: StoredModel | undefined;
  private work: Promise<void> | undefined;

  constructor(
    private readonly sink: CheckpointSink,
    private readonly onFailure: (failure: unknown) => void,
  ) {}

  /**
   * Submits a state, and models that belong to it, to be written as soon as possible. They replace those that wait;
   * models that could not be written before are tried again.
   */
  offer(state: StoredState, { best, kept }: Models = {}): void {
    const { waiting } = this;
    this.waiting = { state, best: best ?? waiting.best, kept: kept ?? waiting.kept };
    this.work ??= this.writeAll()
      .catch(this.onFailure)
      .finally(() => {
        this.work = undefined;
      });
  }

  /** Whether the given model is the one that was written last */
  hasWritten(model: StoredModel | undefined): boolean {
    return model !== undefined && model === this.lastModel;
  }

  /**
   * Frees a store that has room for only one snapshot: waits until the current one is written, and drops it if
   * writing failed.
   */
  async makeRoom(): Promise<void> {
    await this.work;
    this.waiting = { ...this.waiting, state: undefined };
  }

  /** Waits until the submitted snapshots have been written, or have failed. */
  async idle(): Promise<void> {
    await this.work;
  }

  /**
   * Waits until everything is written, after trying once more what failed before.
   * @throws the error of the last attempt
   */
  async finish(): Promise<void> {
    await this.work;
    await this.writeAll();
  }

  private async writeAll(): Promise<void> {
    while (this.waiting.state !== undefined) {
      let { best } = this.waiting;
      const { kept, state } = this.waiting;
      this.waiting = {};
      try {
        if (best !== undefined) {
          await this.sink.model(best);
          this.lastModel = best;
        }
        best = undefined;
        // if the model that `--keep` keeps cannot be written, the state is written nevertheless
        if (kept !== undefined) await this.sink.kept?.(kept).catch(this.onFailure);
        await this.sink.state(state);
      } catch (failure) {
        // newer snapshots may have been submitted while these were being written, and take their place
        this.waiting = {
          state: this.waiting.state ?? state,
          best: this.waiting.best ?? best,
          kept: this.waiting.kept,
        };
        throw failure;
      }
    }
  }
}
