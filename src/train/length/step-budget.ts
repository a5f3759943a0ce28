/**
 * The length of a training run and its progress, by steps or by the clock.
 *
 * In a training run with a time limit, the number of steps is planned from the speed so far, once and for good, when
 * the decay of the learning rate is about to begin. So the decay ends with the training, and the same training run can
 * be repeated by its number of steps. If the machine becomes slower after that, the training takes longer than it was
 * given.
 */
import { AwakeClock } from '../../machine/awake-clock.js';
import type { TrainConfig } from '../train-config.js';
import { decayStart } from '../update/schedule.js';

/**
 * The plan of a training run with a time limit, whose fields are null until it is made. A training run with a number of
 * steps has it from the start.
 */
export interface LengthPlan {
  /** Total number of steps */
  readonly steps: number | null;
  /** Number of steps between validations */
  readonly evalEvery: number | null;
}

/** Number of validations in a training run, if the interval is not given */
const usualValidations = 20;
/** Max fraction of the time that validation should take */
const maxValidationFraction = 0.1;
/**
 * Time to read a character in validation, as a fraction of the time to train on it; validation runs only the forward
 * pass.
 */
const readingCost = 1 / 3;
/** Seconds between two measurements of the speed, in a training run with a time limit */
const segmentSeconds = 0.5;
/** Fractions of the time after which the measured speed is reliable enough for planning */
const evalPlanFraction = 0.03;
const stepsPlanFraction = 0.04;
/** Max number of steps that the replicas run per order */
const maxRunSteps = 1000;

export class StepBudget {
  /** Number of steps done before this process began */
  firstStep = 0;
  /** Total number of steps; undefined as long as it depends on the clock */
  totalSteps: number | undefined;
  private evalEvery: number | undefined;
  private readonly totalSeconds: number | undefined;
  /** Number of validations in this process, and their total seconds */
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
    // the time was used up before this process began
    if (this.totalSteps === undefined && this.timeLeft === 0) this.totalSteps = step;
  }

  get plan(): LengthPlan {
    return { steps: this.totalSteps ?? null, evalEvery: this.evalEvery ?? null };
  }

  /** The total number of steps, if the first `step` steps have depended on it; otherwise null. */
  stepsUsed(step: number): number | null {
    const { totalSteps } = this;
    const start = decayStart(this.config);
    return totalSteps !== undefined && start < 1 && step > start * totalSteps ? totalSteps : null;
  }

  /** Seconds of training, including those before it was resumed. */
  get seconds(): number {
    return this.secondsBefore + this.clock.seconds;
  }

  /** Seconds that the computer has slept since the last call, which do not count as training time. */
  takeSleep(): number {
    return this.clock.takeSleep();
  }

  /** Steps per second of training, without the time of validations. */
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

  /**
   * Records how many steps are done; it must be called after every run of the replicas. In a training run with a time
   * limit, it fixes the interval between validations, if none was given, and the total number of steps, once the speed
   * is known well enough.
   */
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
      // the total number of steps must be fixed before the learning rate begins to decay; only a training run that was
      // resumed with less time may be past that point already
      const isLate = this.firstStep > start * estimate;
      this.totalSteps = Math.max(Math.round(estimate), isLate ? step : Math.ceil(step / start));
    }
  }

  /** The total number of steps that the speed and the remaining time allow. */
  private estimate(step: number): number {
    const speed = this.stepsPerSecond(step);
    if (speed === 0) return step;
    const validation = this.secondsAValidation(speed);
    const { evalEvery = Number.POSITIVE_INFINITY } = this;
    // one more validation takes place at the end
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

  /**
   * The number of steps to run next. They end at the next validation or at the end of training, or earlier, so that the
   * speed is measured, the plan made and the state saved in between.
   */
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

  /** The duration of a validation, in training steps. */
  private get validationSteps(): number {
    const { batchSize, seqLength } = this.config;
    return (readingCost * this.text.validation) / (batchSize * seqLength);
  }

  /**
   * Plans the interval between validations.
   * @param min the first validation takes place no earlier than this step
   */
  private planValidations(totalSteps: number, min = 1): void {
    const interval = Math.max(
      totalSteps / usualValidations,
      this.validationSteps / maxValidationFraction,
    );
    this.evalEvery = Math.max(min, Math.ceil(interval));
  }

  /** Mean duration of the validations so far, or an estimate from the training speed. */
  private secondsAValidation(speed: number): number {
    return this.validations > 0
      ? this.validationSeconds / this.validations
      : this.validationSteps / speed;
  }
}
