/**
 * A training from beginning to end: starts the replicas, runs them from one validation to the next,
 * keeps history and the best model, and hands models and states over to be saved.
 */
import type { Backend } from '../backend/backend.js';
import { openDevice } from '../backend/open-device.js';
import { countTraining } from '../counts/count-training.js';
import { CharnnError, optionName } from '../errors.js';
import { requireMemory } from '../machine/memory.js';
import type { ModelConfig } from '../model/model-config.js';
import type { Model } from '../model/model-data.js';
import { initialValues, parameterTable } from '../model/parameters.js';
import { Streams } from '../text/streams.js';
import { type EndEvent, type Validation, withBits } from './events.js';
import type { TrainingJob } from './job.js';
import { StepBudget } from './length/step-budget.js';
import type { MixingPlan } from './replicas/mixing.js';
import { mixingPlan } from './replicas/mixing-plan.js';
import { Replicas } from './replicas/replica-group.js';
import { Saver } from './saving/checkpoint-sink.js';
import { History } from './saving/history.js';
import { trainingId } from './saving/identity.js';
import { Rollback } from './saving/rollback.js';
import { modelOf, stateOf, type TrainingSnapshot } from './saving/snapshot.js';
import type { TrainingState } from './saving/training-state.js';
import { trainingBytes } from './training-bytes.js';
import { transferWeights } from './transfer.js';
import { momentCount } from './update/optimizers.js';
import { learningRate, Plateau } from './update/schedule.js';

const progressMs = 200;
/** The state is saved at least this often, so that a kill costs little of a long training. */
const saveSeconds = 60;
/** Steps over which the displayed loss is averaged. */
const displayedSteps = 50;

/**
 * Trains.
 * @returns how it ended; a divergence is an ending, not an exception
 * @throws CharnnError when the back end cannot run or memory does not suffice
 */
export async function runTraining(job: TrainingJob): Promise<EndEvent> {
  const model: ModelConfig = { ...job.model, vocabulary: job.corpus.vocabulary.size };
  requireMemory(
    trainingBytes(model, job.config),
    'this training',
    `choose a smaller ${optionName('hidden')}, ${optionName('batchSize')} or ${optionName('seqLength')}, or fewer ${optionName('threads')}`,
  );
  const device = await openDevice(job.config.backend);
  const { note, operations } = device;
  if (note !== undefined) job.onEvent({ type: 'warning', message: note });
  let replicas: Replicas | undefined;
  const started = performance.now();
  try {
    const mixing = await countedBeside(job);
    const counting = mixing ? (performance.now() - started) / 1000 : 0;
    replicas = await Replicas.start(device, model, job.config, { ...job.corpus, mixing });
    return await new Training(job, model, operations, replicas, counting).run();
  } finally {
    await replicas?.close();
    device.close();
  }
}

/** Counts the text, where counts are to stand beside the network; undefined also where a signal ended it. */
async function countedBeside(job: TrainingJob): Promise<MixingPlan | undefined> {
  const { config, corpus, givenCounts, signal } = job;
  if (!config.counts || config.counts === 'auto' || corpus.counted === undefined) return undefined;
  const plan = {
    text: corpus.counted,
    held: corpus.counted.length - corpus.train.length,
    vocabulary: corpus.vocabulary.size,
    context: config.counts,
    given: givenCounts,
  };
  const counted = await countTraining(plan, signal);
  return counted && mixingPlan(plan, counted);
}

class Training {
  private step = 0;
  private bestLoss: number | undefined;
  private best: Validation | undefined;
  private history = new History();
  private readonly plateau: Plateau;
  private readonly streams: Streams;
  private readonly budget: StepBudget;
  private hasModel = false;
  private lastSaved: number;
  private readonly id: string | undefined;
  private readonly saver: Saver;
  private readonly rollback: Rollback;
  /** Whether it started from a model that was given */
  private readonly isFineTuning: boolean;
  /** How many of the characters to be predicted in validation are unknown */
  private readonly validationUnknown: number;

