/**
 * One memory for all tensors of a run, shared by all its threads.
 *
 * It is a shared WebAssembly.Memory, because that is the one kind that a WebAssembly instance can compute
 * in; a Node-API addon and plain typed arrays reach the same bytes. The memory grows in place, so an
 * address stays valid for good. The allocation mark lies in the memory itself: any thread may allocate.
 */
import { CharnnError } from '../errors.js';
import { requireMemory } from '../machine.js';

const pageBytes = 65536;
/** 4 GiB: what a 32-bit address reaches. */
const maximumPages = 65536;
/** A cache line and an AVX-512 register. */
const alignment = 64;
/** Bytes below this belong to WebAssembly's own static data and stack. */
const firstFreeByte = 65536;
/** The allocation mark counts units of `alignment` bytes, so that 4 GiB fit a 32-bit atomic. */
const markIndex = 0;

/** A place in the arena, in bytes */
export type Address = number & { readonly of: 'arena' };

/** Stands for a tensor that there is not. */
export const noAddress = 0 as Address;

export class Arena {
  private readonly mark: Int32Array;

  constructor(
    readonly memory: WebAssembly.Memory = new WebAssembly.Memory({
      initial: 2,
      maximum: maximumPages,
      shared: true,
    }),
  ) {
    this.mark = new Int32Array(memory.buffer, 0, 1);
    Atomics.compareExchange(this.mark, markIndex, 0, firstFreeByte / alignment);
  }

  /** The bytes as they are now; ask again after an allocation, the view does not grow. */
  get buffer(): ArrayBufferLike {
    return this.memory.buffer;
  }

  /**
   * Takes `bytes` zeroed bytes for good and returns their address, a multiple of 64.
   * @throws CharnnError when the 4 GiB, or the machine's memory, are used up
   */
  allocate(bytes: number): Address {
    const units = Math.ceil(bytes / alignment);
    const start = Atomics.add(this.mark, markIndex, units) * alignment;
    const end = start + units * alignment;
    const missingPages = Math.ceil((end - this.memory.buffer.byteLength) / pageBytes);
    if (missingPages > 0) this.grow(missingPages, end);
    return start as Address;
  }

  private grow(missingPages: number, end: number): void {
    try {
      // what is allocated is not yet used: the system would notice only later, by killing the process
      requireMemory(end, 'this model and batch');
      this.memory.grow(missingPages);
    } catch (cause) {
      // another thread may have grown it meanwhile
      if (this.memory.buffer.byteLength >= end) return;
      const reason =
        cause instanceof CharnnError
          ? cause.message
          : `out of memory: this model and batch need ${(end / 2 ** 30).toFixed(2)} GiB of tensors`;
      throw new CharnnError(
        `${reason}; choose a smaller --hidden, --batch-size or --seq-length`,
        1,
        {
          cause,
        },
      );
    }
  }
}
