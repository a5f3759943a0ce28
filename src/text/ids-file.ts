/**
 * A text of ids in a temporary file, for a process that shares the text with others and therefore keeps only a part of
 * it in memory.
 */
import { writeSync } from 'node:fs';
import { CharnnError, systemReason } from '../errors.js';
import { readFully } from '../files/read-fully.js';
import type { IdList } from './id-list.js';
import { arrayOf, type GrowingList, type Width, widthFor } from './ids.js';
import type { Ids } from './unit.js';

/** Number of ids that are collected before they are written, and that are read at once */
const pieceLength = 1 << 18;

/** An empty file for this list alone, which its owner closes when nothing reads the list any more */
export interface OpenFile {
  readonly fd: number;
}

/** Ids of one width, which follow each other in the file */
interface Section {
  readonly width: Width;
  /** Index of the first id */
  readonly first: number;
  /** Position in the file, in bytes */
  readonly place: number;
}

export class IdsFile implements GrowingList {
  private readonly sections: Section[] = [{ width: 1, first: 0, place: 0 }];
  /** Ids that have not been written yet */
  private readonly pending = new Uint32Array(pieceLength);
  private pendingCount = 0;
  /** Number of ids and of bytes that have been written */
  private written = 0;
  private end = 0;
  /** Larger than every id, and the new id for each one in the file, if they have been renumbered */
  private size = 0;
  private renumbered: Uint32Array | undefined;

  constructor(private readonly file: OpenFile) {}

  get length(): number {
    return this.written + this.pendingCount;
  }

  /** @throws CharnnError also when the ids cannot be written */
  append(ids: Uint32Array, size: number): void {
    this.size = size;
    const width = widthFor(size);
    if (width > this.width) {
      this.write();
      this.sections.push({ width, first: this.written, place: this.end });
    }
    for (let from = 0; from < ids.length; ) {
      const piece = ids.subarray(from, from + pieceLength - this.pendingCount);
      this.pending.set(piece, this.pendingCount);
      this.pendingCount += piece.length;
      from += piece.length;
      if (this.pendingCount === pieceLength) this.write();
    }
  }

  count(size: number): Uint32Array {
    const counts = new Uint32Array(size);
    const ids = this.view();
    for (let from = 0; from < ids.length; from += pieceLength) {
      const piece = Uint32Array.from(ids.slice(from, from + pieceLength));
      for (let i = 0; i < piece.length; i++) counts[piece[i]]++;
    }
    return counts;
  }

  /** Each id is converted when it is read. */
  rewrite(size: number, renumbered: Uint32Array): void {
    this.size = size;
    this.renumbered = renumbered;
  }

  view(): IdList {
    this.write();
    return new StoredIds(this, 0, this.length, widthFor(this.size));
  }

  /** Reads the ids `start` to `end` - 1. */
  read(start: number, end: number, width: Width): Ids {
    const ids = arrayOf(width, end - start);
    const { sections, renumbered } = this;
    sections.forEach((section, i) => {
      const from = Math.max(start, section.first);
      const to = Math.min(end, sections[i + 1]?.first ?? this.written);
      if (from >= to) return;
      const stored = this.stored(section, from, to);
      if (renumbered === undefined) ids.set(stored, from - start);
      else for (let k = 0; k < stored.length; k++) ids[from - start + k] = renumbered[stored[k]];
    });
    return ids;
  }

  private stored({ width, first, place }: Section, from: number, to: number): Ids {
    const ids = arrayOf(width, to - from);
    const bytes = new Uint8Array(ids.buffer);
    if (readFully(this.file.fd, bytes, place + (from - first) * width) < bytes.length) {
      throw new Error('the temporary file of the text is shorter than written');
    }
    return ids;
  }

  private get width(): Width {
    return this.sections[this.sections.length - 1].width;
  }

  /** Writes the ids that have been collected. */
  private write(): void {
    const ids = arrayOf(this.width, this.pendingCount);
    ids.set(this.pending.subarray(0, this.pendingCount));
    const bytes = new Uint8Array(ids.buffer);
    try {
      for (let done = 0; done < bytes.length; ) {
        done += writeSync(this.file.fd, bytes, done, bytes.length - done, this.end + done);
      }
    } catch (cause) {
      throw cannotStore(cause);
    }
    this.end += bytes.length;
    this.written += ids.length;
    this.pendingCount = 0;
  }
}

/** The error when the file cannot be created or written */
export function cannotStore(cause: unknown): CharnnError {
  return new CharnnError(
    `cannot store the text in a temporary file beside the model: ${systemReason(cause)}; make room there, or give a model in another folder`,
    1,
    { cause },
  );
}

/** A part of a list in a file */
class StoredIds implements IdList {
  constructor(
    private readonly file: IdsFile,
    private readonly start: number,
    readonly length: number,
    readonly BYTES_PER_ELEMENT: Width,
  ) {}

  subarray(start?: number, end?: number): IdList {
    const [from, to] = this.range(start, end);
    return new StoredIds(this.file, from, to - from, this.BYTES_PER_ELEMENT);
  }

  slice(start?: number, end?: number): Ids {
    return this.file.read(...this.range(start, end), this.BYTES_PER_ELEMENT);
  }

  /** Positions in the file's list; as for typed arrays, negative ones count from the end. */
  private range(start = 0, end = this.length): [from: number, to: number] {
    const place = (at: number) =>
      Math.min(this.length, at < 0 ? Math.max(0, this.length + at) : at);
    const from = place(start);
    return [this.start + from, this.start + Math.max(from, place(end))];
  }
}