  constructor(
    private readonly job: TrainingJob,
    private readonly model: ModelConfig,
    private readonly backend: Backend,
    private readonly replicas: Replicas,
    /** Seconds that counting took, which are part of the training's */
    counting: number,
  ) {
    const { config, corpus, resume } = job;
    this.streams = new Streams(corpus.train, config.batchSize, config.seqLength);
    const { chunksPerPass } = this.streams;
    const text = { chunksPerPass, validation: corpus.validation.length };
    this.budget = new StepBudget(config, text, resume?.seconds ?? counting, resume?.plan);
    this.plateau = new Plateau(config, resume?.plateau.factor, resume?.plateau.waited);
    this.lastSaved = this.budget.seconds;
    this.saver = new Saver(job.sink, (failure) => this.reportFailedSave(failure));
    this.rollback = new Rollback(config, backend, replicas, resume?.rollbacks ?? 0);
    this.isFineTuning = resume ? resume.isFineTuning === true : job.initFrom !== undefined;
    const { validation, vocabulary } = corpus;
    this.validationUnknown = resume
      ? (resume.validationUnknown ?? 0)
      : vocabulary.countUnknown(validation.subarray(1));
    this.id = resume ? this.restore(resume) : this.initialise();
  }

  async run(): Promise<EndEvent> {
    const { job, replicas, budget } = this;
    this.announce();
    const stop = () => replicas.control.requestStop();
    job.signal?.addEventListener('abort', stop);
    if (job.signal?.aborted) stop();
    const progress = setInterval(() => this.reportProgress(), progressMs);
    try {
      for (;;) {
        // at first too: what was interrupted may have been a validation
        if (this.isValidationDue()) {
          const outcome = await this.validate();
          if (outcome === 'stopped') return await this.interrupted();
          if (outcome === 'diverged') return await this.ended('diverged');
        }
        if (this.isOnTarget()) return await this.ended('target');
        if (budget.isOver(this.step)) break;
        if (this.isOverfitting()) return await this.ended('overfitting');
        if (job.signal?.aborted) return await this.interrupted();
        const result = await replicas.run(this.step, this.nextLearningRates());
        this.step = result.step;
        budget.observe(this.step);
        if (result.diverged && !(await this.goBack(result.diverged.loss))) {
          return await this.ended('diverged');
        }
        if (budget.seconds - this.lastSaved > saveSeconds) await this.saveState();
      }
      return await this.ended('finished');
    } catch (error) {
      // a thread has failed: weights that were being updated are better than none
      if (!this.hasModel) {
        await modelOf(this.snapshot)
          .then((taken) => job.sink.model(taken))
          .catch(() => {});
      }
      throw error;
    } finally {
      // also when a thread has failed: what has been handed over is saved
      await this.saver.finish().catch(() => {});
      clearInterval(progress);
      job.signal?.removeEventListener('abort', stop);
    }
  }

  // --- between validations ---

  /** Learning rates of the steps up to the next thing to do. */
  private nextLearningRates(): Float64Array {
    const { budget, step } = this;
    const count = budget.stepsToRun(step);
    return Float64Array.from({ length: count }, (_, k) => this.learningRateAt(step + k));
  }

  private learningRateAt(step: number): number {
    const epoch = step / this.streams.chunksPerPass;
    const { totalSteps } = this.budget;
    const at = { step, totalSteps, epoch };
    const rate = learningRate(this.job.config, at, this.plateau.factor);
    return rate * this.rollback.rateFactor;
  }

  private reportProgress(): void {
    const { replicas, budget, streams, job } = this;
    const step = replicas.control.step;
    const recent = replicas.control.recent(budget.firstStep, displayedSteps);
    if (recent === undefined) return;
    const { batchSize, seqLength } = job.config;
    job.onEvent({
      type: 'progress',
      step,
      totalSteps: budget.totalSteps,
      fraction: budget.fraction(step),
      epoch: step / streams.chunksPerPass,
      loss: recent.loss,
      bitsPerCharacter: recent.loss / Math.LN2,
      gradientNorm: recent.gradientNorm,
      learningRate: this.learningRateAt(step),
      charactersPerSecond: budget.stepsPerSecond(step) * batchSize * seqLength,
      secondsElapsed: budget.seconds,
      secondsLeft: budget.secondsLeft(step),
    });
  }

