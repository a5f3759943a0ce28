/**
 * A training from beginning to end: starts the replicas, runs them from one validation to the next,
 * keeps history and the best model, and hands models and states over to be saved.
 */
import type { Backend } from '../backend/backend.js';
import { openDevice } from '../backend/open-device.js';
import type { ModelConfig } from '../model/config.js';
import type { HistoryEntry, Model } from '../model/model.js';
import { initialValues, parameterTable } from '../model/parameters.js';
import { Streams } from '../text/streams.js';
import type { EndEvent, Validation } from './events.js';
import { trainingId } from './identity.js';
import type { TrainingJob } from './job.js';
import { Length } from './length.js';
import { momentCount } from './optimizer.js';
import { Replicas } from './replicas.js';
import { isFarAboveBest, Rollback } from './rollback.js';
import { Saver } from './saver.js';
import { learningRate, Plateau } from './schedule.js';
import { type Standing, takeModel, takeState } from './snapshot.js';
import type { TrainingState } from './state.js';
import { transferWeights } from './transfer.js';

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
  const device = await openDevice(job.config.backend);
  const { note, operations } = device;
  if (note !== undefined) job.onEvent({ type: 'warning', message: note });
  const model: ModelConfig = { ...job.model, vocabulary: job.corpus.vocabulary.size };
  let replicas: Replicas | undefined;
  try {
    replicas = await Replicas.start(device, model, job.config, job.corpus);
    return await new Training(job, model, operations, replicas).run();
  } finally {
    await replicas?.close();
    device.close();
  }
}

class Training {
  private step = 0;
  private bestLoss: number | undefined;
  private best: Validation | undefined;
  private history: HistoryEntry[] = [];
  private readonly plateau: Plateau;
  private readonly streams: Streams;
  private readonly length: Length;
  private hasModel = false;
  private lastSaved: number;
  private readonly id: string | undefined;
  private readonly saver: Saver;
  private readonly rollback: Rollback;

  constructor(
    private readonly job: TrainingJob,
    private readonly model: ModelConfig,
    private readonly backend: Backend,
    private readonly replicas: Replicas,
  ) {
    const { config, corpus, resume } = job;
    this.streams = new Streams(corpus.train, config.batchSize, config.seqLength);
    const { chunksPerPass } = this.streams;
    const text = { chunksPerPass, validation: corpus.validation.length };
    this.length = new Length(config, text, resume?.seconds ?? 0, resume?.plan);
    this.plateau = new Plateau(config.schedule, resume?.plateau.factor, resume?.plateau.waited);
    this.lastSaved = this.length.seconds;
    this.saver = new Saver(job.save, (failure) => this.reportFailedSave(failure));
    const { divergence } = config;
    this.rollback = new Rollback(divergence, backend, replicas, resume?.rollbacks ?? 0);
    this.id = resume ? this.restore(resume) : this.initialise();
  }

