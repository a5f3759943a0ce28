/**
 * Learning-rate schedules as functions of the step.
 *
 * Only a decay depends on the length of the training, and only from where it begins (`decayStart`). So a training run
 * with a time limit may leave its number of steps open until then, and the same training run with a number of steps has
 * the same learning rates.
 */
import type { ScheduleConfig } from '../train-config.js';

export interface Progress {
  /** Number of steps done before this one */
  readonly step: number;
  /** Total number of steps; needed from `decayStart` onwards */
  readonly totalSteps: number | undefined;
  /** Number of passes over the training text so far, with a fraction */
  readonly epoch: number;
}

/** Fraction of the training after which the learning rate begins to fall in the cosine schedule */
const cosineStart = 0.05;

/** Fraction of the training before the learning rate depends on its length; 1 if it never does. */
export function decayStart({ schedule, decayShare }: ScheduleConfig): number {
  if (schedule === 'wsd') return 1 - decayShare;
  return schedule === 'cosine' ? cosineStart : 1;
}

/**
 * The learning rate of a step.
 * @param plateauFactor the current factor of the plateau schedule (1 for the others)
 */
export function learningRate(
  config: ScheduleConfig,
  { step, totalSteps, epoch }: Progress,
  plateauFactor: number,
): number {
  const { learningRate: rate, warmup } = config;
  const rising = Math.min(1, (step + 1) / (warmup + 1));
  const start = decayStart(config);
  // Progress of the decay: 0 or less before it, 1 at its end
  const decayed = totalSteps === undefined ? 0 : (step / totalSteps - start) / (1 - start);
  switch (config.schedule) {
    case 'constant':
      return rate * rising;
    case 'wsd':
      // warm-up, stable, decay: the rate falls linearly until the end (Hägele et al. 2024)
      return rate * rising * between(config.finalRate, 1 - decayed);
    case 'cosine':
      // one period of the cosine schedule of Loshchilov & Hutter 2017
      return (
        rate * rising * between(config.finalRate, (1 + Math.cos(Math.PI * clamp(decayed))) / 2)
      );
    case 'step':
      return rate * rising * config.decay ** Math.floor(epoch / config.decayEvery);
    case 'plateau':
      return rate * rising * plateauFactor;
  }
}

function clamp(fraction: number): number {
  return Math.min(1, Math.max(0, fraction));
}

/** Interpolates linearly from `low` at fraction 0 to 1 at fraction 1. */
function between(low: number, fraction: number): number {
  return low + (1 - low) * clamp(fraction);
}

/** Lowers the learning rate when more than `patience` validations in a row have not improved. */
export class Plateau {
  constructor(
    private readonly config: ScheduleConfig,
    public factor = 1,
    public waited = 0,
  ) {}

  /** @param improved whether the latest validation was the best so far */
  observe(improved: boolean): void {
    if (this.config.schedule !== 'plateau') return;
    this.waited = improved ? 0 : this.waited + 1;
    if (this.waited > this.config.patience) {
      this.factor *= this.config.decay;
      this.waited = 0;
    }
  }
}
