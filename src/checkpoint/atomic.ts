/** Writes files in such a way that after a crash there is either the whole old file or the whole new one. */
import { randomBytes } from 'node:crypto';
import { fsync, rmSync, type Stats } from 'node:fs';
import { type FileHandle, open, readdir, readlink, realpath, rm, stat } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { CharnnError, systemReason } from '../errors.js';
import { quote } from '../messages/quote.js';
import { HeldFileError, moveHeldFile, replaceFile } from './replace-file.js';

/** Number of bytes written at once, small enough to leave little garbage to collect */
const bufferBytes = 1 << 18;

/**
 * Writes a file by way of a temporary one in the same folder, which is written, flushed to disk and renamed.
 * @param pieces text, written as UTF-8, or bytes, in order; they are never in memory as a whole
 * @throws CharnnError naming the path and the system's reason, in which case the old file is untouched; HeldFileError
 * if the new file could only be stored under a second name
 */
export async function writeFileAtomically(
  path: string,
  pieces: Iterable<string | Uint8Array>,
): Promise<void> {
  let temporary: string | undefined;
  try {
    const target = await resolveLinks(path);
    const folder = dirname(target);
    temporary = join(folder, temporaryName(target, randomBytes(4).toString('hex')));
    const existing = await stat(target).catch(() => undefined);
    begin(temporary);
    // the temporary file never has wider permissions than the old one, not even for a moment
    const file = await open(temporary, 'wx', existing ? existing.mode & 0o777 : 0o666);
    try {
      if (existing) await takeOver(file, existing);
      for (const bytes of encoded(pieces)) await file.appendFile(bytes);
      await flush(file);
    } finally {
      await file.close();
    }
    const secondName = await replaceFile(temporary, target);
    await syncFolder(folder);
    if (secondName !== undefined) throw new HeldFileError(path, secondName);
  } catch (cause) {
    if (cause instanceof HeldFileError) throw cause;
    if (temporary !== undefined) await rm(temporary, { force: true }).catch(() => {});
    const reason = cause instanceof CharnnError ? cause.unspelt : systemReason(cause);
    throw new CharnnError(`cannot write ${quote(path)}: ${reason}`, 1, { cause });
  } finally {
    if (temporary !== undefined) end(temporary);
  }
}

/**
 * Temporary files that are being written; they are removed if the process exits before they are complete, for
 * instance because of a signal
 */
const unfinished = new Set<string>();

function begin(temporary: string): void {
  if (unfinished.size === 0) process.on('exit', removeUnfinished);
  unfinished.add(temporary);
}

function end(temporary: string): void {
  unfinished.delete(temporary);
  if (unfinished.size === 0) process.off('exit', removeUnfinished);
}

function removeUnfinished(): void {
  for (const path of unfinished) {
    try {
      rmSync(path, { force: true });
    } catch {
      // the folder of the temporary file is gone or read-only by now
    }
  }
}

/**
 * Moves a file that was stored under a second name to its own name, if that is free now.
 * @returns whether the file has its own name now
 */
export async function writeHeldFile({ path }: HeldFileError): Promise<boolean> {
  return moveHeldFile(await resolveLinks(path));
}

/**
 * Gives a new file the owner and the mode of the one that it will replace. File systems without owners or modes refuse
 * this, and only root may give a file away. If it is refused, the file belongs to the writer, with permissions no wider
 * than those of the old file.
 */
async function takeOver(file: FileHandle, { uid, gid, mode }: Stats): Promise<void> {
  const own = await file.stat();
  let sameOwner = true;
  if (own.uid !== uid || own.gid !== gid) {
    sameOwner = await attempt(() => file.chown(uid, gid));
    if (!sameOwner) await attempt(() => file.chown(own.uid, gid));
  }
  // the set-user-ID and set-group-ID bits are dropped if the owner changes
  await attempt(() => file.chmod(mode & (sameOwner ? 0o7777 : 0o777)));
}

async function attempt(work: () => Promise<void>): Promise<boolean> {
  try {
    await work();
    return true;
  } catch {
    return false;
  }
}

/** Error codes of file systems that cannot flush a file */
const cannotFlush: ReadonlySet<unknown> = new Set(['EINVAL', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS']);

/** Flushes by file descriptor, because the file handles of Yarn Plug'n'Play lack a method for it. */
const flushDescriptor = promisify(fsync);

async function flush(file: FileHandle): Promise<void> {
  try {
    await flushDescriptor(file.fd);
  } catch (cause) {
    if (!cannotFlush.has((cause as NodeJS.ErrnoException).code)) throw cause;
  }
}

/**
 * Encodes texts as UTF-8 in large pieces, and passes on bytes unchanged; each piece is valid until the next is asked
 * for.
 */
function* encoded(pieces: Iterable<string | Uint8Array>): Generator<Uint8Array> {
  const encoder = new TextEncoder();
  const buffer = new Uint8Array(bufferBytes);
  let used = 0;
  for (let piece of pieces) {
    if (typeof piece !== 'string') {
      yield buffer.subarray(0, used);
      used = 0;
      yield piece;
      continue;
    }
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
 * Removes temporary files that a killed process has left. The caller must know that no other process is writing this
 * file.
 */
export async function removeTemporaryFiles(path: string): Promise<void> {
  const target = await resolveLinks(path);
  const folder = dirname(target);
  // a folder may be writable but not listable; then temporary files stay
  for (const name of await readdir(folder).catch(() => [])) {
    const suffix = /\.([0-9a-f]{8})\.tmp$/.exec(name)?.[1];
    if (suffix !== undefined && name === temporaryName(target, suffix)) {
      await rm(join(folder, name), { force: true }).catch(() => {});
    }
  }
}

export function temporaryName(target: string, suffix: string): string {
  return `.${basename(target)}.${suffix}.tmp`;
}

/** Max number of symbolic links that are followed; the system itself follows no more. */
const maxLinks = 40;

/**
 * Resolves a path through symbolic links, even if the file does not exist yet.
 * @throws the system's error, for instance for links that form a cycle
 */
export async function resolveLinks(path: string, links = 0): Promise<string> {
  const real = await realpath(path).catch((cause: NodeJS.ErrnoException) => {
    if (cause.code === 'ENOENT') return undefined;
    throw cause;
  });
  if (real !== undefined) return real;
  const link = await readlink(path).catch(() => undefined);
  if (link === undefined) return resolve(path);
  if (links === maxLinks) {
    throw Object.assign(new Error('too many links'), { code: 'ELOOP', syscall: 'readlink', path });
  }
  return resolveLinks(resolve(dirname(path), link), links + 1);
}

/** Makes the renaming of a file in a folder survive a crash, on systems that can flush a folder. */
async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r').catch(() => undefined);
  if (handle === undefined) return;
  try {
    await flushDescriptor(handle.fd);
  } catch {
    // Windows and some network file systems refuse to flush a folder; the file itself has been flushed
  } finally {
    await handle.close();
  }
}
