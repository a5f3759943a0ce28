/** Encodes prompts and lines as ids: short texts that may contain any bytes. */
import { prepareText } from './decode.js';
import type { Ids, TextOptions } from './unit.js';
import type { Vocabulary } from './vocabulary.js';

export interface Encoded {
  readonly ids: Ids;
  /** How many of the ids are the unknown symbol */
  readonly unknown: number;
}

/**
 * Ids of a text given as bytes, after the same conversion of line ends and normal form as a corpus. Unlike a corpus it
 * need not be valid UTF-8: invalid bytes become unknown characters, so that a filter does not stop at a stray byte.
 */
export function encodeBytes(
  bytes: Uint8Array,
  vocabulary: Vocabulary,
  options: TextOptions,
): Encoded {
  const text = uniformText(bytes, options);
  return vocabulary.encode(options.unit === 'byte' ? Buffer.from(text, 'latin1') : text);
}

/**
 * The text whose characters (or with unit `byte`, whose code units) correspond one to one to the ids of `encodeBytes`.
 */
export function uniformText(bytes: Uint8Array, options: TextOptions): string {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return prepareText(buffer.toString(options.unit === 'byte' ? 'latin1' : 'utf8'), options);
}

/** Removes the CR at the end of a line if CR LF line ends are converted to LF. */
export function withoutCr(line: Uint8Array, { keepCr }: TextOptions): Uint8Array {
  return !keepCr && line.at(-1) === 0x0d ? line.subarray(0, -1) : line;
}

/** Converts line ends as reading a corpus does; a text without CR is returned as it is, without a copy. */
export function withLineFeeds(bytes: Uint8Array, { keepCr }: TextOptions): Uint8Array {
  if (keepCr || !bytes.includes(0x0d)) return bytes;
  const latin1 = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1');
  return Buffer.from(latin1.replace(/\r\n?/g, '\n'), 'latin1');
}
