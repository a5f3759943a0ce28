/**
 * Measures the time in which this process could compute. Some clocks continue while the computer sleeps (Windows,
 * macOS), and all continue while a process is stopped; a training run with a time limit must not count that time.
 */

/** Times in milliseconds, counted from any moment; tests pass their own. */
export interface TimeSource {
  /** A clock that never goes back */
  now(): number;
  /** Processor time used by all threads of this process, which stands still while the computer sleeps */
  processorTime(): number;
}

const thisProcess: TimeSource = {
  now: () => performance.now(),
  processorTime() {
    const { user, system } = process.cpuUsage();
    return (user + system) / 1000;
  },
};

/**
 * An interval between two readings of the clock that is at least this long may have been sleep; normally the clock is
 * read several times a second.
 */
const longMs = 10_000;
/**
 * A process that is awake uses at least this fraction of a long interval as processor time, unless its threads were
 * denied the processor for seconds. What the threads compute between the previous reading and the beginning of sleep is
 * a smaller fraction.
 */
const leastShare = 0.2;

export class AwakeClock {
  private lastNow: number;
  private lastProcessorTime: number;
  private awakeMs = 0;
  private asleepMs = 0;

  constructor(private readonly source: TimeSource = thisProcess) {
    this.lastNow = source.now();
    this.lastProcessorTime = source.processorTime();
  }

  /** Seconds for which the process was awake since the clock was created; it must be read every few seconds. */
  get seconds(): number {
    this.look();
    return this.awakeMs / 1000;
  }

  /** Seconds since the last call for which the computer slept or the process was stopped */
  takeSleep(): number {
    this.look();
    const seconds = this.asleepMs / 1000;
    this.asleepMs = 0;
    return seconds;
  }

  private look(): void {
    const now = this.source.now();
    const processorTime = this.source.processorTime();
    const passed = now - this.lastNow;
    const isAwake =
      passed < longMs || processorTime - this.lastProcessorTime >= leastShare * passed;
    if (isAwake) this.awakeMs += passed;
    else this.asleepMs += passed;
    this.lastNow = now;
    this.lastProcessorTime = processorTime;
  }
}
