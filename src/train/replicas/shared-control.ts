/** Words of shared memory that keep the replicas in lockstep and let the main thread follow their progress. */
import { Barrier, barrierWords } from '../../threads/barrier.js';

/** The index of each word among the integers of the shared memory, which begin with the words of the barrier. */
const word = { stop: barrierWords, decision: barrierWords + 1, step: barrierWords + 2 } as const;
const words = 16;

/**
 * The number of steps since the last validation; the sums of their losses and gradient norms, added in the order of the
 * steps; and the number of steps in which the gradient was clipped
 */
export interface RunningMetrics {
  readonly steps: number;
  readonly loss: number;
  readonly gradientNorm: number;
  readonly clipped: number;
  /** The largest gradient norm of the steps since the last validation, and the gradient norm of the latest step */
  readonly maxGradientNorm: number;
  readonly lastGradientNorm: number;
}

/** The running metrics before the first step, to which nothing has been added yet */
export const noMetrics: RunningMetrics = {
  steps: 0,
  loss: 0,
  gradientNorm: 0,
  clipped: 0,
  maxGradientNorm: 0,
  lastGradientNorm: 0,
};

const metricCount = Object.keys(noMetrics).length;

/** Number of latest steps whose loss the main thread can read */
const ringSteps = 256;
/** The memory that the replicas and the main thread share besides tensors, and the meaning of its words. */
export class SharedControl {
  /** The barrier at which the replicas of this process meet */
  readonly barrier: Barrier;
  private readonly integers: Int32Array;
  private readonly reals: Float64Array;

  /**
   * @param replicas number of replicas of all processes
   * @param local number of replicas of this process, which meet at the barrier
   */
  constructor(
    readonly replicas: number,
    readonly memory: SharedArrayBuffer = new SharedArrayBuffer(
      words * 4 + (2 * replicas + metricCount + 2 * ringSteps) * 8,
    ),
    local = replicas,
  ) {
    this.integers = new Int32Array(memory, 0, words);
    this.reals = new Float64Array(memory, words * 4);
    this.barrier = new Barrier(local, this.integers.subarray(0, barrierWords));
  }

  // --- stopping: requested by the main thread at any time, decided by replica 0 between two barriers ---

  requestStop(): void {
    Atomics.store(this.integers, word.stop, 1);
  }

  get stopRequested(): boolean {
    return Atomics.load(this.integers, word.stop) === 1;
  }

  /** Makes a requested stop binding; only replica 0 does this, so that all replicas stop after the same step. */
  decide(): void {
    Atomics.store(this.integers, word.decision, Atomics.load(this.integers, word.stop));
  }

  get decidedToStop(): boolean {
    return Atomics.load(this.integers, word.decision) === 1;
  }

  // --- sums to which each replica contributes: of the losses, and of the squares of the gradient ---

  setLossSum(replica: number, value: number): void {
    this.reals[replica] = value;
  }

  setSquareSum(replica: number, value: number): void {
    this.reals[this.replicas + replica] = value;
  }

  /** Sum of the losses over the replicas, always added in the same order. */
  lossSum(): number {
    return this.sumFrom(0);
  }

  squareSum(): number {
    return this.sumFrom(this.replicas);
  }

  private sumFrom(start: number): number {
    let sum = 0;
    for (let r = 0; r < this.replicas; r++) sum += this.reals[start + r];
    return sum;
  }

  /**
   * The sums of all replicas and the decision to stop, in the form that processes exchange: replica by replica, so that
   * the replicas of a process are adjacent.
   */
  exchangeSums(gather: (values: Float64Array) => void): void {
    const { replicas, reals, integers } = this;
    const values = new Float64Array(3 * replicas);
    for (let r = 0; r < replicas; r++) {
      values.set([reals[r], reals[replicas + r], integers[word.decision]], 3 * r);
    }
    gather(values);
    for (let r = 0; r < replicas; r++) {
      reals[r] = values[3 * r];
      reals[replicas + r] = values[3 * r + 1];
    }
    // whether training stops is decided by the first process for all of them
    Atomics.store(integers, word.decision, values[2]);
  }

  // --- what replica 0 reports ---

  private get metricsStart(): number {
    return 2 * this.replicas;
  }

  record(step: number, loss: number, gradientNorm: number, clipped: boolean): void {
    const at = this.metricsStart;
    this.reals[at] += 1;
    this.reals[at + 1] += loss;
    this.reals[at + 2] += gradientNorm;
    this.reals[at + 3] += clipped ? 1 : 0;
    this.reals[at + 4] = Math.max(this.reals[at + 4], gradientNorm);
    this.reals[at + 5] = gradientNorm;
    const slot = this.slotOf(step);
    this.reals[slot] = loss;
    this.reals[slot + 1] = gradientNorm;
    Atomics.store(this.integers, word.step, step + 1);
  }

  get metrics(): RunningMetrics {
    const at = this.metricsStart;
    const [steps, loss, gradientNorm, clipped, maxGradientNorm, lastGradientNorm] =
      this.reals.subarray(at, at + metricCount);
    return { steps, loss, gradientNorm, clipped, maxGradientNorm, lastGradientNorm };
  }

  set metrics(metrics: RunningMetrics) {
    const { steps, loss, gradientNorm, clipped, maxGradientNorm, lastGradientNorm } = metrics;
    this.reals.set(
      [steps, loss, gradientNorm, clipped, maxGradientNorm, lastGradientNorm],
      this.metricsStart,
    );
  }

  /** Index of a step's loss in the ring buffer; the step's gradient norm follows the loss. */
  private slotOf(step: number): number {
    return this.metricsStart + metricCount + 2 * (step % ringSteps);
  }

  /** The number of steps done so far */
  get step(): number {
    return Atomics.load(this.integers, word.step);
  }

  set step(step: number) {
    Atomics.store(this.integers, word.step, step);
  }

  /** Mean loss and gradient norm of the latest steps: at most `maxSteps` of them, none before step `first`. */
  recent(first: number, maxSteps: number): { loss: number; gradientNorm: number } | undefined {
    const end = this.step;
    const start = Math.max(first, end - Math.min(maxSteps, ringSteps));
    if (start >= end) return undefined;
    let loss = 0;
    let gradientNorm = 0;
    for (let step = start; step < end; step++) {
      const slot = this.slotOf(step);
      loss += this.reals[slot];
      gradientNorm += this.reals[slot + 1];
    }
    return { loss: loss / (end - start), gradientNorm: gradientNorm / (end - start) };
  }
}
