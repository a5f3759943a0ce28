/** Holds the long lists of a snapshot until they are written to the files of the training run. */
import { type Backend, isPending, type Tensor } from '../../backend/backend.js';
import type { Numbers, StoredNumbers } from '../../model/number-list.js';

/** A part of a list: `size` elements, the first of which has the index `start` */
export interface Range {
  readonly start: number;
  readonly size: number;
}

/** Holds lists outside of memory, each in a slot of its own, which has room for one list. */
export interface SnapshotStore {
  /**
   * Copies a list to a slot, in place of the one that was there.
   * @param ranges the elements to be copied, always the same ones for a slot; all others are 0
   * @param read reads elements, from index `start` on
   * @throws when there is no room for the list; the former contents of the slot are then lost as well
   */
  put(
    slot: string,
    length: number,
    ranges: readonly Range[],
    read: (start: number, into: Float32Array) => Promise<unknown>,
  ): Promise<StoredNumbers>;
}

/**
 * Min number of parameters for which a store is used: 16 MiB in each list. The lists of smaller networks are copied
 * in memory, where they take little compared with the rest of the process, and several snapshots may wait at a time.
 */
export const minStored = 1 << 22;

/** Copies a tensor, to the store if there is one and the tensor is large. */
export async function copyList(
  backend: Backend,
  store: SnapshotStore | undefined,
  slot: string,
  x: Tensor,
  ranges: readonly Range[] = [{ start: 0, size: x.size }],
): Promise<Numbers> {
  const read = async (start: number, into: Float32Array) => {
    const values = backend.read(backend.view(x, start, [into.length]), into);
    if (isPending(values)) await values;
  };
  if (store !== undefined && x.size >= minStored) {
    try {
      return await store.put(slot, x.size, ranges, read);
    } catch {
      // if the store fails, for instance because the disk is full, the list is copied in memory: training has to go on
    }
  }
  const copy = new Float32Array(x.size);
  for (const { start, size } of ranges) await read(start, copy.subarray(start, start + size));
  return copy;
}
