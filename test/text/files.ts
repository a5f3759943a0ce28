/** Standard inputs of tests. */
import { Readable } from 'node:stream';

/** A standard input that gives these pieces. */
export function input(...pieces: (string | Uint8Array)[]): Readable {
  return Readable.from(pieces.map((piece) => Buffer.from(piece)));
}