  // --- validation and saving ---

  private isValidationDue(): boolean {
    const { budget, step, replicas, history } = this;
    const hasText = this.job.corpus.validation.length > 1;
    // a model that is given must be beaten: it is measured before anything has been learned
    if (step === 0) return this.isFineTuning && history.length === 0 && hasText;
    const isAtEnd = budget.isOver(step) || budget.isValidationDue(step);
    return isAtEnd && replicas.control.metrics.steps > 0;
  }

  /** Measures, records, and has the state saved and, if it is the best, the model. */
  private async validate(): Promise<'done' | 'stopped' | 'diverged'> {
    const { replicas, job, budget } = this;
    const characters = job.corpus.validation.length - 1;
    const started = budget.seconds;
    let validationLoss: number | null = null;
    let mixtureLoss: number | undefined;
    if (characters > 0) {
      const unknown = this.validationUnknown * job.corpus.vocabulary.unknownCost;
      const { nats, mixed } = await replicas.validate();
      validationLoss = (nats + unknown) / characters;
      if (replicas.mixing) mixtureLoss = (mixed + unknown) / characters;
      if (replicas.control.stopRequested) return 'stopped';
    } else if (replicas.mixing) {
      await replicas.fit();
    }
    budget.validated(budget.seconds - started);
    const metrics = replicas.control.metrics;
    // before the first step there is no training loss yet
    const mean = (sum: number) => (metrics.steps > 0 ? sum / metrics.steps : null);
    const entry: Validation = {
      step: this.step,
      epoch: this.step / this.streams.chunksPerPass,
      trainLoss: mean(metrics.loss),
      validationLoss,
      ...(mixtureLoss !== undefined && { mixtureLoss }),
      learningRate: this.learningRateAt(Math.max(0, this.step - 1)),
      gradientNorm: mean(metrics.gradientNorm),
      clipped: mean(metrics.clipped),
      ...(this.rollback.count > 0 && { rollbacks: this.rollback.count }),
    };
    replicas.control.metrics = { steps: 0, loss: 0, gradientNorm: 0, clipped: 0 };
    const loss = validationLoss ?? entry.trainLoss ?? Number.NaN;
    const { trainLoss } = entry;
    const isLost = trainLoss !== null && this.history.isFarAboveBest(trainLoss);
    const diverged = !Number.isFinite(loss) || isLost;
    const improved = !diverged && (this.bestLoss === undefined || loss < this.bestLoss);
    this.plateau.observe(improved);
    this.history.add({ ...entry });
    if (improved) {
      this.bestLoss = loss;
      this.best = entry;
    }
    job.onEvent({
      type: 'validation',
      ...withBits(entry),
      best: improved,
      secondsElapsed: budget.seconds,
    });
    const lost = Number.isFinite(loss) && trainLoss !== null ? trainLoss : loss;
    if (diverged && !(await this.goBack(lost))) return 'diverged';
    await this.saveValidated(improved, diverged);
    return 'done';
  }

  /** Back to the last good model; false when training is to end instead. */
  private async goBack(loss: number): Promise<boolean> {
    const { job, rollback, step } = this;
    if (!(await rollback.goBack())) return false;
    const { count, rateFactor } = rollback;
    job.onEvent({
      type: 'rollback',
      step,
      loss,
      bitsPerCharacter: loss / Math.LN2,
      count,
      rateFactor,
    });
    return true;
  }

  /** Whether the best loss so far is as low as was wanted. */
  private isOnTarget(): boolean {
    const { targetLoss } = this.job.config;
    return targetLoss !== undefined && this.bestLoss !== undefined && this.bestLoss <= targetLoss;
  }

