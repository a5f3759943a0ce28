/** Converts between strings and code points. */

/** Makes a string of code points. */
export function textOf(symbols: ArrayLike<number>): string {
  // decoding UTF-16 bytes makes one string at once; joining many small strings would be slower
  const bytes = Buffer.allocUnsafe(symbols.length * 4);
  let length = 0;
  for (let i = 0; i < symbols.length; i++) {
    let unit = symbols[i];
    if (unit > 0xffff) {
      const high = 0xd7c0 + (unit >> 10);
      bytes[length] = high & 0xff;
      bytes[length + 1] = high >> 8;
      length += 2;
      unit = 0xdc00 + (unit & 0x3ff);
    }
    bytes[length] = unit & 0xff;
    bytes[length + 1] = unit >> 8;
    length += 2;
  }
  return bytes.toString('utf16le', 0, length);
}

/**
 * The code points of a string; a lone surrogate is kept as it is.
 * @param into has room for as many code points as the string has UTF-16 units
 * @returns a view of the part of `into` that was written
 */
export function symbolsOf(text: string, into = new Uint32Array(text.length)): Uint32Array {
  let count = 0;
  for (let i = 0; i < text.length; i++) {
    let symbol = text.charCodeAt(i);
    if (symbol >= 0xd800 && symbol <= 0xdbff) {
      symbol = text.codePointAt(i) as number;
      if (symbol > 0xffff) i++;
    }
    into[count++] = symbol;
  }
  return into.subarray(0, count);
}
