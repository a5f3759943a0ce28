/** Files that are either the old ones or the new ones, whole, whatever happens in between. */
import { randomBytes } from 'node:crypto';
import { open, realpath, rename, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { CharnnError } from '../errors.js';

/** Characters handed to the file at once. */
const bufferLength = 1 << 20;

/**
 * Writes a file by way of a temporary one in the same folder: written, flushed to disk, renamed.
 * @param pieces the text, in order; never held whole
 * @throws CharnnError naming the path and the system's reason; the old file is then untouched
 */
export async function writeFileAtomically(path: string, pieces: Iterable<string>): Promise<void> {
  const target = await realpath(path).catch(() => path);
  const folder = dirname(target);
  const suffix = randomBytes(4).toString('hex');
  const temporary = join(folder, `.${basename(target)}.${suffix}.tmp`);
  try {
    const file = await open(temporary, 'wx');
    try {
      let buffer = '';
      for (const piece of pieces) {
        buffer += piece;
        if (buffer.length < bufferLength) continue;
        await file.write(buffer);
        buffer = '';
      }
      await file.write(buffer);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(temporary, target);
    await syncFolder(folder);
  } catch (cause) {
    await rm(temporary, { force: true }).catch(() => {});
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new CharnnError(`cannot write ${path}: ${reason}`, 1, { cause });
  }
}

/** Makes the rename itself durable, where the system lets a folder be flushed. */
async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r').catch(() => undefined);
  if (handle === undefined) return;
  try {
    await handle.sync();
  } catch {
    // Windows and some network file systems refuse it; the file itself is flushed
  } finally {
    await handle.close();
  }
}
