/** Measures the matrix products that compiled kernels compute on a device. */
import type { Kernels } from './kernels/generated/operations.js';

/** What was measured of the matrix products of all threads between `start` and `stop` */
export interface ProductCounts {
  /**
   * Seconds that all threads together spent on matrix products, including packing their operands; undefined if kernels
   * cannot read a clock
   */
  readonly seconds: number | undefined;
  readonly multiplyAdds: number;
}

export interface ProductMeter {
  /**
   * Measures how fast the calling thread multiplies and adds numbers that are in registers, which is the peak speed of
   * matrix products, in multiply-adds per second.
   * @param seconds min duration of the measurement
   */
  peak(seconds: number): number;
  /** Starts counting the matrix products of all threads that share the device. */
  start(): void;
  /** Ends counting the matrix products; returns what was measured. */
  stop(): ProductCounts;
}

/** Number of rounds of multiply-adds per call of the kernel, which take some milliseconds. */
const rounds = 1_000_000;

/** The arguments that the kernel `product_count` understands */
const counts = { ticksNow: 0, ticks: 1, multiplyAdds: 2 } as const;

export class KernelMeter implements ProductMeter {
  private begun = { milliseconds: 0, ticks: 0 };

  constructor(private readonly kernels: Kernels) {}

  peak(seconds: number): number {
    let fastest = 0;
    const end = performance.now() + seconds * 1e3;
    while (performance.now() < end) {
      const begun = performance.now();
      const done = this.kernels.multiply_adds(rounds);
      // only the fastest of many runs counts, because other programs can only slow a run down
      fastest = Math.max(fastest, done / ((performance.now() - begun) / 1e3));
    }
    return fastest;
  }

  start(): void {
    this.begun = { milliseconds: performance.now(), ticks: this.count('ticksNow') };
    this.kernels.time_products(1);
  }

  stop(): ProductCounts {
    this.kernels.time_products(0);
    const ticks = this.count('ticksNow') - this.begun.ticks;
    const perSecond = ticks / ((performance.now() - this.begun.milliseconds) / 1e3);
    return {
      seconds: ticks > 0 ? this.count('ticks') / perSecond : undefined,
      multiplyAdds: this.count('multiplyAdds'),
    };
  }

  private count(which: keyof typeof counts): number {
    return this.kernels.product_count(counts[which]);
  }
}
