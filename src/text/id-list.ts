/** Lists of ids that need not be in memory as a whole. */
import { idsLike } from './ids.js';
import type { Ids } from './unit.js';

/** Ids in memory, or in a file from which they are read piece by piece */
export interface IdList {
  readonly length: number;
  /** Number of bytes of an id */
  readonly BYTES_PER_ELEMENT: number;
  /** A part of the list; negative positions count from its end */
  subarray(start?: number, end?: number): IdList;
  /** A copy of a part of the list, in memory */
  slice(start?: number, end?: number): Ids;
}

/** Number of ids that are copied at once */
const pieceLength = 1 << 20;

/**
 * The ids of a list as an array: the list itself if it is one, otherwise a copy in memory that threads share.
 * @throws CharnnError when there is not enough memory
 */
export function idsInMemory(list: IdList): Ids {
  if (isInMemory(list)) return list;
  const ids = idsLike(list, list.length);
  for (let from = 0; from < ids.length; from += pieceLength) {
    ids.set(list.slice(from, from + pieceLength), from);
  }
  return ids;
}

export function isInMemory(list: IdList): list is Ids {
  return ArrayBuffer.isView(list);
}
