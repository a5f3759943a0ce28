/**
 * A training run from beginning to end: starts the replicas, runs them from one validation to the next, keeps the
 * history and the best model, and submits models and states for saving.
 */
import { openDevice } from '../backend/open-device.js';
import type { ModelConfig } from '../model/model-config.js';
import { parameterTable } from '../model/parameters.js';
import { countedBeside } from './counted-beside.js';
import { CurrentTraining } from './current-training.js';
import { type EndEvent, type Validation, withBits } from './events.js';
import type { TrainingJob } from './job.js';
import { ownTexts } from './own-texts.js';
import { precisionOf } from './precision.js';
import type { Others } from './replicas/others.js';
import { Replicas } from './replicas/replica-group.js';
import { noMetrics } from './replicas/shared-control.js';
import { SavePlan } from './saving/save-plan.js';
import { requireTraining } from './training-bytes.js';

const progressMs = 200;
/** Number of steps over which the displayed loss is averaged */
const displayedSteps = 50;

/**
 * Runs a training run.
 * @param others the other processes that take part
 * @returns how it ended; a divergence is an ending, not an exception
 * @throws CharnnError when the back end cannot run or memory does not suffice
 */
export async function runTraining(job: TrainingJob, others?: Others): Promise<EndEvent> {
  const model: ModelConfig = { ...job.model, vocabulary: job.corpus.vocabulary.size };
  requireTraining(model, job.config, others?.size);
  const device = await openDevice(job.config.backend, precisionOf(job.config));
  const { note, operations } = device;
  if (note !== undefined) job.onEvent({ type: 'warning', message: note });
  let replicas: Replicas | undefined;
  try {
    const { counted, ...own } = await ownTexts(job, others);
    const started = performance.now();
    if (job.config.counts) job.onEvent({ type: 'phase', phase: 'counting' });
    const mixing = await countedBeside(job, counted, others);
    const counting = mixing ? (performance.now() - started) / 1000 : 0;
    const texts = { ...own, mixing };
    const processes = others && { rank: 0, size: others.size };
    replicas = await Replicas.start(device, model, job.config, texts, { processes, others });
    const current = new CurrentTraining(job, model, operations, replicas, counting);
    await replicas.spread();
    return await new TrainingRun(job, current, replicas).run();
  } finally {
    await replicas?.close();
    device.close();
  }
}

class TrainingRun {
  private readonly saves: SavePlan;

  constructor(
    private readonly job: TrainingJob,
    private readonly current: CurrentTraining,
    private readonly replicas: Replicas,
  ) {
    this.saves = new SavePlan(current);
  }

  async run(): Promise<EndEvent> {
    const { job, current, replicas } = this;
    const { budget } = current;
    this.announce();
    const stop = () => replicas.requestStop();
    job.signal?.addEventListener('abort', stop);
    if (job.signal?.aborted) stop();
    this.tellThatItTrains();
    const progress = setInterval(() => this.reportProgress(), progressMs);
    try {
      for (;;) {
        // a validation may be due even before the first step: that of a given model, or one that had been interrupted
        if (this.isValidationDue()) {
          const outcome = await this.validate();
          if (outcome === 'stopped') return await this.interrupted();
          if (outcome === 'diverged') return await this.ended('diverged');
          this.tellThatItTrains();
        }
        if (current.isOnTarget) return await this.ended('target');
        if (budget.isOver(current.step)) break;
        if (current.isOverfitting) return await this.ended('overfitting');
        if (job.signal?.aborted) return await this.interrupted();
        const result = await replicas.run(current.step, this.nextLearningRates());
        current.step = result.step;
        budget.observe(current.step);
        if (result.diverged && !(await this.goBack(result.diverged.loss))) {
          return await this.ended('diverged');
        }
        if (this.saves.isStateDue) await this.saves.saveState();
      }
      return await this.ended('finished');
    } catch (error) {
      // a thread has failed and may have left the weights inconsistent, so they are saved only if no model has been
      await this.saves.rescueModel();
      throw error;
    } finally {
      // snapshots that were submitted are saved even after a thread has failed
      await this.saves.finish().catch(() => {});
      clearInterval(progress);
      job.signal?.removeEventListener('abort', stop);
    }
  }

  private tellThatItTrains(): void {
    this.job.onEvent({ type: 'phase', phase: 'training' });
  }

  // --- steps between validations ---

  /** Learning rates of the steps to be run next */
  private nextLearningRates(): Float64Array {
    const { budget, step } = this.current;
    const count = budget.stepsToRun(step);
    return Float64Array.from({ length: count }, (_, k) => this.current.learningRateAt(step + k));
  }

