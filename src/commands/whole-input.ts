/** Input that is read as a whole, and a display of how far the work on it is. */
import { createShareProgress } from '../cli/progress.js';
import { UsageError } from '../errors.js';
import { findSources } from '../text/sources.js';

export async function withProgress<T>(
  quiet: boolean,
  work: (onProgress: (share: number) => void) => Promise<T>,
): Promise<T> {
  const progress = createShareProgress(quiet);
  try {
    return await work(progress.show);
  } finally {
    progress.stop();
  }
}

export async function readInput(path: string | undefined) {
  if (path === undefined && process.stdin.isTTY) {
    throw new UsageError('no file given: name one, or pipe something in');
  }
  const [source, ...more] = await findSources([path ?? '-'], process.stdin);
  if (more.length > 0) throw new UsageError('a folder is not one file: pack it with tar');
  const pieces: Buffer[] = [];
  for await (const piece of source.read()) pieces.push(Buffer.from(piece));
  return { content: Buffer.concat(pieces), name: source.name };
}
