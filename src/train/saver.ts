/**
 * Saves while training goes on: snapshots are handed over and written one at a time.
 *
 * A model is always written before the state that knows of it. So whatever has been saved when the
 * process dies, the model on disk is the best one up to the state's step or a later one, which the
 * resumed training will come to again.
 */
import type { Model } from '../model/model.js';
import type { TrainingState } from './state.js';

/** What writes the files; a rejection means that the old files are still there. */
export interface Save {
  model(model: Model): Promise<void>;
  state(state: TrainingState): Promise<void>;
}

export class Saver {
  /** What is to be written next; what could not be written comes back here. */
  private waiting: { model?: Model | undefined; state?: TrainingState | undefined } = {};
  private work: Promise<void> | undefined;

  constructor(
    private readonly save: Save,
    private readonly onFailure: (failure: unknown) => void,
  ) {}

  /**
   * Takes over a state, and a model if it is a new one, to be written as soon as possible. What was
   * waiting is replaced; what failed before is tried again.
   */
  offer(state: TrainingState, model?: Model): void {
    this.waiting = { state, model: model ?? this.waiting.model };
    this.work ??= this.writeAll()
      .catch(this.onFailure)
      .finally(() => {
        this.work = undefined;
      });
  }

  /**
   * Waits until all is written; what failed before is tried once more.
   * @throws what the last attempt failed with
   */
  async finish(): Promise<void> {
    await this.work;
    await this.writeAll();
  }

  private async writeAll(): Promise<void> {
    while (this.waiting.state !== undefined) {
      let { model, state } = this.waiting;
      this.waiting = {};
      try {
        if (model !== undefined) await this.save.model(model);
        model = undefined;
        await this.save.state(state);
      } catch (failure) {
        // newer ones may have come meanwhile
        this.waiting = {
          state: this.waiting.state ?? state,
          model: this.waiting.model ?? model,
        };
        throw failure;
      }
    }
  }
}
