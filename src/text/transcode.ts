/** Converts texts in other encodings to UTF-8 while they are read. */
import { optionName } from '../errors.js';
import { type InvalidAction, InvalidTextError } from './reading-options.js';

/** Number of bytes that are decoded at a time */
const pieceBytes = 1 << 16;
const replacement = '\ufffd';

/**
 * @param encoding a canonical name of `encodingNamed`, not UTF-8
 * @param name the file, as messages show it
 * @returns UTF-8, including a byte-order mark if the text begins with one
 * @throws InvalidTextError for invalid bytes, if they are to be an error
 */
export async function* transcoded(
  pieces: AsyncIterable<Uint8Array>,
  encoding: string,
  invalid: InvalidAction,
  name: string,
): AsyncGenerator<Uint8Array, void, void> {
  const isUtf16 = encoding === 'utf-16le' || encoding === 'utf-16be';
  const decoder = isUtf16
    ? new Utf16Decoding(encoding === 'utf-16be', invalid, name)
    : new LegacyDecoding(encoding, invalid, name);
  for await (const piece of pieces) {
    for (let from = 0; from < piece.length; from += pieceBytes) {
      yield Buffer.from(decoder.push(piece.subarray(from, from + pieceBytes)));
    }
  }
  yield Buffer.from(decoder.end());
}

const loneSurrogates = /\p{Surrogate}/gu;

/** Decodes UTF-16, and finds the exact position of an unpaired surrogate. */
class Utf16Decoding {
  /** The first bytes of a code unit or surrogate pair that is not complete yet */
  private rest = Buffer.alloc(0);
  private offset = 0;

  constructor(
    private readonly bigEndian: boolean,
    private readonly invalid: InvalidAction,
    private readonly name: string,
  ) {}

  push(piece: Uint8Array): string {
    const bytes = Buffer.concat([this.rest, piece]);
    let whole = bytes.length & ~1;
    if (whole > 0) {
      const high = bytes[whole - (this.bigEndian ? 2 : 1)];
      if (high >= 0xd8 && high <= 0xdb) whole -= 2;
    }
    this.rest = Buffer.from(bytes.subarray(whole));
    const text = this.decoded(bytes.subarray(0, whole));
    this.offset += whole;
    return text;
  }

  end(): string {
    if (this.rest.length === 0) return '';
    if (this.invalid === 'error') this.fail('ends inside a UTF-16 character', 0, this.rest[0]);
    return this.invalid === 'replace' ? replacement : '';
  }

  private decoded(bytes: Buffer): string {
    if (this.bigEndian) bytes.swap16();
    const text = bytes.toString('utf16le');
    return text.replace(loneSurrogates, (surrogate, at: number) => {
      if (this.invalid !== 'error') return this.invalid === 'replace' ? replacement : '';
      const unit = surrogate.charCodeAt(0);
      const byte = this.bigEndian ? unit >> 8 : unit & 0xff;
      return this.fail('is not valid UTF-16', 2 * at, byte);
    });
  }

  private fail(fault: string, at: number, byte: number): never {
    const advice = `give ${optionName('invalid', 'replace')} or ${optionName('invalid', 'skip')}, or name the right encoding with ${optionName('encoding')}`;
    throw new InvalidTextError(this.name, fault, this.offset + at, byte, { advice });
  }
}

const lineFeed = 0x0a;

/** Decodes encodings other than UTF-8 and UTF-16, by means of TextDecoder. */
class LegacyDecoding {
  private strict: InstanceType<typeof TextDecoder>;
  /** Bytes since the last line end; whole lines are decoded at once, so that an error can be located */
  private held = Buffer.alloc(0);
  private offset = 0;

  constructor(
    private readonly encoding: string,
    private readonly invalid: InvalidAction,
    private readonly name: string,
  ) {
    this.strict = this.newDecoder();
  }

  push(piece: Uint8Array): string {
    const bytes = this.held.length > 0 ? Buffer.concat([this.held, piece]) : piece;
    // in every encoding but UTF-16, a line feed byte is always a line feed, never part of a longer character
    const end = bytes.lastIndexOf(lineFeed) + 1;
    if (end === 0 && bytes.length < maxHeldBytes) {
      this.held = Buffer.from(bytes);
      return '';
    }
    // a text without line ends is cut anywhere, and the decoder keeps the beginning of a character that is cut
    const cut = end === 0 ? bytes.length : end;
    this.held = Buffer.from(bytes.subarray(cut));
    return this.decoded(bytes.subarray(0, cut), false);
  }

  end(): string {
    const rest = this.held;
    this.held = Buffer.alloc(0);
    return this.decoded(rest, true);
  }

  private decoded(bytes: Uint8Array, isEnd: boolean): string {
    let text: string;
    try {
      text = this.strict.decode(bytes, { stream: true });
      if (isEnd) text += this.strict.decode();
    } catch {
      if (this.invalid === 'error') this.fail(bytes);
      // after an error, the decoder may still hold bytes of the faulty text, so a new one takes its place
      this.strict = this.newDecoder();
      text = decodedLeniently(bytes, this.encoding);
      if (this.invalid === 'skip') text = text.replaceAll(replacement, '');
    }
    this.offset += bytes.length;
    return text;
  }

  private newDecoder(): InstanceType<typeof TextDecoder> {
    return new TextDecoder(this.encoding, { fatal: true, ignoreBOM: true });
  }

  /** Finds the invalid byte by decoding byte by byte from the last line end. */
  private fail(bytes: Uint8Array): never {
    const decoder = this.newDecoder();
    let at = 0;
    try {
      while (at < bytes.length) {
        decoder.decode(bytes.subarray(at, at + 1), { stream: true });
        at++;
      }
      at = Math.max(0, bytes.length - 1);
    } catch {
      // the decoder refused the byte at this position; the fault is this byte, or begins one or two bytes before it
    }
    const fault = `is not valid ${this.encoding}`;
    const advice = `give ${optionName('invalid', 'replace')} or ${optionName('invalid', 'skip')}, or name the right encoding with ${optionName('encoding')}`;
    throw new InvalidTextError(this.name, fault, this.offset + at, bytes[at] ?? 0, { advice });
  }
}

/** Max number of bytes of an unfinished line that a decoder holds back until the line ends */
const maxHeldBytes = 1 << 20;

/**
 * Decodes a text in the given encoding, with U+FFFD in place of invalid bytes.
 *
 * It decodes as a stream, although the text is complete, because some versions of Node.js mistake the bytes 0x80 to
 * 0x9f of windows-1252 for control characters when they decode it at once.
 */
export function decodedLeniently(bytes: Uint8Array, encoding: string): string {
  const decoder = new TextDecoder(encoding, { ignoreBOM: true });
  return decoder.decode(bytes, { stream: true }) + decoder.decode();
}
