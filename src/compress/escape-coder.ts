/**
 * Codes symbols that the model does not know bit by bit, where the probability of each bit is learned from earlier
 * ones.
 */
import type { RangeDecoder, RangeEncoder } from './range-coder.js';

/**
 * Number of bits of a symbol: code points, and the numbers of bytes that are not text (`symbols.ts`), are below 2^21.
 */
const bits = 21;
const total = 1 << 16;
/** Adaptation rate: after each bit its probability moves towards the bit by 2^-rate of the distance. */
const rate = 4;

export class EscapeCoder {
  /**
   * The probability that the next bit of a symbol is 0, by the bits that precede it; the key is the binary number of a
   * leading 1 and these bits.
   */
  private readonly zero = new Map<number, number>();

  encode(symbol: number, encoder: RangeEncoder): void {
    this.walk((probability, place) => {
      const bit = (symbol >> place) & 1;
      if (bit === 0) encoder.encode(0, probability, total);
      else encoder.encode(probability, total - probability, total);
      return bit;
    });
  }

  decode(decoder: RangeDecoder): number {
    return this.walk((probability) => {
      const bit = decoder.target(total) < probability ? 0 : 1;
      if (bit === 0) decoder.decode(0, probability, total);
      else decoder.decode(probability, total - probability, total);
      return bit;
    });
  }

  private walk(code: (probability: number, place: number) => number): number {
    let prefix = 1;
    for (let place = bits - 1; place >= 0; place--) {
      const probability = this.zero.get(prefix) ?? total / 2;
      const bit = code(probability, place);
      const moved = bit === 0 ? (total - probability) >> rate : -(probability >> rate);
      // neither value of a bit may become impossible
      this.zero.set(prefix, Math.max(32, Math.min(total - 32, probability + moved)));
      prefix = prefix * 2 + bit;
    }
    return prefix - (1 << bits);
  }
}
