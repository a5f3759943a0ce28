/**
 * The words of shared memory by which the replicas keep in step, and the main thread looks on.
 */

/** Where a word stands in the integer half. */
const word = { generation: 0, waiting: 1, broken: 2, stop: 3, decision: 4, step: 5 } as const;
const words = 16;

/** What has been added up since the last validation, in the order of the steps. */
export interface Tally {
  readonly steps: number;
  readonly loss: number;
  readonly gradientNorm: number;
  readonly clipped: number;
}

/** Latest steps whose loss the main thread can look up. */
const ringSteps = 256;
/** Turns of a waiting loop before the thread sleeps: some tens of microseconds. */
const spins = 2000;
/** A sleeping thread looks up this often whether another has failed. */
const patienceMs = 1000;

/** What the other replicas meet when one has failed: a consequence, whose cause is told by that one. */
export class BrokenBarrier extends Error {}

export class Control {
  private readonly integers: Int32Array;
  private readonly reals: Float64Array;

  constructor(
    readonly replicas: number,
    readonly memory: SharedArrayBuffer = new SharedArrayBuffer(
      words * 4 + (2 * replicas + 4 + 2 * ringSteps) * 8,
    ),
  ) {
    this.integers = new Int32Array(memory, 0, words);
    this.reals = new Float64Array(memory, words * 4);
  }

  // --- the barrier ---

  /**
   * Returns when all replicas have come here. Spins shortly, then sleeps: on a busy machine spinning
   * would take the processor from the very thread that is waited for.
   * @throws BrokenBarrier when another replica has failed
   */
  barrier(): void {
    if (this.replicas === 1) return;
    const w = this.integers;
    const generation = Atomics.load(w, word.generation);
    if (Atomics.add(w, word.waiting, 1) === this.replicas - 1) {
      Atomics.store(w, word.waiting, 0);
      Atomics.add(w, word.generation, 1);
      Atomics.notify(w, word.generation);
    } else {
      for (let i = 0; i < spins; i++) {
        if (Atomics.load(w, word.generation) !== generation) break;
      }
      while (Atomics.load(w, word.generation) === generation && !this.broken) {
        Atomics.wait(w, word.generation, generation, patienceMs);
      }
    }
    if (this.broken) throw new BrokenBarrier();
  }

  /** Lets no replica wait for one that has failed. */
  breakBarrier(): void {
    Atomics.store(this.integers, word.broken, 1);
    Atomics.add(this.integers, word.generation, 1);
    Atomics.notify(this.integers, word.generation);
  }

  get broken(): boolean {
    return Atomics.load(this.integers, word.broken) === 1;
  }

  // --- stopping: asked by the main thread at any time, decided by replica 0 between two barriers ---

  requestStop(): void {
    Atomics.store(this.integers, word.stop, 1);
  }

  clearStop(): void {
    Atomics.store(this.integers, word.stop, 0);
    Atomics.store(this.integers, word.decision, 0);
  }

  get stopRequested(): boolean {
    return Atomics.load(this.integers, word.stop) === 1;
  }

  /** Replica 0 makes the request binding for this step, so that all stop after the same one. */
  decide(): void {
    Atomics.store(this.integers, word.decision, Atomics.load(this.integers, word.stop));
  }

  get decidedToStop(): boolean {
    return Atomics.load(this.integers, word.decision) === 1;
  }

  // --- partial sums, one of each a replica ---

  setLossSum(replica: number, value: number): void {
    this.reals[replica] = value;
  }

  setSquareSum(replica: number, value: number): void {
    this.reals[this.replicas + replica] = value;
  }

  /** Σ over the replicas, always in their order. */
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

  // --- what replica 0 reports ---

  private get tallyStart(): number {
    return 2 * this.replicas;
  }

  record(step: number, loss: number, gradientNorm: number, clipped: boolean): void {
    const at = this.tallyStart;
    this.reals[at] += 1;
    this.reals[at + 1] += loss;
    this.reals[at + 2] += gradientNorm;
    this.reals[at + 3] += clipped ? 1 : 0;
    const slot = at + 4 + 2 * (step % ringSteps);
    this.reals[slot] = loss;
    this.reals[slot + 1] = gradientNorm;
    Atomics.store(this.integers, word.step, step + 1);
  }

  get tally(): Tally {
    const at = this.tallyStart;
    const [steps, loss, gradientNorm, clipped] = this.reals.subarray(at, at + 4);
    return { steps, loss, gradientNorm, clipped };
  }

  set tally({ steps, loss, gradientNorm, clipped }: Tally) {
    this.reals.set([steps, loss, gradientNorm, clipped], this.tallyStart);
  }

  /** Steps done, as of now. */
  get step(): number {
    return Atomics.load(this.integers, word.step);
  }

  set step(step: number) {
    Atomics.store(this.integers, word.step, step);
  }

  /** Mean loss and gradient norm of the latest steps, at most `most`, not before step `first`. */
  recent(first: number, most: number): { loss: number; gradientNorm: number } | undefined {
    const end = this.step;
    const start = Math.max(first, end - Math.min(most, ringSteps));
    if (start >= end) return undefined;
    let loss = 0;
    let gradientNorm = 0;
    for (let step = start; step < end; step++) {
      const slot = this.tallyStart + 4 + 2 * (step % ringSteps);
      loss += this.reals[slot];
      gradientNorm += this.reals[slot + 1];
    }
    return { loss: loss / (end - start), gradientNorm: gradientNorm / (end - start) };
  }
}
