/** Converts any bytes to the symbols that a model codes, characters or bytes, and back to the same bytes. */
import type { TextUnit } from '../text/unit.js';

/** A byte that is not part of valid UTF-8 gets a number above all code points. */
const strayByte = 0x110000;

/** Returns bytes as they are, or as code points, where a byte outside valid UTF-8 becomes a symbol of its own. */
export function symbolsOfBytes(bytes: Uint8Array, unit: TextUnit): Uint32Array {
  if (unit === 'byte') return Uint32Array.from(bytes);
  const symbols = new Uint32Array(bytes.length);
  let count = 0;
  for (let at = 0; at < bytes.length; ) {
    const length = characterLength(bytes, at);
    if (length === 0) symbols[count++] = strayByte + bytes[at++];
    else {
      let symbol = length === 1 ? bytes[at] : bytes[at] & (0x7f >> length);
      for (let i = 1; i < length; i++) symbol = (symbol << 6) | (bytes[at + i] & 0x3f);
      symbols[count++] = symbol;
      at += length;
    }
  }
  return symbols.subarray(0, count);
}

export function bytesOfSymbols(symbols: Uint32Array, unit: TextUnit): Uint8Array {
  if (unit === 'byte') return Uint8Array.from(symbols);
  const bytes = new Uint8Array(symbols.length * 4);
  let at = 0;
  for (const symbol of symbols) {
    if (symbol < 0x80) bytes[at++] = symbol;
    else if (symbol >= strayByte) bytes[at++] = symbol - strayByte;
    else {
      const length = symbol < 0x800 ? 2 : symbol < 0x10000 ? 3 : 4;
      bytes[at] = ((0xf00 >> length) & 0xff) | (symbol >> (6 * (length - 1)));
      for (let i = 1; i < length; i++) {
        bytes[at + i] = 0x80 | ((symbol >> (6 * (length - 1 - i))) & 0x3f);
      }
      at += length;
    }
  }
  return bytes.subarray(0, at);
}

/** Number of bytes in the UTF-8 character that begins at `at`; 0 if none does (Unicode Standard, table 3-7). */
function characterLength(bytes: Uint8Array, at: number): number {
  const lead = bytes[at];
  if (lead < 0x80) return 1;
  const length = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : 2;
  if (lead < 0xc2 || lead > 0xf4 || at + length > bytes.length) return 0;
  const second = bytes[at + 1];
  const min = lead === 0xe0 ? 0xa0 : lead === 0xf0 ? 0x90 : 0x80;
  const max = lead === 0xed ? 0x9f : lead === 0xf4 ? 0x8f : 0xbf;
  if (second < min || second > max) return 0;
  for (let i = 2; i < length; i++) if ((bytes[at + i] & 0xc0) !== 0x80) return 0;
  return length;
}
