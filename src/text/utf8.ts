/** UTF-8 to code points, a piece at a time, with the exact place of the first fault. */
import buffer from 'node:buffer';
import { textOf } from './code-points.js';
import { type InvalidAction, InvalidTextError } from './reading-options.js';

const byteOrderMark = 0xfeff;
const replacementCharacter = 0xfffd;

/**
 * Decodes one file. Unlike TextDecoder it knows where in the file it is, so that an error can say which
 * byte is wrong, and it gives code points, which is what a vocabulary numbers.
 */
export class Utf8Decoder {
  /** Number of bytes of the file before the current piece */
  private offset = 0;
  /** The place in the file at which the current sequence began, and its first byte */
  private start = 0;
  private lead = 0;
  /** Continuation bytes that the current sequence still needs, and its bits so far */
  private needed = 0;
  private bits = 0;
  /** The range of the next byte, which is narrower than 80–BF after E0, ED, F0 and F4 */
  private min = 0x80;
  private max = 0xbf;

  /**
   * @param name the file, as messages show it
   * @param invalid what becomes of bytes that are no character; replaced as the Unicode Standard and the
   * WHATWG Encoding Standard do, one U+FFFD for each longest start of a character
   */
  constructor(
    private readonly name: string,
    private readonly invalid: InvalidAction = 'error',
    /** Whether a byte-order mark may come, which is left out */
    private atStart = true,
  ) {}

  /**
   * @param bytes the next bytes of the file, cut anywhere
   * @param into room for one code point more than there are bytes
   * @returns how many code points were written
   * @throws InvalidTextError at the first byte sequence that is not UTF-8, if that is an error
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
        if (needed === 0 && this.invalid === 'replace') into[count++] = replacementCharacter;
      } else {
        const fits = byte >= this.min && byte <= this.max;
        this.min = 0x80;
        this.max = 0xbf;
        if (!fits) {
          if (this.invalid === 'error') this.fail(invalidFault);
          if (this.invalid === 'replace') into[count++] = replacementCharacter;
          needed = 0;
          // this byte may begin the next character
          i--;
          continue;
        }
        bits = (bits << 6) | (byte & 0x3f);
        if (--needed === 0) into[count++] = bits;
      }
    }
    this.needed = needed;
    this.bits = bits;
    this.offset += bytes.length;
    return this.atStart ? this.dropByteOrderMark(into, count) : count;
  }

  /**
   * @param into room for one code point
   * @returns how many were written: one for a character that is cut off, if such are replaced
   * @throws InvalidTextError if the file stops inside a character, and that is an error
   */
  end(into: Uint32Array): number {
    if (this.needed === 0) return 0;
    if (this.invalid === 'error') this.fail('ends inside a UTF-8 character');
    this.needed = 0;
    if (this.invalid === 'skip') return 0;
    into[0] = replacementCharacter;
    return 1;
  }

  /** The number of bytes that follow this first byte of a longer sequence; 0 if no character begins with it */
  private begin(byte: number): number {
    if (byte >= 0xc2 && byte <= 0xdf) return 1;
    if (byte >= 0xe0 && byte <= 0xef) {
      // neither forms longer than needed nor surrogates
      if (byte === 0xe0) this.min = 0xa0;
      if (byte === 0xed) this.max = 0x9f;
      return 2;
    }
    if (byte >= 0xf0 && byte <= 0xf4) {
      // and nothing above U+10FFFF
      if (byte === 0xf0) this.min = 0x90;
      if (byte === 0xf4) this.max = 0x8f;
      return 3;
    }
    return this.invalid === 'error' ? this.fail(invalidFault) : 0;
  }

  private dropByteOrderMark(into: Uint32Array, count: number): number {
    if (count === 0) return 0;
    this.atStart = false;
    if (into[0] !== byteOrderMark) return count;
    into.copyWithin(0, 1, count);
    return count - 1;
  }

  private fail(fault: string): never {
    throw new InvalidTextError(this.name, fault, this.start, this.lead);
  }
}

const invalidFault = 'is not valid UTF-8';

/**
 * A short text in UTF-8: as it is where it is valid, else with its faults replaced or left out.
 * @param where names the text in messages; bytes are counted from its beginning
 * @throws InvalidTextError if a fault is an error
 */
export function validUtf8(bytes: Buffer, invalid: InvalidAction, where: string): Buffer {
  if (buffer.isUtf8(bytes)) return bytes;
  const decoder = new Utf8Decoder(where, invalid, false);
  const symbols = new Uint32Array(bytes.length + 2);
  const count = decoder.push(bytes, symbols);
  const last = decoder.end(symbols.subarray(count));
  return Buffer.from(textOf(symbols.subarray(0, count + last)));
}
