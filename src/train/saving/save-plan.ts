/** Decides what a training run saves after a validation, between two validations, and when it is interrupted. */
import { CharnnError } from '../../errors.js';
import type { StoredModel } from '../../model/model-data.js';
import type { CurrentTraining } from '../current-training.js';
import { Saver } from './checkpoint-sink.js';
import { modelOf, stateOf, stateSlots } from './snapshot.js';
import { minStored } from './snapshot-store.js';

/** Max seconds between two saves of the state, so that killing a long training run loses little */
const maxSeconds = 60;

export class SavePlan {
  private lastSaved: number;
  private readonly saver: Saver;
  /** The best model that was submitted for saving last, and the slot of the snapshot store that holds its weights */
  private best: { readonly model: StoredModel; readonly slot: string } | undefined;

  constructor(private readonly current: CurrentTraining) {
    this.lastSaved = current.budget.seconds;
    this.saver = new Saver(current.job.sink, (failure) => this.reportFailure(failure));
  }

  /** Whether the state has not been saved for so long that killing the training would lose much */
  get isStateDue(): boolean {
    return this.current.budget.seconds - this.lastSaved > maxSeconds;
  }

  /** Submits the state for saving, together with the models that are to be written with it. */
  async saveState(
    models: { readonly best?: StoredModel; readonly kept?: StoredModel } = {},
  ): Promise<void> {
    if (models.best === undefined && models.kept === undefined) await this.makeRoom();
    const weights = (models.best ?? models.kept)?.weights;
    this.saver.offer(await stateOf(this.current, weights), models);
    this.lastSaved = this.current.budget.seconds;
  }

  /**
   * Submits the current model as the best one, together with the state.
   * @param best the current model, if a copy has been made already
   * @param kept the model of this validation that `--keep` keeps
   */
  async saveModel(best?: StoredModel, kept?: StoredModel): Promise<void> {
    const model = best ?? (await this.bestModel());
    await this.saveState({ best: model, ...(kept && { kept }) });
    this.current.rollback.keep(model.weights);
    this.current.hasModel = true;
  }

  /** Saves after a validation. `--keep` does not keep a model that has diverged. */
  async saveValidated(improved: boolean, diverged: boolean): Promise<void> {
    const { sink, config } = this.current.job;
    if (sink.kept === undefined || !config.keep || diverged) {
      if (improved) await this.saveModel();
      else await this.saveState();
      return;
    }
    // on a slow disk, the model kept last may not be written yet: without this wait, the one to be kept now replaces it
    await this.saver.idle();
    const kept = await (improved ? this.bestModel() : this.laterModel());
    if (improved) await this.saveModel(kept, kept);
    else await this.saveState({ kept });
  }

  /** Writes the model at once if none has been saved; after a failure a doubtful model is better than none. */
  async rescueModel(): Promise<void> {
    if (this.current.hasModel) return;
    await this.bestModel()
      .then((model) => this.current.job.sink.model(model))
      .catch(() => {});
  }

  /**
   * Waits until everything that was submitted is written.
   * @throws CharnnError when what has been learned cannot be saved
   */
  finish(): Promise<void> {
    return this.saver.finish();
  }

  /**
   * Makes a snapshot of the current model as the best one. Its weights get another slot than those of the best model
   * that has been written.
   */
  private async bestModel(): Promise<StoredModel> {
    await this.makeRoom();
    const before = this.best;
    const [one, other] = ['best', 'other best'];
    const isFree = before !== undefined && !this.saver.hasWritten(before.model);
    const slot = isFree ? before.slot : before?.slot === one ? other : one;
    const model = await modelOf(this.current, slot);
    this.best = { model, slot };
    return model;
  }

  /** Makes a snapshot of the current model when it is not the best one so far. */
  private async laterModel(): Promise<StoredModel> {
    await this.makeRoom();
    const { ema } = this.current.replicas;
    return modelOf(this.current, ema ? stateSlots.average : stateSlots.weights);
  }

  /** Waits until the store, which holds one snapshot at a time, is free. */
  private async makeRoom(): Promise<void> {
    const { job, replicas } = this.current;
    if (job.sink.store && replicas.weights.size >= minStored) await this.saver.makeRoom();
  }

  private reportFailure(failure: unknown): void {
    const reason =
      failure instanceof CharnnError
        ? failure.unspelt
        : failure instanceof Error
          ? failure.message
          : String(failure);
    const message = `${reason}; training continues, and will try to save again at the next checkpoint`;
    this.current.job.onEvent({ type: 'warning', message });
  }
}
