/**
 * Decodes the bytes of a file into symbols (code points or bytes), and converts line ends and Unicode normal form as
 * the options ask. It works piece by piece, and the result does not depend on where the pieces are cut.
 */
import { LineEnds } from './line-ends.js';
import { Normalizer } from './normalize.js';
import type { InvalidAction } from './reading-options.js';
import type { TextOptions } from './unit.js';
import { Utf8Decoder } from './utf8.js';

const none = new Uint32Array(0);

/**
 * Decodes one file.
 *
 * With unit `char` it decodes UTF-8, skips a byte-order mark at the start, then converts line ends and normalises. With
 * unit `byte` it keeps the bytes as they are, except for line ends; `normalize` has no effect.
 */
export class TextDecoding {
  private readonly utf8: Utf8Decoder | undefined;
  private readonly lineEnds: LineEnds | undefined;
  private readonly normalizer: Normalizer | undefined;
  private symbols = none;

  /**
   * @param name the file, as messages show it
   * @param invalid how invalid bytes are treated, with unit `char`
   */
  constructor({ unit, normalize, keepCr }: TextOptions, name: string, invalid?: InvalidAction) {
    if (unit === 'char') this.utf8 = new Utf8Decoder(name, invalid);
    if (!keepCr) this.lineEnds = new LineEnds();
    if (unit === 'char' && normalize !== undefined) this.normalizer = new Normalizer(normalize);
  }

  /**
   * @param bytes the next bytes of the file, cut anywhere
   * @returns the symbols that these bytes complete; the caller may overwrite them, and they are valid until the next
   * call
   * @throws InvalidTextError with the byte position of invalid UTF-8, if that is to be an error
   */
  push(bytes: Uint8Array): Uint32Array {
    if (this.symbols.length <= bytes.length) this.symbols = new Uint32Array(bytes.length + 1);
    const { symbols } = this;
    let count = bytes.length;
    if (this.utf8 === undefined) symbols.set(bytes);
    else count = this.utf8.push(bytes, symbols);
    if (this.lineEnds !== undefined) count = this.lineEnds.fold(symbols, count);
    const piece = symbols.subarray(0, count);
    return this.normalizer === undefined ? piece : this.normalizer.push(piece);
  }

  /**
   * @returns the last symbols of the file
   * @throws InvalidTextError if the file ends in the middle of a character, and that is to be an error
   */
  end(): Uint32Array {
    const last = new Uint32Array(1);
    const count = this.utf8?.end(last) ?? 0;
    if (this.normalizer === undefined) return count > 0 ? last : none;
    if (count === 0) return this.normalizer.end();
    const before = this.normalizer.push(last).slice();
    const after = this.normalizer.end();
    return Uint32Array.from([...before, ...after]);
  }
}

/** Normalises a string, such as a prompt, as a corpus is normalised. */
export function prepareText(text: string, { unit, normalize, keepCr }: TextOptions): string {
  const lines = keepCr ? text : text.replace(/\r\n?/g, '\n');
  return unit === 'char' && normalize ? lines.normalize(normalize.toUpperCase()) : lines;
}