  private isOverfitting(): boolean {
    const { earlyStop } = this.job.config;
    return earlyStop > 0 && this.history.sinceBest >= earlyStop;
  }

  private async interrupted(): Promise<EndEvent> {
    // a model that has never been validated is better than none
    if (this.hasModel) await this.saveState();
    else {
      if (this.replicas.mixing) await this.replicas.fit();
      await this.saveModel();
    }
    return this.ended('interrupted');
  }

  private async saveState(
    models: { readonly best?: Model; readonly kept?: Model } = {},
  ): Promise<void> {
    const weights = (models.best ?? models.kept)?.weights;
    this.saver.offer(await stateOf(this.snapshot, weights), models);
    this.lastSaved = this.budget.seconds;
  }

  private async saveModel(best?: Model, kept?: Model): Promise<void> {
    const model = best ?? (await modelOf(this.snapshot));
    await this.saveState({ best: model, ...(kept && { kept }) });
    this.rollback.keep(model.weights);
    this.hasModel = true;
  }

  /** Saves after a validation; a model that has diverged is not among those that are kept. */
  private async saveValidated(improved: boolean, diverged: boolean): Promise<void> {
    const { sink: save, config } = this.job;
    if (save.kept === undefined || !config.keep || diverged) {
      if (improved) await this.saveModel();
      else await this.saveState();
      return;
    }
    // a slow disk must not make the next validation's model replace this one
    await this.saver.idle();
    const kept = await modelOf(this.snapshot);
    if (improved) await this.saveModel(kept, kept);
    else await this.saveState({ kept });
  }

  private reportFailedSave(failure: unknown): void {
    const reason =
      failure instanceof CharnnError
        ? failure.unspelt
        : failure instanceof Error
          ? failure.message
          : String(failure);
    const message = `${reason}; training goes on, and saving is tried again at the next checkpoint`;
    this.job.onEvent({ type: 'warning', message });
  }

  /** @throws CharnnError when what has been learned cannot be saved */
  private async ended(reason: EndEvent['reason']): Promise<EndEvent> {
    await this.saver.finish();
    const { step, best, budget } = this;
    const event: EndEvent = {
      type: 'end',
      reason,
      step,
      secondsElapsed: budget.seconds,
      best: best && withBits(best),
      plan: budget.plan,
    };
    this.job.onEvent(event);
    return event;
  }

  /** What is written down of the training as it stands. */
  private get snapshot(): TrainingSnapshot {
    const { job, model, backend, replicas, id, step, budget, history, bestLoss } = this;
    const { isFineTuning, validationUnknown } = this;
    const epoch = step / this.streams.chunksPerPass;
    const [plateau, rollbacks] = [this.plateau, this.rollback.count];
    return {
      ...{ job, model, backend, replicas, id, step, epoch, budget },
      ...{ history, bestLoss, plateau, rollbacks, isFineTuning, validationUnknown },
    };
  }

  // --- the beginning ---

  /** @returns the training's id */
  private initialise(): string {
    const { job, backend, replicas, model } = this;
    const values = initialValues(parameterTable(model), job.config.seed);
    if (job.initFrom) {
      const message = transferWeights(job.initFrom, model, job.corpus.vocabulary, values);
      job.onEvent({ type: 'warning', message });
    }
    backend.write(replicas.weights, values);
    if (replicas.ema) backend.write(replicas.ema, values);
    this.rollback.keep(values);
    return trainingId(model, job.config, job.corpus.provenance, values);
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

  private announce(): void {
    const { job, budget, model } = this;
    const { batchSize, seqLength, threads } = job.config;
    job.onEvent({
      type: 'start',
      model,
      parameters: parameterTable(model).count,
      trainCharacters: job.corpus.train.length,
      validationCharacters: job.corpus.validation.length,
      batchSize,
      seqLength,
      threads,
      backend: this.backend.name,
      step: this.step,
      totalSteps: budget.totalSteps,
    });
  }
}
