/**
 * Learning-rate schedules as functions of the step.
 *
 * Only a decay needs to know how long the training is, and only from where it begins (`decayStart`):
 * so a training by the clock may leave its number of steps open until then, and the same training by
 * steps has the same rates.
 */
import type { ScheduleConfig } from '../train-config.js';

export interface Progress {
  /** Number of steps done before this one */
  readonly step: number;
  /** Total number of steps; needed from `decayStart` on */
  readonly totalSteps: number | undefined;
  /** Passes over the training text so far, with fraction */
  readonly epoch: number;
}

/** Share of the training in which a cosine has not begun to fall. */
const cosineStart = 0.05;

/** Share of the training up to which the rate does not depend on its length; 1: it never does. */
export function decayStart({ schedule, decayShare }: ScheduleConfig): number {
  if (schedule === 'wsd') return 1 - decayShare;
  return schedule === 'cosine' ? cosineStart : 1;
}

/**
 * The learning rate of a step.
 * @param plateauFactor what the plateau schedule has come to (1 for the others)
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
      // warm-up, stable, decay: linear to the end (Hägele et al. 2024)
      return rate * rising * between(config.finalRate, 1 - decayed);
    case 'cosine':
      // Loshchilov & Hutter 2017, one period
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

/** Interpolates from `low` at share 0 to 1 at share 1. */
function between(low: number, fraction: number): number {
  return low + (1 - low) * clamp(fraction);
}

/** Lowers the rate when validation has made no progress for more than `patience` validations. */
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
