/** A file that grows and is now and then replaced by a new one of the same name, as logs are. */
import { type FileHandle, open, stat } from 'node:fs/promises';
import { setTimeout } from 'node:timers/promises';
import { CharnnError } from '../errors.js';
import { readFlags } from '../files/open-input.js';
import { type FileName, failToRead } from './open-file.js';
import type { Source } from './sources.js';

/** Milliseconds between two checks of a file that has nothing new */
const pauseMs = 200;

const bufferBytes = 1 << 16;

/**
 * Yields the file as a source that continues while the file grows, and another source whenever the file is replaced or
 * truncated, as `tail -F` does. It never ends. A file that was replaced is first read to its end.
 * @throws CharnnError when it cannot be read
 */
export async function* followed(path: FileName, named: Source): AsyncGenerator<Source, void, void> {
  let file = await opened(path, named.name);
  try {
    for (;;) {
      const turn = new Turn(path, file);
      yield { ...named, size: undefined, read: () => turn.read(named.name) };
      // the reader of a packed file may stop where the packed data ends, so this waits until the file is replaced
      while (!(await turn.isOver())) await setTimeout(pauseMs);
      const next = await opened(path, named.name);
      await file.close();
      file = next;
    }
  } finally {
    await file.close();
  }
}

/** One of the files that successively have the followed name, read until it is replaced or truncated */
class Turn {
  private position = 0;

  constructor(
    private readonly path: FileName,
    private readonly file: FileHandle,
  ) {}

  async *read(name: string): AsyncGenerator<Uint8Array, void, void> {
    const buffer = Buffer.allocUnsafe(bufferBytes);
    let isLast = false;
    try {
      for (;;) {
        const { bytesRead } = await this.file.read(buffer, 0, bufferBytes, this.position);
        this.position += bytesRead;
        if (bytesRead > 0) yield buffer.subarray(0, bytesRead);
        else if (isLast) return;
        // the file is read once more, because its last bytes may have been written since the previous attempt
        else if (await this.isOver()) isLast = true;
        else await setTimeout(pauseMs);
      }
    } catch (cause) {
      failToRead(name, cause);
    }
  }

  /** Whether another file has the name of the followed file now, or the followed file was truncated */
  async isOver(): Promise<boolean> {
    const held = await this.file.stat({ bigint: true });
    if (held.size < this.position) return true;
    try {
      const now = await stat(this.path, { bigint: true });
      return now.ino !== held.ino || now.dev !== held.dev;
    } catch {
      // the followed file was renamed, and no new file has its name yet
      return false;
    }
  }
}

/** @throws CharnnError when the file cannot be opened, and for a pipe or a folder, which may have taken its place */
async function opened(path: FileName, name: string): Promise<FileHandle> {
  const file = await open(path, readFlags).catch((cause) => failToRead(name, cause));
  if ((await file.stat()).isFile()) return file;
  await file.close();
  throw new CharnnError(`${name} is not a regular file any more, so it cannot be followed`);
}

/** Yields the values of several iterables in the order in which they come. */
export async function* merged<T>(
  iterables: readonly AsyncIterable<T>[],
): AsyncGenerator<T, void, void> {
  const ready: (() => T)[] = [];
  let running = iterables.length;
  let wake = () => {};
  const pump = async (values: AsyncIterable<T>) => {
    try {
      for await (const value of values) {
        await new Promise<void>((taken) => {
          ready.push(() => {
            taken();
            return value;
          });
          wake();
        });
      }
    } catch (error) {
      ready.push(() => {
        throw error;
      });
    }
    running--;
    wake();
  };
  for (const values of iterables) void pump(values);
  while (running > 0 || ready.length > 0) {
    const take = ready.shift();
    if (take !== undefined) yield take();
    else {
      await new Promise<void>((resolve) => {
        wake = resolve;
      });
    }
  }
}
