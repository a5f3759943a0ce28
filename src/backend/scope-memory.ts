/** Memory of the back ends that compute on the processor: addresses, sources of memory, and scopes. */

/**
 * The address of a tensor as a kernel receives it: the distance in bytes from a fixed location in the native addon, or
 * an index of WebAssembly's memory.
 */
export type Address = number & { readonly of: 'kernel' };

/** The address of an absent tensor */
export const noAddress = 0 as Address;

export interface Allocation {
  readonly buffer: ArrayBufferLike;
  /** Index in the buffer of the first byte that is allocated; the address of this byte is a multiple of 64. */
  readonly start: number;
  readonly address: Address;
}

/** A location in memory that can be described to another thread by `postMessage`. */
export interface Location {
  /** The buffer that the location is in; undefined stands for WebAssembly's memory, of which a device has only one */
  readonly buffer: ArrayBufferLike | undefined;
  readonly start: number;
}

export interface Region extends Allocation {
  readonly bytes: number;
}

/** The memory of a device, as a scope allocates and releases it */
export interface MemorySource {
  /**
   * Allocates zeroed bytes; if it fails, nothing has changed.
   * @throws CharnnError when the machine or the back end does not have that many
   */
  allocate(bytes: number): Region;
  free(region: Region): void;
  locate(allocation: Allocation): Location;
  find(location: Location): Allocation;
  /** Creates the source of memory for a scope within this one. */
  child(): MemorySource;
  /** Ends the scope, releasing the memory that other threads have allocated in it. */
  end(): void;
}

/** Alignment of tensors in bytes: the size of a cache line, and of an AVX-512 register */
export const alignment = 64;

export const aligned = (bytes: number) => Math.ceil(bytes / alignment) * alignment;

/** Small tensors share slabs, whose size grows with the memory already taken. */
const minSlabBytes = 1 << 18;
const maxSlabBytes = 1 << 22;

/** The memory of one scope, which is allocated piece by piece and released as a whole. */
export class ScopeMemory {
  private readonly regions: Region[] = [];
  private slab: Region | undefined;
  private used = 0;
  private slabBytes = minSlabBytes;

  constructor(readonly source: MemorySource) {}

  /** @throws CharnnError when there is not enough memory */
  allocate(bytes: number): Allocation {
    const size = aligned(Math.max(bytes, 1));
    if (size > this.slabBytes / 4) return this.region(size);
    if (this.slab === undefined || this.used + size > this.slab.bytes) {
      this.slab = this.region(this.slabBytes);
      this.used = 0;
      this.slabBytes = Math.min(2 * this.slabBytes, maxSlabBytes);
    }
    const { buffer, start, address } = this.slab;
    const allocation = {
      buffer,
      start: start + this.used,
      address: (address + this.used) as Address,
    };
    this.used += size;
    return allocation;
  }

  private region(bytes: number): Region {
    const region = this.source.allocate(bytes);
    this.regions.push(region);
    return region;
  }

  /** Releases all memory; tensors of this scope must not be used afterwards. */
  release(): void {
    for (const region of this.regions.splice(0)) this.source.free(region);
    this.slab = undefined;
    this.source.end();
  }
}
