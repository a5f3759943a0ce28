/**
 * Learning-rate schedules as functions of progress.
 *
 * Progress is the share of the training that is done (steps of all steps, or, for a training by the
 * clock, seconds of all seconds), so that one definition serves both.
 */
import type { ScheduleConfig } from './config.js';

export interface Progress {
  /** 0 at the first step, 1 at the end */
  readonly fraction: number;
  /** Passes over the training text so far, with fraction */
  readonly epoch: number;
}

/**
 * The learning rate of a step.
 * @param plateauFactor what the plateau schedule has come to (1 for the others)
 */
export function learningRate(
  config: ScheduleConfig,
  { fraction, epoch }: Progress,
  plateauFactor: number,
): number {
  const { name, rate, warmup, finalRate, decay, every } = config;
  if (fraction < warmup) return (rate * fraction) / warmup;
  switch (name) {
    case 'constant':
      return rate;
    case 'cosine': {
      // Loshchilov & Hutter 2017, one period
      const through = Math.min(1, (fraction - warmup) / (1 - warmup));
      return rate * (finalRate + ((1 - finalRate) * (1 + Math.cos(Math.PI * through))) / 2);
    }
    case 'step':
      return rate * decay ** Math.floor(epoch / every);
    case 'plateau':
      return rate * plateauFactor;
  }
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
    if (this.config.name !== 'plateau') return;
    this.waited = improved ? 0 : this.waited + 1;
    if (this.waited > this.config.patience) {
      this.factor *= this.config.decay;
      this.waited = 0;
    }
  }
}
