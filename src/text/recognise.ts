/** Recognises the kind of a file by its first bytes. */
import { optionName } from '../errors.js';
import { type Packing, signatures, zipKinds, zipMagics } from './signatures.js';

/** Number of bytes that are inspected, the same as grep and git inspect */
export const sniffedBytes = 8192;

export type FileKind =
  /** Text in UTF-8, or a file for which only decoding can show whether it is text */
  | { readonly kind: 'text'; readonly isMarked: boolean }
  /** Text in the encoding that its byte-order mark names */
  | { readonly kind: 'utf-16'; readonly encoding: 'utf-16le' | 'utf-16be' }
  | {
      readonly kind: 'packed';
      readonly packing: Packing;
      readonly what: string;
      readonly advice: string;
    }
  /** A file that is not taken for text: it is refused or, in a folder, skipped. */
  | {
      readonly kind: 'other';
      readonly what: string;
      readonly advice: string;
      /** Whether the file is recognised only by probability, so that an encoding given by the user takes precedence */
      readonly isGuess?: boolean;
    };

const noText = 'it holds no text';
const utf8Mark = [0xef, 0xbb, 0xbf];
const utf16Marks = { 'utf-16le': [0xff, 0xfe], 'utf-16be': [0xfe, 0xff] } as const;
const utf32Marks = [
  [0xff, 0xfe, 0, 0],
  [0, 0, 0xfe, 0xff],
];

/**
 * @param start the first bytes; `sniffedBytes` of them are enough
 * @param extension of the file's name, such as `.br`, because brotli has no signature
 */
export function recognise(start: Uint8Array, extension = ''): FileKind {
  if (begins(start, utf8Mark)) return { kind: 'text', isMarked: true };
  if (utf32Marks.some((mark) => begins(start, mark))) {
    const advice = 'convert it to UTF-8, for example with iconv -f UTF-32 -t UTF-8';
    return { kind: 'other', what: 'a text in UTF-32', advice };
  }
  for (const encoding of ['utf-16le', 'utf-16be'] as const) {
    if (begins(start, utf16Marks[encoding])) return { kind: 'utf-16', encoding };
  }
  for (const { what, packing, advice = noText, magic, at = 0 } of signatures) {
    if (!begins(start.subarray(at), magic)) continue;
    return packing ? { kind: 'packed', packing, what, advice } : { kind: 'other', what, advice };
  }
  if (zipMagics.some((magic) => begins(start, magic))) return zipKind(start);
  if (extension.toLowerCase() === '.br') {
    const advice = 'unpack it with brotli -d';
    return { kind: 'packed', packing: 'brotli', what: 'a brotli file', advice };
  }
  const guess = unmarkedUtf16(start);
  if (guess === undefined) return { kind: 'text', isMarked: false };
  const advice = `if that guess is right give ${optionName('encoding')} ${guess}, if not ${optionName('encoding', 'utf-8')}`;
  const what = 'perhaps a text in UTF-16 without a byte-order mark';
  return { kind: 'other', what, advice, isGuess: true };
}

/** Whether these first bytes of a file are so few that more of them could change what `recognise` returns */
export function isUndecided(start: Uint8Array): boolean {
  if (start.length === 0) return true;
  const magics = [...Object.values(utf16Marks), ...utf32Marks, utf8Mark, ...zipMagics];
  const early = signatures.filter(({ at }) => at === undefined).map(({ magic }) => magic);
  return [...magics, ...early].some(
    (magic) => magic.length > start.length && begins(start, magic.slice(0, start.length)),
  );
}

function begins(start: Uint8Array, magic: readonly (number | undefined)[]): boolean {
  if (start.length < magic.length) return false;
  return magic.every((byte, i) => byte === undefined || start[i] === byte);
}

function zipKind(start: Uint8Array): FileKind {
  const text = Buffer.from(start.buffer, start.byteOffset, start.length).toString('latin1');
  const known = zipKinds.find(({ word }) => text.includes(word));
  if (known === undefined) {
    return { kind: 'other', what: 'a zip archive', advice: 'unpack it with unzip' };
  }
  return { kind: 'other', what: known.what, advice: 'save it as plain text first' };
}

/**
 * Fraction of zero bytes above which a text counts as UTF-16: in UTF-16 each character below U+0100 has a zero byte,
 * while texts in other encodings have almost none.
 */
const zeroFraction = 0.4;
const strayFraction = 0.02;
const minPairs = 4;

/**
 * Guesses the byte order of UTF-16 without a byte-order mark from the positions of its zero bytes; undefined for other
 * text.
 */
export function unmarkedUtf16(start: Uint8Array): 'utf-16le' | 'utf-16be' | undefined {
  const pairs = start.length >> 1;
  if (pairs < minPairs) return undefined;
  let [even, odd] = [0, 0];
  for (let i = 0; i < pairs; i++) {
    if (start[2 * i] === 0) even++;
    if (start[2 * i + 1] === 0) odd++;
  }
  if (odd >= zeroFraction * pairs && even <= strayFraction * pairs) return 'utf-16le';
  if (even >= zeroFraction * pairs && odd <= strayFraction * pairs) return 'utf-16be';
  return undefined;
}
