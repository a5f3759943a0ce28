/**
 * The time in which this process could compute. The clocks of Windows and macOS go on while the computer sleeps,
 * and all go on while a process is stopped; a training by the clock must not count that.
 */

/** Both in milliseconds, from any beginning; tests have a source of their own. */
export interface TimeSource {
  /** The time, which never goes back */
  now(): number;
  /** What all threads of the process have computed, which stands still while the computer sleeps */
  processorTime(): number;
}

const thisProcess: TimeSource = {
  now: () => performance.now(),
  processorTime() {
    const { user, system } = process.cpuUsage();
    return (user + system) / 1000;
  },
};

/** Time between two looks at the clock that may be sleep; whoever uses it looks several times a second. */
const longMs = 10_000;
/**
 * Of that time a process that is awake computes at least this share: its threads would have to be kept from the
 * processor for seconds to come to less. What they computed between the look before and the sleep stays below it.
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

  /** Seconds awake since the clock was made; it has to be looked at every few seconds. */
  get seconds(): number {
    this.look();
    return this.awakeMs / 1000;
  }

  /** Seconds asleep since the last call */
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
