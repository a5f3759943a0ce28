/** Decodes UTF-8 to code points, a piece at a time, and finds the exact position of the first invalid byte. */
import buffer from 'node:buffer';
import { textOf } from './code-points.js';
import { type InvalidAction, InvalidTextError } from './reading-options.js';

const byteOrderMark = 0xfeff;
const replacementCharacter = 0xfffd;

/**
 * Decodes one file. Unlike TextDecoder it counts bytes, so that an error can say which byte is wrong, and it returns
 * code points, which are what a vocabulary numbers.
 */
export class Utf8Decoder {
  /** Number of bytes of the file before the current piece */
  private offset = 0;
  /** The position in the file at which the current sequence began, and its first byte */
  private start = 0;
  private lead = 0;
  /** Number of continuation bytes that the current sequence still needs, and the bits of its code point so far */
  private needed = 0;
  private bits = 0;
  /** The allowed range of the next byte, which is narrower than 80–BF after E0, ED, F0 and F4 */
  private min = 0x80;
  private max = 0xbf;

  /**
   * @param name the file, as messages show it
   * @param invalid how invalid bytes are treated; they are replaced as the Unicode Standard and the WHATWG Encoding
   * Standard ask, by one U+FFFD for each longest prefix of a character
   */
  constructor(
    private readonly name: string,
    private readonly invalid: InvalidAction = 'error',
    /** Whether a byte-order mark may come next, which is then skipped */
    private atStart = true,
  ) {}

  /**
   * @param bytes the next bytes of the file, cut anywhere
   * @param into has room for one code point more than there are bytes
   * @returns how many code points were written
   * @throws InvalidTextError at the first sequence that is not valid UTF-8, if that is to be an error
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
          // a byte that does not continue the sequence may begin the next character, so it is read again
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
   * @param into has room for one code point
   * @returns how many were written: one if the file ends in the middle of a character and invalid bytes are replaced
   * @throws InvalidTextError if the file ends in the middle of a character, and that is to be an error
   */
  end(into: Uint32Array): number {
    if (this.needed === 0) return 0;
    if (this.invalid === 'error') this.fail('ends inside a UTF-8 character');
    this.needed = 0;
    if (this.invalid === 'skip') return 0;
    into[0] = replacementCharacter;
    return 1;
  }

  /** The number of bytes that follow this first byte of a multi-byte sequence; 0 if it cannot begin one */
  private begin(byte: number): number {
    if (byte >= 0xc2 && byte <= 0xdf) return 1;
    if (byte >= 0xe0 && byte <= 0xef) {
      // rules out overlong forms after the byte E0, and surrogates after ED
      if (byte === 0xe0) this.min = 0xa0;
      if (byte === 0xed) this.max = 0x9f;
      return 2;
    }
    if (byte >= 0xf0 && byte <= 0xf4) {
      // rules out overlong forms after the byte F0, and code points above U+10FFFF after F4
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
 * A short text as valid UTF-8: the same bytes if they are valid, otherwise with invalid bytes replaced or removed.
 * @param where names the text in messages; bytes are counted from its beginning
 * @throws InvalidTextError for invalid bytes, if they are to be an error
 */
export function validUtf8(bytes: Buffer, invalid: InvalidAction, where: string): Buffer {
  if (buffer.isUtf8(bytes)) return bytes;
  const decoder = new Utf8Decoder(where, invalid, false);
  const symbols = new Uint32Array(bytes.length + 2);
  const count = decoder.push(bytes, symbols);
  const last = decoder.end(symbols.subarray(count));
  return Buffer.from(textOf(symbols.subarray(0, count + last)));
}
