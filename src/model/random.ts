/** Seeded random numbers: the same seed gives the same stream on every machine. */

/** Bob Jenkins' small fast counting generator (sfc32): 128 bits of state, period at least 2^32. */
export class Random {
  private a: number;
  private b: number;
  private c: number;
  private counter: number;

  /**
   * @param seed any integer up to 2^53
   * @param stream different numbers give independent streams for the same seed
   */
  constructor(seed: number, stream = 0) {
    this.a = seed | 0;
    this.b = Math.floor(seed / 2 ** 32) | 0;
    this.c = stream | 0;
    this.counter = 1;
    // the first outputs are still correlated with the seed
    for (let i = 0; i < 15; i++) this.bits();
  }

  /** 32 random bits, as an integer from 0 to 2^32 - 1. */
  bits(): number {
    const sum = (this.a + this.b + this.counter) | 0;
    this.counter = (this.counter + 1) | 0;
    this.a = this.b ^ (this.b >>> 9);
    this.b = (this.c + (this.c << 3)) | 0;
    this.c = (((this.c << 21) | (this.c >>> 11)) + sum) | 0;
    return sum >>> 0;
  }

  /** Returns a uniform number in [0, 1) with 53 random bits. */
  uniform(): number {
    return ((this.bits() >>> 5) * 2 ** 26 + (this.bits() >>> 6)) * 2 ** -53;
  }

  /** Returns a standard normal number (Box & Muller 1958). */
  normal(): number {
    const radius = Math.sqrt(-2 * Math.log(1 - this.uniform()));
    return radius * Math.cos(2 * Math.PI * this.uniform());
  }
}

/** Two 32-bit words that depend on all the numbers given: a key for a dropout mask. */
export function randomKey(seed: number, step: number, site: number): [number, number] {
  const random = new Random(seed, Math.imul(step, 0x9e3779b1) ^ Math.imul(site + 1, 0x85ebca6b));
  return [random.bits() | 0, random.bits() | 0];
}
