/**
 * Range coding (Martin 1979): each symbol narrows a range in proportion to its frequency, and bytes that later symbols
 * can no longer change are written. All numbers are integers below 2^53, so that double arithmetic is exact and the
 * same everywhere. A carry could run back through any number of bytes of value 255; therefore the last other byte is
 * held back, and the 255s that follow it are only counted.
 */

import { CharnnError } from '../errors.js';

/** The message for coded bytes that end before all symbols are decoded */
export const endsEarly =
  'the compressed data ends before its content is complete: it is damaged or cut off';

const whole = 2 ** 48;
const byteStep = 2 ** 40;
/** Number of bytes in the encoder's `low` and the decoder's `code` */
const stateBytes = 6;
/** Max sum of frequencies; the range always stays at least as large. */
export const maxTotal = byteStep;

export class RangeEncoder {
  private bytes = new Uint8Array(1 << 12);
  private length = 0;
  private low = 0;
  private range = whole - 1;
  /** The last byte that a carry may still change; -1 before the first */
  private held = -1;
  /** Number of bytes of value 255 that follow `held` */
  private ones = 0;

  /** @param isTrimmed whether zeros at the end are left out, which the decoder adds again */
  constructor(private readonly isTrimmed = false) {}

  /**
   * @param before sum of the frequencies of the symbols before this one
   * @param total sum of all frequencies, at most `maxTotal`
   */
  encode(before: number, frequency: number, total: number): void {
    const unit = Math.floor(this.range / total);
    this.low += unit * before;
    this.range = unit * frequency;
    while (this.range < byteStep) this.shift();
  }

  /** Writes the last bytes and returns all of them; nothing can be encoded afterwards. */
  finish(): Uint8Array {
    const zeros = this.isTrimmed ? this.takeRoundest() : 0;
    for (let i = 0; i < 7; i++) this.shift();
    return this.bytes.slice(0, this.length - zeros);
  }

  /**
   * Chooses the number within the range that ends with the most zero bytes.
   * @returns the number of these zero bytes
   */
  private takeRoundest(): number {
    const { low, range } = this;
    for (let zeros = stateBytes; ; zeros--) {
      const step = 2 ** (8 * zeros);
      const rounded = Math.ceil(low / step) * step;
      if (rounded < low + range || zeros === 0) {
        this.low = rounded;
        return zeros;
      }
    }
  }

  private shift(): void {
    const carry = this.low >= whole ? 1 : 0;
    const low = this.low - carry * whole;
    const top = Math.floor(low / byteStep);
    if (top < 255 || carry === 1) {
      if (this.held >= 0) this.push(this.held + carry);
      for (; this.ones > 0; this.ones--) this.push((255 + carry) & 255);
      this.held = top;
    } else {
      this.ones++;
    }
    this.low = (low - top * byteStep) * 256;
    this.range *= 256;
  }

  private push(byte: number): void {
    if (this.length === this.bytes.length) {
      const larger = new Uint8Array(2 * this.length);
      larger.set(this.bytes);
      this.bytes = larger;
    }
    this.bytes[this.length++] = byte;
  }
}

export class RangeDecoder {
  private at = 0;
  private code = 0;
  private range = whole - 1;
  /** Where the coded bytes would end if they still had all the zeros that may have been left out at their end */
  private readonly end: number;

  /** @param isTrimmed whether zeros at the end of the bytes may have been left out */
  constructor(
    private readonly bytes: Uint8Array,
    isTrimmed = false,
  ) {
    this.end = bytes.length + (isTrimmed ? stateBytes : 0);
    for (let i = 0; i < stateBytes; i++) this.code = this.code * 256 + this.next();
  }

  /**
   * The number that the decoder has read, scaled from the present range to 0 … `total` - 1; it lies within the share of
   * the frequencies that belongs to the next symbol.
   */
  target(total: number): number {
    return Math.min(total - 1, Math.floor(this.code / Math.floor(this.range / total)));
  }

  /**
   * Advances past a symbol, as the encoder did.
   * @param before sum of the frequencies of the symbols before it
   */
  decode(before: number, frequency: number, total: number): void {
    const unit = Math.floor(this.range / total);
    this.code -= unit * before;
    this.range = unit * frequency;
    while (this.range < byteStep) {
      this.code = this.code * 256 + this.next();
      this.range *= 256;
    }
  }

  /**
   * The next byte. The encoder writes exactly as many bytes as the decoder reads, so data that end sooner are damaged.
   */
  private next(): number {
    if (this.at >= this.end) throw new CharnnError(endsEarly);
    const at = this.at++;
    return at < this.bytes.length ? this.bytes[at] : 0;
  }
}
