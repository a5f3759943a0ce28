/** Reads from an open file. */
import { readSync } from 'node:fs';

/**
 * Reads repeatedly, because a single call may return fewer bytes than asked for.
 * @param position where the first byte is in the file
 * @returns the number of bytes read, which is less than the list's length only at the end of the file
 */
export function readFully(descriptor: number, into: Uint8Array, position: number): number {
  let done = 0;
  while (done < into.length) {
    const count = readSync(descriptor, into, done, into.length - done, position + done);
    if (count === 0) break;
    done += count;
  }
  return done;
}
