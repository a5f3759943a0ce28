/** Opens files and pipes in such a way that a pipe without a writer cannot block the process. */
import { closeSync, constants, createReadStream, openSync, type Stats } from 'node:fs';
import { isatty } from 'node:tty';
import { CharnnError } from '../errors.js';

/**
 * Flags for opening any file for reading. Without O_NONBLOCK, opening a named pipe would wait for a writer in a thread
 * that Node.js joins when it exits, and then only SIGKILL could end the process.
 */
export const readFlags = constants.O_RDONLY | (constants.O_NONBLOCK ?? 0);

/** Milliseconds between two checks of a pipe that has no writer yet */
const pauseMs = 20;

/**
 * Reads a pipe, a terminal or a device, and yields bytes as they arrive. The event loop keeps running meanwhile.
 * @param shown the path as messages show it
 * @throws CharnnError for a socket; the system's error for any other failure
 */
export async function* streamedBytes(
  path: string | Buffer,
  stats: Stats,
  shown: string,
): AsyncGenerator<Uint8Array, void, void> {
  if (stats.isSocket()) {
    throw new CharnnError(
      `${shown} is a socket, which cannot be read like a file: name a file, a folder or a pipe`,
    );
  }
  const descriptor = openSync(path, readFlags | (constants.O_NOCTTY ?? 0));
  if (stats.isFIFO()) yield* pipeBytes(descriptor);
  else if (isatty(descriptor)) {
    const { ReadStream } = await import('node:tty');
    yield* new ReadStream(descriptor);
  } else yield* createReadStream(path, { fd: descriptor });
}

async function* pipeBytes(descriptor: number): AsyncGenerator<Uint8Array, void, void> {
  // Linux reports the end of a pipe only after a writer has opened it; other systems report it at once
  if (process.platform !== 'linux') yield* firstBytes(descriptor);
  const { Socket } = await import('node:net');
  yield* new Socket({ fd: descriptor, readable: true, writable: false });
}

/** Polls until a writer has opened the pipe. */
async function* firstBytes(descriptor: number): AsyncGenerator<Uint8Array, void, void> {
  const { readSync } = await import('node:fs');
  const { setTimeout } = await import('node:timers/promises');
  const buffer = Buffer.alloc(1 << 16);
  let handedOver = false;
  try {
    for (;;) {
      const count = bytesNow(() => readSync(descriptor, buffer));
      if (count !== 0) {
        handedOver = true;
        if (count !== undefined) yield buffer.subarray(0, count);
        return;
      }
      await setTimeout(pauseMs);
    }
  } finally {
    if (!handedOver) closeSync(descriptor);
  }
}

/**
 * Returns 0 before a writer has opened the pipe, and undefined while a writer has opened it but not written anything.
 */
function bytesNow(read: () => number): number | undefined {
  try {
    return read();
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'EAGAIN') return undefined;
    throw cause;
  }
}
