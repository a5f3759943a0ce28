/** Splits bytes that arrive in pieces into lines. */
import { CharnnError } from '../errors.js';

const newline = 0x0a;

/** Max bytes of a line; the longest string of V8 is slightly longer */
export const maxLineBytes = 500e6;

/**
 * Max bytes of a record of a table. A longer one, made of millions of fields or JSON values, would take gigabytes of
 * memory.
 */
export const maxRecordBytes = 16e6;

/**
 * Yields lines without their line feeds, in groups of at least one: a line is passed on as soon as it is complete, and
 * does not wait for more to arrive.
 * @param name the file, as messages show it
 * @param maxBytes max bytes of a line
 * @throws CharnnError for a longer line, before all of it is in memory
 */
export async function* splitLines(
  pieces: AsyncIterable<Uint8Array>,
  name: string,
  maxBytes = maxLineBytes,
): AsyncGenerator<Buffer[], void, void> {
  let rest: Buffer[] = [];
  let length = 0;
  for await (const piece of pieces) {
    // the lines are cut from a copy, because the source will overwrite the memory of the piece
    const bytes = Buffer.from(piece);
    const lines: Buffer[] = [];
    let from = 0;
    for (let end = bytes.indexOf(newline); end >= 0; end = bytes.indexOf(newline, from)) {
      requireShort(length + end - from, maxBytes, name);
      lines.push(Buffer.concat([...rest, bytes.subarray(from, end)]));
      rest = [];
      length = 0;
      from = end + 1;
    }
    if (from < bytes.length) rest.push(bytes.subarray(from));
    length += bytes.length - from;
    requireShort(length, maxBytes, name);
    if (lines.length > 0) yield lines;
  }
  if (rest.length > 0) yield [Buffer.concat(rest)];
}

function requireShort(length: number, maxBytes: number, name: string): void {
  if (length <= maxBytes) return;
  throw new CharnnError(
    `${name} has a line of more than ${maxBytes / 1e6} MB, which is too long: break it into shorter lines`,
  );
}
