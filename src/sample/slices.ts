/** Runs a batch in time slices, between which pieces are passed on, and messages and signals are handled. */
import { isPending } from '../backend/backend.js';
import type { Batch } from './batch.js';

/**
 * The first slice is short, so that something is shown at once; later ones are about as frequent as the eye can follow.
 */
const firstSliceMs = 5;
const sliceMs = 30;
/**
 * Milliseconds between two readings of the clock: with a small model, reading it at each step would take a tenth of the
 * time.
 */
const lookMs = 0.5;

export class Slices {
  private slice = firstSliceMs;
  private stepsPerLook = 1;

  constructor(private readonly batch: Batch) {}

  /** Runs steps for one time slice, or until all records have ended. */
  async run(): Promise<void> {
    const { batch } = this;
    let now = performance.now();
    const end = now + this.slice;
    do {
      for (let i = 0; i < this.stepsPerLook && batch.busy; i++) {
        const step = batch.step();
        if (isPending(step)) await step;
      }
      const before = now;
      now = performance.now();
      const isShort = now - before < lookMs;
      this.stepsPerLook = isShort ? 2 * this.stepsPerLook : Math.max(1, this.stepsPerLook >> 1);
    } while (batch.busy && now < end);
    this.slice = sliceMs;
  }
}
