/** Ids in memory that threads share, as narrow as the vocabulary allows. */
import { constants } from 'node:buffer';
import { CharnnError } from '../errors.js';
import { requireMemory, reservableBytes } from '../machine/memory.js';
import { sharedBuffer } from '../machine/shared-memory.js';
import type { IdList } from './id-list.js';
import type { Ids } from './unit.js';

export type Width = 1 | 2 | 4;

/** Number of bytes per id in a vocabulary of `size` symbols. */
export function widthFor(size: number): Width {
  if (size <= 0x100) return 1;
  return size <= 0x10000 ? 2 : 4;
}

/** A new array of ids, all 0, in memory that other threads do not see */
export function arrayOf(width: Width, length: number): Ids {
  return view(new ArrayBuffer(length * width), width, length);
}

function view(buffer: ArrayBufferLike, width: Width, length: number): Ids {
  if (width === 1) return new Uint8Array(buffer, 0, length);
  return width === 2 ? new Uint16Array(buffer, 0, length) : new Uint32Array(buffer, 0, length);
}

/**
 * Ids for a vocabulary of `size` symbols, all 0, in memory that threads share.
 * @throws CharnnError when there is not enough memory
 */
export function newIds(size: number, length: number): Ids {
  return sharedIds(widthFor(size), length);
}

/**
 * A list of `length` ids, all 0, as wide as those of another list, in memory that threads share.
 * @throws CharnnError when there is not enough memory
 */
export function idsLike(list: { readonly BYTES_PER_ELEMENT: number }, length: number): Ids {
  const width = list.BYTES_PER_ELEMENT as Width;
  requireMemory(length * width, `a text of ${length} characters`, 'give a part of it');
  return sharedIds(width, length);
}

function sharedIds(width: Width, length: number): Ids {
  try {
    return view(sharedBuffer(length * width), width, length);
  } catch (cause) {
    throw new CharnnError(`not enough memory for a text of ${length} characters`, 1, { cause });
  }
}

/**
 * The memory of a long list grows in steps of this many bytes, that of a shorter one doubles; its whole address space
 * is reserved at the start.
 */
const growth = 1 << 24;
/** Number of ids that are rewritten at a time when a list becomes wider or is renumbered */
const step = 1 << 16;

/** A list of ids that grows at its end */
export interface GrowingList {
  readonly length: number;
  /** @param size larger than every id in the list */
  append(ids: Uint32Array, size: number): void;
  /**
   * Counts how often each id occurs.
   * @param size larger than every id in the list
   */
  count(size: number): Uint32Array;
  /**
   * Renumbers all ids.
   * @param size number of symbols of the vocabulary to which the new ids belong
   * @param renumbered the new id for each old one
   */
  rewrite(size: number, renumbered: Uint32Array): void;
  /** The ids of the list, at its current length */
  view(): IdList;
}

/**
 * A list of ids that grows at its end and changes the width of its elements in place. However long the text and however
 * many different characters it has, it is never in memory twice.
 */
export class GrowingIds implements GrowingList {
  length = 0;
  private width: Width = 1;
  private readonly buffer = reserve();

  append(ids: Uint32Array, size: number): void {
    if (widthFor(size) > this.width) this.rewrite(size, undefined);
    const from = this.length;
    this.length += ids.length;
    this.ensure(this.length * this.width);
    view(this.buffer, this.width, this.length).set(ids, from);
  }

  /**
   * Renumbers all ids, and gives the list the width for a vocabulary of `size` symbols.
   * @param renumbered the new id for each old one; undefined keeps the ids
   */
  rewrite(size: number, renumbered: Uint32Array | undefined): void {
    const { length } = this;
    const width = widthFor(size);
    this.ensure(length * width);
    const before = view(this.buffer, this.width, length);
    const after = view(this.buffer, width, length);
    const steps = Math.ceil(length / step);
    const piece = new Uint32Array(step);
    for (let i = 0; i < steps; i++) {
      // a list that becomes wider is rewritten from its end, so that ids which are still to be read are not overwritten
      const from = (width > this.width ? steps - 1 - i : i) * step;
      const to = Math.min(from + step, length);
      piece.set(before.subarray(from, to));
      if (renumbered) for (let k = 0; k < to - from; k++) piece[k] = renumbered[piece[k]];
      after.set(piece.subarray(0, to - from), from);
    }
    this.width = width;
  }

  count(size: number): Uint32Array {
    const counts = new Uint32Array(size);
    const ids = this.view();
    // the ids are first copied into an array of fixed type, because a loop that meets arrays of different types is slow
    const piece = new Uint32Array(step);
    for (let from = 0; from < ids.length; from += step) {
      const count = Math.min(step, ids.length - from);
      piece.set(ids.subarray(from, from + count));
      for (let k = 0; k < count; k++) counts[piece[k]]++;
    }
    return counts;
  }

  view(): Ids {
    return view(this.buffer, this.width, this.length);
  }

  private ensure(bytes: number): void {
    const { buffer } = this;
    if (bytes <= buffer.byteLength) return;
    if (bytes > buffer.maxByteLength) {
      const maxLength = Math.floor(buffer.maxByteLength / this.width);
      throw new CharnnError(
        `the text is too long: at most ${maxLength} of its characters fit in memory; give a part of it`,
      );
    }
    // a short text takes little, and needs no comparison with the limits of memory
    const grown = Math.min(
      bytes <= growth ? 2 ** Math.ceil(Math.log2(bytes)) : Math.ceil(bytes / growth) * growth,
      buffer.maxByteLength,
    );
    requireMemory(
      grown - buffer.byteLength,
      `a text of more than ${this.length} characters`,
      'give a part of it',
    );
    try {
      buffer.grow(grown);
    } catch (cause) {
      throw new CharnnError(
        `not enough memory for a text of ${this.length} characters; give a part of it`,
        1,
        { cause },
      );
    }
  }
}

/**
 * Max bytes of a list. Newer engines allow buffers of many terabytes, but some systems keep page tables for all that
 * address space, and others refuse it.
 */
const maxReserved = 2 ** 33;

/** Reserves as much address space as a buffer can have, up to 8 GiB, or as the system allows. */
function reserve(): SharedArrayBuffer {
  const first = Math.min(constants.MAX_LENGTH, maxReserved, Math.floor(reservableBytes()));
  for (let maxLength = first; ; maxLength = Math.floor(maxLength / 2)) {
    try {
      return new SharedArrayBuffer(0, { maxByteLength: maxLength });
    } catch (error) {
      if (maxLength < growth) {
        throw new CharnnError('not enough memory for a text; raise ulimit -v, if it is set', 1, {
          cause: error,
        });
      }
    }
  }
}
