/** Random access to the bytes of a model file, on disk or in memory. */
import { closeSync, openSync, type Stats, statSync } from 'node:fs';
import { CharnnError, systemReason } from '../errors.js';
import { readFlags, streamedBytes } from '../files/open-input.js';
import { readFully } from '../files/read-fully.js';
import { quote } from '../messages/quote.js';

/**
 * Random access to bytes. Reading is synchronous, because nothing else has to happen while a model is read, and the
 * loop that scans the bytes stays simple.
 */
export interface ByteSource {
  /**
   * Reads bytes from a position onwards into a list.
   * @returns the number of bytes read, which is less than the list's length only at the end of the file
   */
  read(into: Uint8Array, position: number): number;
  close(): void;
}

/** Max bytes read from a pipe, which is held in memory as a whole because it cannot be read twice */
const maxPipeBytes = 2 ** 29;

/**
 * Opens a file, or reads a pipe (`-m <(zcat model.json.gz)`).
 * @throws CharnnError naming the path and the reason
 */
export async function openBytes(path: string): Promise<ByteSource> {
  const guarded = <T>(work: () => T): T => {
    try {
      return work();
    } catch (cause) {
      return failToRead(path, cause);
    }
  };
  const stats = guarded(() => statSync(path));
  if (!stats.isFile() && !stats.isDirectory()) return pipe(path, stats);
  const descriptor = guarded(() => openSync(path, readFlags));
  return {
    read: (into, position) => guarded(() => readFully(descriptor, into, position)),
    close: () => closeSync(descriptor),
  };
}

async function pipe(path: string, stats: Stats): Promise<ByteSource> {
  const pieces: Uint8Array[] = [];
  let size = 0;
  try {
    for await (const piece of streamedBytes(path, stats, quote(path))) {
      pieces.push(piece);
      size += piece.length;
      if (size > maxPipeBytes) {
        throw new CharnnError(
          `${quote(path)} is not a regular file and longer than ${maxPipeBytes} bytes: save it as a file first`,
        );
      }
    }
  } catch (cause) {
    failToRead(path, cause);
  }
  return bytesInMemory(Buffer.concat(pieces));
}

export function bytesInMemory(bytes: Buffer): ByteSource {
  return {
    // a scanner that skips an escape may ask for a position beyond the end
    read: (into, position) => bytes.copy(into, 0, Math.min(position, bytes.length)),
    close() {},
  };
}

function failToRead(path: string, cause: unknown): never {
  if (cause instanceof CharnnError) throw cause;
  if ((cause as NodeJS.ErrnoException).code === 'ENOENT') {
    throw new CharnnError(`there is no file ${quote(path)}: check its name and its folder`, 1, {
      cause,
    });
  }
  throw new CharnnError(`cannot read ${quote(path)}: ${systemReason(cause)}`, 1, { cause });
}
