/** The progress of a training run between two steps. It begins with initial weights, or with a saved state. */
import type { Backend } from '../backend/backend.js';
import type { ModelConfig } from '../model/model-config.js';
import {
  initialPieces,
  initialValues,
  type ListPiece,
  parameterTable,
} from '../model/parameters.js';
import type { Validation } from './events.js';
import type { TrainingJob } from './job.js';
import { StepBudget } from './length/step-budget.js';
import { type Pass, passOver } from './pass.js';
import type { Replicas } from './replicas/replica-group.js';
import { History } from './saving/history.js';
import { trainingId } from './saving/identity.js';
import { Rollback } from './saving/rollback.js';
import type { TrainingState } from './saving/training-state.js';
import { transferWeights } from './transfer.js';
import { momentCount } from './update/optimizers.js';
import { learningRate, Plateau } from './update/schedule.js';

/** The current values of a training run, which model file and state file record, and on which its decisions depend */
export class CurrentTraining {
  step = 0;
  history = new History();
  bestLoss: number | undefined;
  /** The validation of the best model, if the history still contains it */
  best: Validation | undefined;
  /** Whether a model of this training has been submitted for saving */
  hasModel = false;
  readonly plateau: Plateau;
  readonly pass: Pass;
  readonly budget: StepBudget;
  readonly rollback: Rollback;
  /** The id of the training run; missing if it was resumed from a state file of version 1 */
  readonly id: string | undefined;
  /** Whether the training run started from the weights of a given model */
  readonly isFineTuning: boolean;
  /** Number of characters predicted in validation that the vocabulary does not have */
  readonly validationUnknown: number;

  constructor(
    readonly job: TrainingJob,
    readonly model: ModelConfig,
    readonly backend: Backend,
    readonly replicas: Replicas,
    /** Seconds that counting n-grams took, which are part of the training's time */
    counting: number,
  ) {
    const { config, corpus, resume } = job;
    this.pass = passOver(corpus, config);
    const { steps: chunksPerPass, validationCharacters: validation } = this.pass;
    const text = { chunksPerPass, validation };
    this.budget = new StepBudget(config, text, resume?.seconds ?? counting, resume?.plan);
    this.plateau = new Plateau(config, resume?.plateau.factor, resume?.plateau.waited);
    this.rollback = new Rollback(config, backend, replicas, resume?.rollbacks ?? 0);
    this.isFineTuning = resume ? resume.isFineTuning === true : job.initFrom !== undefined;
    this.validationUnknown = resume ? (resume.validationUnknown ?? 0) : this.pass.unknown();
    this.id = resume ? this.restore(resume) : this.initialise();
  }

  /** Number of passes over the training text so far, with a fraction */
  get epoch(): number {
    return this.step / this.pass.steps;
  }

  /** Whether the best loss so far is at most the target loss, at which training ends */
  get isOnTarget(): boolean {
    const { targetLoss } = this.job.config;
    return targetLoss !== undefined && this.bestLoss !== undefined && this.bestLoss <= targetLoss;
  }

  /** Whether the validation loss has not improved for as many validations as early stopping allows */
  get isOverfitting(): boolean {
    const { earlyStop } = this.job.config;
    return earlyStop > 0 && this.history.sinceBest >= earlyStop;
  }

  learningRateAt(step: number): number {
    const epoch = step / this.pass.steps;
    const { totalSteps } = this.budget;
    const at = { step, totalSteps, epoch };
    return learningRate(this.job.config, at, this.plateau.factor) * this.rollback.rateFactor;
  }

  /** @returns the training's id */
  private initialise(): string {
    const { job, model } = this;
    // a rollback computes the initial weights again, because keeping them would take memory until a model is saved
    this.rollback.keep(() => this.initialWeights().values);
    const pieces = job.initFrom
      ? this.givenPieces()
      : initialPieces(parameterTable(model), job.config.seed);
    return trainingId(model, job.config, job.corpus.provenance, this.written(pieces));
  }

  /** Writes pieces of the initial values to the weights and their average, and yields them. */
  private *written(pieces: Iterable<ListPiece>): Generator<Float32Array> {
    const { backend, replicas } = this;
    const { weights, ema } = replicas;
    for (const { start, values } of pieces) {
      for (const list of ema ? [weights, ema] : [weights]) {
        backend.write(backend.view(list, start, [values.length]), values);
      }
      yield values;
    }
  }

  private givenPieces(): ListPiece[] {
    const { values, message } = this.initialWeights();
    if (message !== undefined) this.job.onEvent({ type: 'warning', message });
    return [{ start: 0, values }];
  }

  private initialWeights() {
    const { job, model } = this;
    const values = initialValues(parameterTable(model), job.config.seed);
    const message = job.initFrom && transferWeights(job.initFrom, model, job.corpus, values);
    return { values, message };
  }

  private restore(state: TrainingState): string | undefined {
    const { backend, replicas, job } = this;
    backend.write(replicas.weights, state.weights);
    if (state.moments.length !== momentCount(job.config.optimizer)) {
      throw new Error('the state was saved with another optimiser');
    }
    state.moments.forEach((m, i) => {
      backend.write(replicas.moments[i], m);
    });
    if (replicas.ema) backend.write(replicas.ema, state.average ?? state.weights);
    replicas.writeHidden(state.hidden);
    replicas.control.metrics = state.tally;
    replicas.control.step = state.step;
    this.step = state.step;
    this.budget.resumeAt(state.step);
    this.history = History.of(state.history, state.validations);
    this.bestLoss = state.bestLoss ?? undefined;
    this.best = (state.history as readonly unknown[] as readonly Validation[]).find(
      ({ validationLoss, trainLoss }) => (validationLoss ?? trainLoss) === state.bestLoss,
    );
    this.hasModel = state.bestLoss !== null;
    this.rollback.keep(job.best?.weights ?? state.average ?? state.weights);
    return state.id;
  }
}
