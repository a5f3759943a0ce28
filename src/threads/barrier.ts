/** A barrier for threads that share memory. */

/** Number of words of shared memory that a barrier takes */
export const barrierWords = 3;
const word = { generation: 0, waiting: 1, broken: 2 } as const;

/** Number of turns of a waiting loop before the thread sleeps, which take some tens of microseconds */
const spins = 2000;
/** Milliseconds after which a sleeping thread checks whether another one has failed */
const patienceMs = 1000;

/** The error that other threads get at a barrier when one thread has failed, whose own error tells the cause */
export class BrokenBarrier extends Error {}

export class Barrier {
  /**
   * @param parties number of threads that meet at the barrier
   * @param words `barrierWords` words of shared memory, the same for all threads, initially 0
   */
  constructor(
    private readonly parties: number,
    private readonly words: Int32Array,
  ) {}

  /**
   * Waits until all parties have called this function. It spins for a short time and then sleeps: on a busy machine,
   * spinning would keep the processor from the very thread that everyone is waiting for.
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
      for (let i = 0; i < spins; i++) {
        if (Atomics.load(words, word.generation) !== generation) break;
      }
      while (Atomics.load(words, word.generation) === generation && !this.isBroken) {
        Atomics.wait(words, word.generation, generation, patienceMs);
      }
    }
    if (this.isBroken) throw new BrokenBarrier();
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
