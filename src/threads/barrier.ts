/** A barrier for threads that share memory. */

/** Number of words of shared memory that a barrier takes */
export const barrierWords = 3;
const word = { generation: 0, waiting: 1, broken: 2 } as const;

/** Number of turns of a waiting loop before the thread sleeps: about 0.1 ms, and some microseconds if waits are long */
const [longSpin, shortSpin] = [20_000, 1000];
/** Milliseconds of a wait from which it counts as long */
const longWaitMs = 0.5;
/** Number of short waits after a long one before waits are expected to be short again */
const calmWaits = 16;
/** Milliseconds after which a sleeping thread checks whether another one has failed */
const patienceMs = 1000;

/** The error that other threads get at a barrier when one thread has failed, whose own error tells the cause */
export class BrokenBarrier extends Error {}

export class Barrier {
  /** Number of short waits since the last long one */
  private shortWaits = calmWaits;

  /**
   * @param parties number of threads that meet at the barrier
   * @param words `barrierWords` words of shared memory, the same for all threads, initially 0
   */
  constructor(
    private readonly parties: number,
    private readonly words: Int32Array,
  ) {}

  /**
   * Waits until all parties have called this function. It spins for a short time and then sleeps. To wake a sleeping
   * thread takes longer than most waits of a small network, but on a busy machine spinning keeps the processor from the
   * very thread that everyone is waiting for. There, and with large networks, waits are long, so that for a while
   * after a long one it hardly spins.
   * @throws BrokenBarrier when another party has failed
   */
  wait(): void {
    if (this.parties === 1) return;
    const { words } = this;
    const generation = Atomics.load(words, word.generation);
    if (Atomics.add(words, word.waiting, 1) === this.parties - 1) {
      Atomics.store(words, word.waiting, 0);
      Atomics.add(words, word.generation, 1);
      Atomics.notify(words, word.generation);
    } else {
      let left = this.shortWaits < calmWaits ? shortSpin : longSpin;
      while (left > 0 && Atomics.load(words, word.generation) === generation) left--;
      const isLong = left === 0 && this.sleep(generation) > longWaitMs;
      this.shortWaits = isLong ? 0 : this.shortWaits + 1;
    }
    if (this.isBroken) throw new BrokenBarrier();
  }

  /** @returns the milliseconds until all parties had come */
  private sleep(generation: number): number {
    const { words } = this;
    const start = performance.now();
    while (Atomics.load(words, word.generation) === generation && !this.isBroken) {
      Atomics.wait(words, word.generation, generation, patienceMs);
    }
    return performance.now() - start;
  }

  /** Releases all threads that wait for one which has failed; the barrier cannot be used afterwards. */
  break(): void {
    Atomics.store(this.words, word.broken, 1);
    Atomics.add(this.words, word.generation, 1);
    Atomics.notify(this.words, word.generation);
  }

  get isBroken(): boolean {
    return Atomics.load(this.words, word.broken) === 1;
  }
}