  async run(): Promise<EndEvent> {
    const { job, replicas, length } = this;
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
        if (length.isOver(this.step)) break;
        if (this.isOverfitting()) return await this.ended('overfitting');
        if (job.signal?.aborted) return await this.interrupted();
        const result = await replicas.run(this.step, this.nextRates());
        this.step = result.step;
        length.observe(this.step);
        if (result.diverged && !(await this.goBack(result.diverged.loss))) {
          return await this.ended('diverged');
        }
        if (length.seconds - this.lastSaved > saveSeconds) await this.saveState();
      }
      return await this.ended('finished');
    } catch (error) {
      // a thread has failed: weights that were being updated are better than none
      if (!this.hasModel) {
        await takeModel(this.standing)
          .then((taken) => job.save.model(taken))
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
  private nextRates(): Float64Array {
    const { length, step } = this;
    const count = length.stepsToRun(step);
    return Float64Array.from({ length: count }, (_, k) => this.rateAt(step + k));
  }

  private rateAt(step: number): number {
    const epoch = step / this.streams.chunksPerPass;
    const { totalSteps } = this.length;
    const at = { step, totalSteps, epoch };
    const rate = learningRate(this.job.config.schedule, at, this.plateau.factor);
    return rate * this.rollback.rateFactor;
  }

  private reportProgress(): void {
    const { replicas, length, streams, job } = this;
    const step = replicas.control.step;
    const recent = replicas.control.recent(length.firstStep, displayedSteps);
    if (recent === undefined) return;
    const { batchSize, seqLength } = job.config;
    job.onEvent({
      type: 'progress',
      step,
      totalSteps: length.totalSteps,
      fraction: length.fraction(step),
      epoch: step / streams.chunksPerPass,
      loss: recent.loss,
      gradientNorm: recent.gradientNorm,
      learningRate: this.rateAt(step),
      charactersPerSecond: length.stepsPerSecond(step) * batchSize * seqLength,
      secondsElapsed: length.seconds,
      secondsLeft: length.secondsLeft(step),
    });
  }

  // --- validation and saving ---

  private isValidationDue(): boolean {
    const { length, step, replicas } = this;
    const isAtEnd = length.isOver(step) || length.isValidationDue(step);
    return isAtEnd && replicas.control.tally.steps > 0;
  }

  /** Measures, records, and has the state saved and, if it is the best, the model. */
  private async validate(): Promise<'done' | 'stopped' | 'diverged'> {
    const { replicas, job, length } = this;
    const characters = job.corpus.validation.length - 1;
    const started = length.seconds;
    let validationLoss: number | null = null;
    if (characters > 0) {
      validationLoss = (await replicas.validate()) / characters;
      if (replicas.control.stopRequested) return 'stopped';
    }
    length.validated(length.seconds - started);
    const tally = replicas.control.tally;
    const entry: Validation = {
      step: this.step,
      epoch: this.step / this.streams.chunksPerPass,
      trainLoss: tally.loss / tally.steps,
      validationLoss,
      learningRate: this.rateAt(this.step - 1),
      gradientNorm: tally.gradientNorm / tally.steps,
      clipped: tally.clipped / tally.steps,
      ...(this.rollback.count > 0 && { rollbacks: this.rollback.count }),
    };
    replicas.control.tally = { steps: 0, loss: 0, gradientNorm: 0, clipped: 0 };
    const loss = validationLoss ?? entry.trainLoss;
    const diverged = !Number.isFinite(loss) || isFarAboveBest(entry.trainLoss, this.history);
    const improved = !diverged && (this.bestLoss === undefined || loss < this.bestLoss);
    this.plateau.observe(improved);
    this.history.push({ ...entry });
    if (improved) {
      this.bestLoss = loss;
      this.best = entry;
    }
    job.onEvent({
      type: 'validation',
      ...entry,
      best: improved,
      secondsElapsed: length.seconds,
    });
    const reached = Number.isFinite(loss) ? entry.trainLoss : loss;
    if (diverged && !(await this.goBack(reached))) return 'diverged';
    if (improved) await this.saveModel();
    else await this.saveState();
    return 'done';
  }

  /** Back to the last good model; false when training is to end instead. */
  private async goBack(loss: number): Promise<boolean> {
    const { job, rollback, step } = this;
    if (!(await rollback.goBack())) return false;
    const { count, rateFactor } = rollback;
    job.onEvent({ type: 'rollback', step, loss, count, rateFactor });
    return true;
  }

  private isOverfitting(): boolean {
    const { earlyStop } = this.job.config;
    if (this.history.length <= earlyStop) return false;
    const losses = this.history.map((entry) => entry.validationLoss ?? entry.trainLoss ?? 0);
    const best = losses.indexOf(losses.reduce((a, b) => Math.min(a, b)));
    return earlyStop > 0 && losses.length - 1 - best >= earlyStop;
  }

  private async interrupted(): Promise<EndEvent> {
    // a model that has never been validated is better than none
    if (this.hasModel) await this.saveState();
    else await this.saveModel();
    return this.ended('interrupted');
  }

  private async saveState(model?: Model): Promise<void> {
    this.saver.offer(await takeState(this.standing, model?.weights), model);
    this.lastSaved = this.length.seconds;
  }

  private async saveModel(): Promise<void> {
    const model = await takeModel(this.standing);
    await this.saveState(model);
    this.rollback.keep(model.weights);
    this.hasModel = true;
  }

  private reportFailedSave(failure: unknown): void {
    const reason = failure instanceof Error ? failure.message : String(failure);
    const message = `${reason}; training goes on, and saving is tried again at the next checkpoint`;
    this.job.onEvent({ type: 'warning', message });
  }

  /** @throws CharnnError when what has been learned cannot be saved */
  private async ended(reason: EndEvent['reason']): Promise<EndEvent> {
    await this.saver.finish();
    const { step, best, length } = this;
    const event: EndEvent = {
      type: 'end',
      reason,
      step,
      secondsElapsed: length.seconds,
      best,
      plan: length.plan,
    };
    this.job.onEvent(event);
    return event;
  }

  /** What is written down of the training as it stands. */
  private get standing(): Standing {
    const { job, model, backend, replicas, id, step, length, history, bestLoss } = this;
    const epoch = step / this.streams.chunksPerPass;
    const [plateau, rollbacks] = [this.plateau, this.rollback.count];
    return {
      ...{ job, model, backend, replicas, id, step, epoch, length },
      ...{ history, bestLoss, plateau, rollbacks },
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
    if (replicas.average) backend.write(replicas.average, values);
    this.rollback.keep(values);
    return trainingId(model, job.config, job.corpus.provenance, values);
  }

  private restore(state: TrainingState): string | undefined {
    const { backend, replicas, job } = this;
    backend.write(replicas.weights, state.weights);
    if (state.moments.length !== momentCount(job.config.optimizer.name)) {
      throw new Error('the state was saved with another optimiser');
    }
    state.moments.forEach((m, i) => {
      backend.write(replicas.moments[i], m);
    });
    if (replicas.average) backend.write(replicas.average, state.average ?? state.weights);
    replicas.writeHidden(state.hidden);
    replicas.control.tally = state.tally;
    replicas.control.step = state.step;
    this.step = state.step;
    this.length.resumeAt(state.step);
    this.history = state.history.slice();
    this.bestLoss = state.bestLoss ?? undefined;
    this.best = (state.history as readonly unknown[] as readonly Validation[]).find(
      ({ validationLoss, trainLoss }) => (validationLoss ?? trainLoss) === state.bestLoss,
    );
    this.hasModel = state.bestLoss !== null;
    this.rollback.keep(job.best?.weights ?? state.average ?? state.weights);
    return state.id;
  }

  private announce(): void {
    const { job, length, model } = this;
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
      totalSteps: length.totalSteps,
    });
  }
}
