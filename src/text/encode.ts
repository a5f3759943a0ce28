/** Prompts and lines: short texts whose bytes are to be ids, whatever they are. */
import { prepareText } from './decode.js';
import type { Ids, TextOptions } from './unit.js';
import type { Vocabulary } from './vocabulary.js';

export interface Encoded {
  readonly ids: Ids;
  /** How many of the ids are the unknown symbol */
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
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (options.unit === 'byte') {
    const uniform = options.keepCr ? buffer : prepareText(buffer.toString('latin1'), options);
    return vocabulary.encode(
      typeof uniform === 'string' ? Buffer.from(uniform, 'latin1') : uniform,
    );
  }
  return vocabulary.encode(prepareText(buffer.toString('utf8'), options));
}
