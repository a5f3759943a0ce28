/**
 * The length of a training and its progress, by steps or by the clock.
 *
 * By the clock the number of steps is planned from the speed so far, once and for good, when the learning
 * rate is to begin its decay: the decay then ends with the training, and the same training can be made
 * again by steps. If the machine slows down after that, the training takes longer than it was given.
 */
import { AwakeClock } from '../../machine/awake-clock.js';
import type { TrainConfig } from '../train-config.js';
import { decayStart } from '../update/schedule.js';

/** The plan of a training by the clock, once it is settled; the same training by steps has it from the start. */
export interface LengthPlan {
  /** Total number of steps */
  readonly steps: number | null;
  /** Number of steps between validations */
  readonly evalEvery: number | null;
}

/** Number of validations over a training, if the interval is not given */
const usualValidations = 20;
/** Max fraction of the time that validation should take */
const maxValidationFraction = 0.1;
/** Reading costs this share of a training step on as many characters: forward only. */
const readingCost = 1 / 3;
/** By the clock the speed is looked at about this often. */
const segmentSeconds = 0.5;
/** Shares of the time after which the speed is trusted. */
const evalPlanFraction = 0.03;
const stepsPlanFraction = 0.04;
/** Max number of steps that the replicas are given at once. */
const maxRunSteps = 1000;

export class StepBudget {
  /** First step of this run of the program */
  firstStep = 0;
  /** Total number of steps; undefined as long as the clock leaves it open */
  totalSteps: number | undefined;
  private evalEvery: number | undefined;
  private readonly totalSeconds: number | undefined;
  /** Validations in this run of the program, and the seconds they took in all */
  private validations = 0;
  private validationSeconds = 0;

  constructor(
    private readonly config: TrainConfig,
    private readonly text: { readonly chunksPerPass: number; readonly validation: number },
    private readonly secondsBefore: number,
    plan: LengthPlan | undefined,
    private readonly clock: Pick<AwakeClock, 'seconds' | 'takeSleep'> = new AwakeClock(),
  ) {
    const { length } = config;
    if (length.kind === 'steps') this.totalSteps = length.steps;
    else if (length.kind === 'epochs') {
      const steps = Math.round(length.epochs * text.chunksPerPass);
      this.totalSteps = Math.max(1, Math.min(Number.MAX_SAFE_INTEGER, steps));
    } else {
      this.totalSeconds = length.seconds;
      this.totalSteps = plan?.steps ?? undefined;
    }
    this.evalEvery = config.evalEvery ?? plan?.evalEvery ?? undefined;
    if (this.evalEvery === undefined && this.totalSteps !== undefined) {
      this.planValidations(this.totalSteps);
    }
  }

  resumeAt(step: number): void {
    this.firstStep = step;
    // the time was over before
    if (this.totalSteps === undefined && this.timeLeft === 0) this.totalSteps = step;
  }

  get plan(): LengthPlan {
    return { steps: this.totalSteps ?? null, evalEvery: this.evalEvery ?? null };
  }

  /** Steps in all, where the training up to this step depends on it. */
  stepsUsed(step: number): number | null {
    const { totalSteps } = this;
    const start = decayStart(this.config);
    return totalSteps !== undefined && start < 1 && step > start * totalSteps ? totalSteps : null;
  }

  /** Seconds of training, earlier runs of a resumed training included. */
  get seconds(): number {
    return this.secondsBefore + this.clock.seconds;
  }

  /** Seconds since the last call in which the computer slept; the training's time is without them. */
  takeSleep(): number {
    return this.clock.takeSleep();
  }

  /** Steps per second of training alone, validations not counted. */
  stepsPerSecond(step: number): number {
    const seconds = this.seconds - this.secondsBefore - this.validationSeconds;
    return seconds > 0 ? (step - this.firstStep) / seconds : 0;
  }

  secondsLeft(step: number): number | undefined {
    if (this.totalSteps === undefined) return this.timeLeft;
    const speed = this.stepsPerSecond(step);
    return speed > 0 ? (this.totalSteps - step) / speed : undefined;
  }

  /** The fraction of the training that is done, at most 1. */
  fraction(step: number): number {
    if (this.totalSteps !== undefined) return Math.min(1, step / this.totalSteps);
    return Math.min(1, this.seconds / (this.totalSeconds as number));
  }

  /** Must be called after every run of the replicas; by the clock it settles the plan when it can. */
  observe(step: number): void {
    const { totalSeconds, timeLeft } = this;
    if (totalSeconds === undefined || this.totalSteps !== undefined) return;
    const fraction = 1 - timeLeft / totalSeconds;
    if (this.evalEvery === undefined && fraction >= evalPlanFraction) {
      this.planValidations(step + this.stepsPerSecond(step) * timeLeft, step + 1);
    }
    const start = decayStart(this.config);
    const estimate = this.estimate(step);
    if (step >= start * estimate && fraction >= stepsPlanFraction) {
      // what has been trained so far must not have been part of the decay, unless a training that is
      // resumed with less time than it was to have is beyond that already
      const isLate = this.firstStep > start * estimate;
      this.totalSteps = Math.max(Math.round(estimate), isLate ? step : Math.ceil(step / start));
    }
  }

  /** The total number of steps that the speed and the time left allow. */
  private estimate(step: number): number {
    const speed = this.stepsPerSecond(step);
    if (speed === 0) return step;
    const validation = this.secondsAValidation(speed);
    const { evalEvery = Number.POSITIVE_INFINITY } = this;
    // one validation more, at the end
    return step + Math.max(0, this.timeLeft - validation) / (1 / speed + validation / evalEvery);
  }

  validated(seconds: number): void {
    this.validations++;
    this.validationSeconds += seconds;
  }

  isOver(step: number): boolean {
    return this.totalSteps !== undefined && step >= this.totalSteps;
  }

  isValidationDue(step: number): boolean {
    return this.evalEvery !== undefined && step % this.evalEvery === 0;
  }

  /** The number of steps to the next validation, save or end. */
  stepsToRun(step: number): number {
    let count = maxRunSteps;
    if (this.totalSteps !== undefined) count = this.totalSteps - step;
    else {
      const segment = this.stepsPerSecond(step) * Math.min(segmentSeconds, this.timeLeft);
      const toDecay = decayStart(this.config) * this.estimate(step) - step;
      count = Math.max(1, Math.floor(Math.min(segment, toDecay)));
    }
    if (this.evalEvery !== undefined)
      count = Math.min(count, this.evalEvery - (step % this.evalEvery));
    return Math.min(count, maxRunSteps);
  }

  private get timeLeft(): number {
    return Math.max(0, (this.totalSeconds as number) - this.seconds);
  }

  /** The duration of a validation, as a number of training steps. */
  private get validationSteps(): number {
    const { batchSize, seqLength } = this.config;
    return (readingCost * this.text.validation) / (batchSize * seqLength);
  }

  /** @param min the first validation must not lie behind */
  private planValidations(totalSteps: number, min = 1): void {
    const interval = Math.max(
      totalSteps / usualValidations,
      this.validationSteps / maxValidationFraction,
    );
    this.evalEvery = Math.max(min, Math.ceil(interval));
  }

  /** As they were so far, or as the speed of training lets expect. */
  private secondsAValidation(speed: number): number {
    return this.validations > 0
      ? this.validationSeconds / this.validations
      : this.validationSteps / speed;
  }
}
