/** Encoding of prompts and lines: short texts that may hold any bytes. */
import { prepareText } from './decode.js';
import type { Ids, TextOptions } from './unit.js';
import type { Vocabulary } from './vocabulary.js';

export interface Encoded {
  readonly ids: Ids;
  /** Number of ids that are the unknown symbol */
  readonly unknown: number;
}

/**
 * Ids of a text given as bytes, made uniform as a corpus is. Unlike a corpus it need not be UTF-8: what
 * is not becomes unknown characters, so that a filter does not end at a stray byte.
 */
export function encodeBytes(
  bytes: Uint8Array,
  vocabulary: Vocabulary,
  options: TextOptions,
): Encoded {
  const text = uniformText(bytes, options);
  return vocabulary.encode(options.unit === 'byte' ? Buffer.from(text, 'latin1') : text);
}

/** The text whose characters, or whose code units with unit `byte`, have the ids of `encodeBytes`. */
export function uniformText(bytes: Uint8Array, options: TextOptions): string {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return prepareText(buffer.toString(options.unit === 'byte' ? 'latin1' : 'utf8'), options);
}

/** Returns a line without the CR of its end, if the text has CR LF line ends that become LF. */
export function withoutCr(line: Uint8Array, { keepCr }: TextOptions): Uint8Array {
  return !keepCr && line.at(-1) === 0x0d ? line.subarray(0, -1) : line;
}

/** Gives a text the line ends that a corpus has after reading; a text that has them already is returned as it is. */
export function withLineFeeds(bytes: Uint8Array, { keepCr }: TextOptions): Uint8Array {
  if (keepCr || !bytes.includes(0x0d)) return bytes;
  const latin1 = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1');
  return Buffer.from(latin1.replace(/\r\n?/g, '\n'), 'latin1');
}