  private reportProgress(): void {
    const { replicas, job } = this;
    const { budget, pass } = this.current;
    this.reportSleep();
    const step = replicas.control.step;
    const recent = replicas.control.recent(budget.firstStep, displayedSteps);
    if (recent === undefined) return;
    job.onEvent({
      type: 'progress',
      step,
      totalSteps: budget.totalSteps,
      fraction: budget.fraction(step),
      epoch: step / pass.steps,
      loss: recent.loss,
      bitsPerCharacter: recent.loss / Math.LN2,
      gradientNorm: recent.gradientNorm,
      learningRate: this.current.learningRateAt(step),
      charactersPerSecond: budget.stepsPerSecond(step) * pass.charactersPerStep,
      secondsElapsed: budget.seconds,
      secondsLeft: budget.secondsLeft(step),
    });
  }

  /** Reads the clock. This must be done several times a second, to notice that the computer slept. */
  private reportSleep(): void {
    const slept = this.current.budget.takeSleep();
    if (slept === 0) return;
    const time = slept < 120 ? `${Math.round(slept)} seconds` : `${Math.round(slept / 60)} minutes`;
    this.job.onEvent({
      type: 'warning',
      message: `the computer slept, or this process was stopped, for ${time}, which is not counted as training time`,
    });
  }

  // --- validation and saving ---

  private isValidationDue(): boolean {
    const { replicas } = this;
    const { budget, step, history } = this.current;
    const hasText = this.current.pass.predicted > 0;
    // the given model is the one to beat, so it is validated before the first step
    if (step === 0) return this.current.isFineTuning && history.length === 0 && hasText;
    const isAtEnd = budget.isOver(step) || budget.isValidationDue(step);
    return isAtEnd && replicas.control.metrics.steps > 0;
  }

  /** Validates, records the result, and submits the state for saving, and the model if it is the best. */
  private async validate(): Promise<'done' | 'stopped' | 'diverged'> {
    const { replicas, job } = this;
    const { budget } = this.current;
    const characters = this.current.pass.predicted;
    const started = budget.seconds;
    let validationLoss: number | null = null;
    let mixtureLoss: number | undefined;
    if (characters > 0) {
      job.onEvent({ type: 'phase', phase: 'validating' });
      const unknown = this.current.validationUnknown * job.corpus.vocabulary.unknownCost;
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
      step: this.current.step,
      epoch: this.current.epoch,
      trainLoss: mean(metrics.loss),
      validationLoss,
      ...(mixtureLoss !== undefined && { mixtureLoss }),
      learningRate: this.current.learningRateAt(Math.max(0, this.current.step - 1)),
      gradientNorm: mean(metrics.gradientNorm),
      ...(metrics.steps > 0 && {
        maxGradientNorm: metrics.maxGradientNorm,
        lastGradientNorm: metrics.lastGradientNorm,
      }),
      clipped: mean(metrics.clipped),
      ...(this.current.rollback.count > 0 && { rollbacks: this.current.rollback.count }),
    };
    replicas.control.metrics = noMetrics;
    const loss = validationLoss ?? entry.trainLoss ?? Number.NaN;
    const { trainLoss } = entry;
    const isLost = trainLoss !== null && this.current.history.isFarAboveBest(trainLoss);
    const diverged = !Number.isFinite(loss) || isLost;
    const improved =
      !diverged && (this.current.bestLoss === undefined || loss < this.current.bestLoss);
    this.current.plateau.observe(improved);
    this.current.history.add({ ...entry });
    if (improved) {
      this.current.bestLoss = loss;
      this.current.best = entry;
    }
    job.onEvent({
      type: 'validation',
      ...withBits(entry),
      best: improved,
      secondsElapsed: budget.seconds,
    });
    const lost = Number.isFinite(loss) && trainLoss !== null ? trainLoss : loss;
    if (diverged && !(await this.goBack(lost))) return 'diverged';
    await this.saves.saveValidated(improved, diverged);
    return 'done';
  }

  /** Rolls back to the last good model; returns false if the training has to end instead. */
  private async goBack(loss: number): Promise<boolean> {
    const { job } = this;
    const { rollback, step } = this.current;
    if (!(await rollback.goBack())) return false;
    await this.replicas.spread();
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

  private async interrupted(): Promise<EndEvent> {
    // if no model has been validated yet, one that was not validated is better than none
    if (this.current.hasModel) await this.saves.saveState();
    else {
      if (this.replicas.mixing) await this.replicas.fit();
      await this.saves.saveModel();
    }
    return this.ended('interrupted');
  }

  /**
   * Saves what has been submitted, and reports the end.
   * @throws CharnnError when what has been learned cannot be saved
   */
  private async ended(reason: EndEvent['reason']): Promise<EndEvent> {
    await this.saves.finish();
    const { step, best, budget } = this.current;
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

  private announce(): void {
    const { job } = this;
    const { budget, model, pass } = this.current;
    const { batchSize, seqLength, threads } = job.config;
    job.onEvent({
      type: 'start',
      model,
      parameters: parameterTable(model).count,
      trainCharacters: pass.trainCharacters,
      validationCharacters: pass.validationCharacters,
      batchSize,
      seqLength,
      threads,
      backend: this.current.backend.name,
      precision: precisionOf(job.config),
      clipNorm: job.config.clipBy === 'norm' ? job.config.clip : null,
      step: this.current.step,
      totalSteps: budget.totalSteps,
    });
  }
}
