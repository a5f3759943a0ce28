/**
 * How long a training is and how far it has come, by steps or by the clock.
 *
 * By the clock the total is an estimate from the speed so far, corrected all the while; the learning
 * rate follows it, so that the schedule ends when the time does.
 */
import type { TrainConfig } from './config.js';

/** Validations over a training, where the interval is not given. */
const validations = 20;
/** By the clock the estimate is renewed about this often. */
const segmentSeconds = 0.5;
/** Steps handed to the replicas at once at the most. */
const longestRun = 1000;

export class Length {
  /** First step of this run of the program */
  firstStep = 0;
  /** Steps in all; undefined by the clock */
  readonly totalSteps: number | undefined;
  private readonly totalSeconds: number | undefined;
  private readonly started = performance.now();
  private estimatedSteps = 1;
  private lastValidation: { step: number; seconds: number };
  /** Of the latest validation, and of all in this run of the program */
  private validationSeconds = 0;
  private allValidationSeconds = 0;

  constructor(
    private readonly config: TrainConfig,
    chunksPerPass: number,
    private readonly secondsBefore: number,
  ) {
    const { length } = config;
    if (length.kind === 'steps') this.totalSteps = length.steps;
    if (length.kind === 'epochs') {
      this.totalSteps = Math.max(1, Math.round(length.epochs * chunksPerPass));
    }
    if (length.kind === 'seconds') this.totalSeconds = length.seconds;
    this.lastValidation = { step: 0, seconds: secondsBefore };
  }

  resumeAt(step: number): void {
    this.firstStep = step;
    this.lastValidation = { step, seconds: this.secondsBefore };
    this.estimatedSteps = Math.max(1, step);
  }

  /** Seconds of training, earlier runs of a resumed training included. */
  get seconds(): number {
    return this.secondsBefore + (performance.now() - this.started) / 1000;
  }

  /** Speed of training alone, validations not counted. */
  stepsPerSecond(step: number): number {
    const seconds = this.seconds - this.secondsBefore - this.allValidationSeconds;
    return seconds > 0 ? (step - this.firstStep) / seconds : 0;
  }

  secondsLeft(step: number): number | undefined {
    if (this.totalSeconds !== undefined) return Math.max(0, this.totalSeconds - this.seconds);
    const speed = this.stepsPerSecond(step);
    return speed > 0 ? ((this.totalSteps as number) - step) / speed : undefined;
  }

  /** Share of the training that is done once step `step` (0-based) is, at most 1. */
  fraction(step: number): number {
    return Math.min(1, (step + 1) / (this.totalSteps ?? this.estimatedSteps));
  }

  /** To be told after every run of the replicas. */
  observe(step: number): void {
    if (this.totalSeconds === undefined) return;
    const speed = this.stepsPerSecond(step);
    this.estimatedSteps = Math.max(step + 1, Math.round(step + speed * this.trainingSecondsLeft));
  }

  validated(step: number, seconds: number): void {
    this.lastValidation = { step, seconds: this.seconds };
    this.validationSeconds = seconds;
    this.allValidationSeconds += seconds;
  }

  isOver(step: number): boolean {
    if (this.totalSteps !== undefined) return step >= this.totalSteps;
    return step > this.firstStep && this.trainingSecondsLeft <= 0;
  }

  isValidationDue(step: number): boolean {
    const { evalEvery } = this;
    if (evalEvery !== undefined) return step % evalEvery === 0;
    const interval = (this.totalSeconds as number) / validations;
    return (
      this.seconds - this.lastValidation.seconds >= Math.max(interval, 10 * this.validationSeconds)
    );
  }

  /** Steps until the next thing to do. */
  stepsToRun(step: number): number {
    let count = longestRun;
    if (this.totalSteps !== undefined) count = Math.min(count, this.totalSteps - step);
    else {
      const speed = this.stepsPerSecond(step);
      const seconds = Math.min(segmentSeconds, Math.max(0, this.trainingSecondsLeft));
      count = Math.min(count, speed > 0 ? Math.max(1, Math.round(speed * seconds)) : 1);
    }
    const { evalEvery } = this;
    if (evalEvery !== undefined) count = Math.min(count, evalEvery - (step % evalEvery));
    return count;
  }

  private get evalEvery(): number | undefined {
    if (this.config.evalEvery !== undefined) return this.config.evalEvery;
    return this.totalSteps && Math.max(1, Math.ceil(this.totalSteps / validations));
  }

  /** What is left of the time, less what the last validation will take. */
  private get trainingSecondsLeft(): number {
    return (this.totalSeconds as number) - this.seconds - this.validationSeconds;
  }
}
