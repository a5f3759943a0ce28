/** Files that are either the old ones or the new ones, whole, whatever happens in between. */
import { randomBytes } from 'node:crypto';
import { open, readdir, readlink, realpath, rename, rm, stat } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { CharnnError, systemReason } from '../errors.js';
import { quote } from '../text/quote.js';

/** Bytes handed to the file at once, small enough that a save leaves next to nothing to be collected. */
const bufferBytes = 1 << 18;

/**
 * Writes a file by way of a temporary one in the same folder: written, flushed to disk, renamed.
 * @param pieces the text, in order; never held whole
 * @throws CharnnError naming the path and the system's reason; the old file is then untouched
 */
export async function writeFileAtomically(path: string, pieces: Iterable<string>): Promise<void> {
  let temporary: string | undefined;
  try {
    const target = await resolveLinks(path);
    const folder = dirname(target);
    temporary = join(folder, temporaryName(target, randomBytes(4).toString('hex')));
    const existing = await stat(target).catch(() => undefined);
    const file = await open(temporary, 'wx');
    try {
      if (existing) await file.chmod(existing.mode);
      for (const bytes of encoded(pieces)) await file.appendFile(bytes);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(temporary, target);
    await syncFolder(folder);
  } catch (cause) {
    if (temporary !== undefined) await rm(temporary, { force: true }).catch(() => {});
    const reason = cause instanceof CharnnError ? cause.message : systemReason(cause);
    throw new CharnnError(`cannot write ${quote(path)}: ${reason}`, 1, { cause });
  }
}

/** Texts as UTF-8, many bytes at a time; valid until the next. */
function* encoded(pieces: Iterable<string>): Generator<Uint8Array> {
  const encoder = new TextEncoder();
  const buffer = new Uint8Array(bufferBytes);
  let used = 0;
  for (let piece of pieces) {
    while (piece !== '') {
      const { read, written } = encoder.encodeInto(piece, buffer.subarray(used));
      used += written;
      piece = piece.slice(read);
      if (piece === '') break;
      yield buffer.subarray(0, used);
      used = 0;
    }
  }
  yield buffer.subarray(0, used);
}

/**
 * Removes what a killed process has left of writing a file. Only for who knows that nobody else is
 * writing it now.
 */
export async function removeTemporaryFiles(path: string): Promise<void> {
  const target = await resolveLinks(path);
  const folder = dirname(target);
  for (const name of await readdir(folder)) {
    const suffix = /\.([0-9a-f]{8})\.tmp$/.exec(name)?.[1];
    if (suffix !== undefined && name === temporaryName(target, suffix)) {
      await rm(join(folder, name), { force: true });
    }
  }
}

export function temporaryName(target: string, suffix: string): string {
  return `.${basename(target)}.${suffix}.tmp`;
}

/** Where a path leads: through symbolic links, also to a file that does not exist yet. */
export async function resolveLinks(path: string): Promise<string> {
  const real = await realpath(path).catch((cause: NodeJS.ErrnoException) => {
    if (cause.code === 'ENOENT') return undefined;
    throw cause;
  });
  if (real !== undefined) return real;
  const link = await readlink(path).catch(() => undefined);
  return link === undefined ? resolve(path) : resolveLinks(resolve(dirname(path), link));
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
