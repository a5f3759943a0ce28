/** Stores lists of numbers in a temporary file, so that snapshots of a large network do not take memory. */
import type { FileHandle } from 'node:fs/promises';
import { readFully } from '../files/read-fully.js';
import type { StoredNumbers } from '../model/number-list.js';
import type { Range, SnapshotStore } from '../train/saving/snapshot-store.js';
import { openNameless } from './nameless-file.js';

/** Number of float32 numbers written to the file at once */
const pieceLength = 1 << 18;
const elementBytes = Float32Array.BYTES_PER_ELEMENT;

/**
 * Stores lists in a file in the folder of the training's model. The name of the file is removed at once, so the
 * system deletes the file when the process ends, for whatever reason. The file is never flushed to disk, because it
 * is not needed after a crash.
 */
export class NumberFile implements SnapshotStore {
  private file: Promise<FileHandle> | undefined;
  /** By the name of a list: the position in the file at which the list begins, in bytes */
  private readonly places = new Map<string, number>();
  private end = 0;
  /** A promise that is settled when all lists that were put so far have been written */
  private lists: Promise<unknown> = Promise.resolve();

  /** @param path the training's model; the temporary file with the lists is put into the same folder */
  constructor(private readonly path: string) {}

  put(...list: Parameters<SnapshotStore['put']>): Promise<StoredNumbers> {
    // lists are written one after the other, because each of them may extend the file
    const put = this.lists.then(() => this.write(...list));
    this.lists = put.catch(() => {});
    return put;
  }

  private async write(
    slot: string,
    length: number,
    ranges: readonly Range[],
    read: (start: number, into: Float32Array) => Promise<unknown>,
  ): Promise<StoredNumbers> {
    this.file ??= openNameless(this.path);
    const file = await this.file;
    let place = this.places.get(slot);
    if (place === undefined) {
      place = this.end;
      // parts of a file that were never written take no room on the disk, and are read as zeros
      await file.truncate(place + length * elementBytes);
      this.end = place + length * elementBytes;
      this.places.set(slot, place);
    }
    const piece = new Float32Array(pieceLength);
    for (const { start, size } of ranges) {
      for (let at = start; at < start + size; at += pieceLength) {
        const values = piece.subarray(0, Math.min(pieceLength, start + size - at));
        await read(at, values);
        await writeAll(file, bytesOf(values), place + at * elementBytes);
      }
    }
    return new FileNumbers(file.fd, place, length);
  }

  /** Closes the file, whose lists cannot be read afterwards; a second call does nothing. */
  async close(): Promise<void> {
    const { file } = this;
    this.file = undefined;
    await (await file)?.close();
  }
}

class FileNumbers implements StoredNumbers {
  /** @param place where the first number is in the file, in bytes */
  constructor(
    private readonly fd: number,
    private readonly place: number,
    readonly length: number,
  ) {}

  subarray(start: number, end: number): StoredNumbers {
    return new FileNumbers(this.fd, this.place + start * elementBytes, end - start);
  }

  read(): Float32Array {
    const values = new Float32Array(this.length);
    const bytes = bytesOf(values);
    if (readFully(this.fd, bytes, this.place) < bytes.length) {
      throw new Error('a temporary file of the training is shorter than written');
    }
    return values;
  }
}

async function writeAll(file: FileHandle, bytes: Uint8Array, position: number): Promise<void> {
  for (let done = 0; done < bytes.length; ) {
    const { bytesWritten } = await file.write(bytes, done, bytes.length - done, position + done);
    done += bytesWritten;
  }
}

function bytesOf(values: Float32Array): Uint8Array {
  return new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
}
