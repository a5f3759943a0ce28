/**
 * Unicode normalisation of a text that comes in pieces, equal to normalising it whole.
 *
 * Normalisation reorders and composes characters with what stands before them, so a piece may only be
 * cut before a boundary: a character that neither moves before an earlier one nor composes with it. The text after
 * the last boundary is held back until more text, or the end, has come.
 */
import { symbolsOf, textOf } from './code-points.js';
import type { NormalForm } from './unit.js';

/**
 * Max number of characters that are held back, in UTF-16 units. A longer run without a normalisation boundary
 * consists of combining marks alone, some 65,000 on one letter; it is cut there, and the result may differ from that
 * of normalising the whole text.
 */
export const maxRunLength = 0x10000;

/**
 * Matches characters that can join the character before them: marks; the vowels and final consonants of Hangul, and
 * the vowels of Kirat Rai, which are letters; and unassigned code points, which may become such characters. A test
 * compares this with every composition of Unicode.
 */
const joins = /^[\p{M}\p{Cn}\u{1160}-\u{11ff}\u{16d40}-\u{16d7f}]/u;

/** Whether normalising the text before this character and the text from it onwards separately gives the same result. */
export function isBoundary(codePoint: number, form: NormalForm): boolean {
  if (codePoint < 0x80) return true;
  const decomposed = form === 'nfc' || form === 'nfd' ? 'NFD' : 'NFKD';
  return !joins.test(String.fromCodePoint(codePoint).normalize(decomposed));
}

export class Normalizer {
  private held = '';
  private symbols = new Uint32Array(0);

  constructor(private readonly form: NormalForm) {}

  /** @returns the code points that later text can no longer change; the array is valid until the next call */
  push(symbols: Uint32Array): Uint32Array {
    const text = this.held + textOf(symbols);
    const end = this.lastBoundary(text);
    this.held = text.slice(end);
    return this.normal(text.slice(0, end));
  }

  /**
   * Ends the text.
   * @returns the code points that were held back
   */
  end(): Uint32Array {
    const rest = this.held;
    this.held = '';
    return this.normal(rest);
  }

  private normal(text: string): Uint32Array {
    const result = text.normalize(this.form.toUpperCase());
    // the normal form of a text can be up to 18 times as long
    if (this.symbols.length < result.length) this.symbols = new Uint32Array(result.length * 2);
    return symbolsOf(result, this.symbols);
  }

  private lastBoundary(text: string): number {
    let i = text.length;
    while (i > 0 && text.length - i < maxRunLength) {
      i -= isLowSurrogate(text.charCodeAt(i - 1)) ? 2 : 1;
      if (isBoundary(text.codePointAt(i) as number, this.form)) return i;
    }
    return i > 0 ? text.length : 0;
  }
}

function isLowSurrogate(unit: number): boolean {
  return unit >= 0xdc00 && unit <= 0xdfff;
}
