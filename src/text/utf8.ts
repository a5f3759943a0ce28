/** UTF-8 to code points, a piece at a time, with the exact place of the first fault. */
import { CharnnError } from '../errors.js';

const byteOrderMark = 0xfeff;

/**
 * Decodes one file. Unlike TextDecoder it knows where in the file it is, so that an error can say which
 * byte is wrong, and it gives code points, which is what a vocabulary numbers.
 */
export class Utf8Decoder {
  /** Bytes of the file before the current piece */
  private offset = 0;
  /** Where in the file the current sequence began, and its first byte */
  private start = 0;
  private lead = 0;
  /** Continuation bytes that the current sequence still needs, and its bits so far */
  private needed = 0;
  private bits = 0;
  /** What its next byte may be: narrower than 80–BF after E0, ED, F0 and F4 */
  private least = 0x80;
  private most = 0xbf;
  private atStart = true;

  /** @param name the file, as messages show it */
  constructor(private readonly name: string) {}

  /**
   * @param bytes the next bytes of the file, cut anywhere
   * @param into room for as many code points as there are bytes
   * @returns how many code points were written
   * @throws CharnnError at the first byte sequence that is not UTF-8
   */
  push(bytes: Uint8Array, into: Uint32Array): number {
    let { needed, bits } = this;
    let count = 0;
    for (let i = 0; i < bytes.length; i++) {
      const byte = bytes[i];
      if (needed === 0 && byte < 0x80) {
        into[count++] = byte;
      } else if (needed === 0) {
        this.start = this.offset + i;
        this.lead = byte;
        needed = this.begin(byte);
        bits = byte & (0x3f >> needed);
      } else {
        if (byte < this.least || byte > this.most) this.fail('is not valid UTF-8');
        this.least = 0x80;
        this.most = 0xbf;
        bits = (bits << 6) | (byte & 0x3f);
        if (--needed === 0) into[count++] = bits;
      }
    }
    this.needed = needed;
    this.bits = bits;
    this.offset += bytes.length;
    return this.atStart ? this.dropByteOrderMark(into, count) : count;
  }

  /** @throws CharnnError if the file stops inside a character */
  end(): void {
    if (this.needed > 0) this.fail('ends inside a UTF-8 character');
  }

  /** How many bytes follow this first byte of a longer sequence. */
  private begin(byte: number): number {
    if (byte >= 0xc2 && byte <= 0xdf) return 1;
    if (byte >= 0xe0 && byte <= 0xef) {
      // neither forms longer than needed nor surrogates
      if (byte === 0xe0) this.least = 0xa0;
      if (byte === 0xed) this.most = 0x9f;
      return 2;
    }
    if (byte >= 0xf0 && byte <= 0xf4) {
      // and nothing above U+10FFFF
      if (byte === 0xf0) this.least = 0x90;
      if (byte === 0xf4) this.most = 0x8f;
      return 3;
    }
    return this.fail('is not valid UTF-8');
  }

  private dropByteOrderMark(into: Uint32Array, count: number): number {
    if (count === 0) return 0;
    this.atStart = false;
    if (into[0] !== byteOrderMark) return count;
    into.copyWithin(0, 1, count);
    return count - 1;
  }

  private fail(what: string): never {
    const { name, start, lead } = this;
    // the byte order marks of UTF-16 begin with bytes that UTF-8 does not have
    const utf16 = start === 0 && lead >= 0xfe;
    const from = utf16 ? 'UTF-16' : 'WINDOWS-1252';
    const place = `${name} ${what} at byte ${start} (0x${lead.toString(16)})`;
    throw new CharnnError(
      `${place}: convert it, for example with iconv -f ${from} -t UTF-8, or read it as it is with --unit byte`,
    );
  }
}
