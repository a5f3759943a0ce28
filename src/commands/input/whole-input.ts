/** Reads input as a whole, and shows the progress of processing it. */
import { createFractionProgress } from '../../cli/progress.js';
import { UsageError } from '../../errors.js';
import { findSources } from '../../text/sources.js';

/** Number of bytes from a pipe after which the size is checked again */
const checkedBytes = 1 << 24;

export async function withProgress<T>(
  quiet: boolean,
  work: (onProgress: (share: number) => void) => Promise<T>,
): Promise<T> {
  const progress = createFractionProgress(quiet);
  try {
    return await work(progress.show);
  } finally {
    progress.stop();
  }
}

/**
 * Reads a file or standard input as a whole.
 * @param check is called with the size, if it is known in advance, and with the number of bytes read so far; it throws
 * if that is too much
 */
export async function readInput(path: string | undefined, check: (bytes: number) => void) {
  if (path === undefined && process.stdin.isTTY) {
    throw new UsageError('no file given: name one, or pipe something in');
  }
  const [source, ...more] = await findSources([path ?? '-'], process.stdin);
  if (more.length > 0) throw new UsageError('a folder is not one file: pack it with tar');
  check(source.size ?? 0);
  const pieces: Buffer[] = [];
  let read = 0;
  for await (const piece of source.read()) {
    const before = read;
    read += piece.length;
    if (Math.floor(read / checkedBytes) > Math.floor(before / checkedBytes)) check(read);
    pieces.push(Buffer.from(piece));
  }
  return { content: Buffer.concat(pieces), name: source.name };
}
