/** Opens files, whatever bytes their names consist of. */
import buffer from 'node:buffer';
import type { Stats } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { CharnnError, systemReason } from '../errors.js';
import { readFlags, streamedBytes } from '../files/open-input.js';
import { quote } from '../messages/quote.js';
import { sniffedBytes } from './recognise.js';

/** A path. Paths found in folders are bytes, because they need not be valid UTF-8. */
export type FileName = string | Buffer;

/** A path as messages show it; if the name is not valid UTF-8, its bytes beyond ASCII are shown as `\xHH`. */
export function shownName(name: FileName): string {
  if (typeof name === 'string') return quote(name);
  if (buffer.isUtf8(name)) return quote(name.toString());
  const characters = Array.from(name, (byte) =>
    byte > 0x1f && byte < 0x7f && byte !== 0x22 && byte !== 0x5c
      ? String.fromCharCode(byte)
      : `\\x${byte.toString(16).padStart(2, '0')}`,
  );
  return `"${characters.join('')}"`;
}

const maxBufferBytes = 1 << 20;
const minBufferBytes = 1 << 12;

/**
 * The bytes of a file, a pipe or a device in pieces, each valid until the next is asked for.
 * @throws CharnnError when it cannot be read
 */
export async function* piecesOf(
  path: FileName,
  stats: Stats,
): AsyncGenerator<Uint8Array, void, void> {
  let file: FileHandle | undefined;
  try {
    if (!stats.isFile()) {
      yield* streamedBytes(path, stats, shownName(path));
      return;
    }
    file = await open(path, readFlags);
    // the buffer is no larger than the file, since a program may read thousands of small files
    const size = Math.min(maxBufferBytes, Math.max(minBufferBytes, stats.size));
    const buffer = Buffer.allocUnsafe(size);
    for (;;) {
      const { bytesRead } = await file.read(buffer, 0, size, null);
      if (bytesRead === 0) return;
      yield buffer.subarray(0, bytesRead);
    }
  } catch (cause) {
    failToRead(shownName(path), cause);
  } finally {
    await file?.close();
  }
}

/**
 * The first bytes of a file.
 * @throws CharnnError when it cannot be read
 */
export async function startOf(path: FileName): Promise<Buffer> {
  const fail = (cause: unknown) => failToRead(shownName(path), cause);
  const file = await open(path, readFlags).catch(fail);
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(sniffedBytes), 0, sniffedBytes, 0);
    return buffer.subarray(0, bytesRead);
  } catch (cause) {
    return fail(cause);
  } finally {
    await file.close();
  }
}

export function failToRead(name: string, cause: unknown): never {
  if (cause instanceof CharnnError) throw cause;
  throw new CharnnError(`cannot read ${name}: ${systemReason(cause)}`, 1, { cause });
}

export function codeOf(error: unknown): string | undefined {
  return (error as NodeJS.ErrnoException | undefined)?.code;
}
