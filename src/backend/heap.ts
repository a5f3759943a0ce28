/**
 * Memory of the native and the reference back end: regions of shared array buffers are allocated and released. The
 * buffers reserve no more address space than they have bytes, and an address stays valid as long as the heap holds its
 * buffer. Each thread has a heap of its own; threads share single tensors. V8 frees shared buffers late or never, so
 * released regions are kept and used for later allocations.
 */
import { CharnnError } from '../errors.js';
import { requireMemory } from '../machine/memory.js';
import {
  type Address,
  type Allocation,
  aligned,
  alignment,
  type Location,
  type MemorySource,
  type Region,
} from './scope-memory.js';

/**
 * Min size of a buffer in bytes. The larger the heap, the larger are new buffers, up to `maxBufferBytes`; a region that
 * is larger still gets a buffer of its own size.
 */
const minBufferBytes = 1 << 22;
const maxBufferBytes = 1 << 26;
/** Min size of a region that is given back to the system while it is free, in bytes */
const minReturnedBytes = 1 << 20;
/** Bytes per unit of the counter of allocated memory, so many that 32 bits suffice for the count */
const counted = 4096;
/** Max length of a typed array of bytes; its elements are counted in 32 bits. */
const maxRegionBytes = 2 ** 32 - 2 * counted;

interface Buffer {
  readonly memory: SharedArrayBuffer;
  /** Address of the buffer's first byte; 0 if the back end needs no addresses */
  readonly base: number;
  /** Free ranges in ascending order, never adjacent */
  free: { start: number; end: number }[];
}

/** Functions that handle memory in ways in which only the native addon can */
export interface Pointers {
  /** Returns the address of a buffer's first byte; the memory does not move. */
  addressOf(memory: Uint8Array): number;
  /** Sets bytes to 0, and gives the memory back to the system until it is used again, where that is possible. */
  clear(memory: Uint8Array): void;
}

export class Heap implements MemorySource {
  private readonly buffers: Buffer[] = [];
  private readonly bases = new WeakMap<ArrayBufferLike, number>();
  private total = 0;

  constructor(
    private readonly pointers: Pointers | undefined,
    /** Total bytes of all threads' heaps, in units of `counted` */
    public readonly counter: Int32Array = new Int32Array(new SharedArrayBuffer(4)),
  ) {}

  allocate(bytes: number): Region {
    const size = aligned(bytes);
    if (size > maxRegionBytes) {
      const gigabytes = (size / 2 ** 30).toFixed(2);
      throw new CharnnError(
        `out of memory: a tensor of ${gigabytes} GiB is too large, because at most 4 GiB are possible; use a smaller model, batch or sequence length`,
      );
    }
    const region = this.fromFree(size);
    if (region) return region;
    this.addBuffer(size);
    return this.fromFree(size) as Region;
  }

  /** Finds the smallest free range that is large enough. */
  private fromFree(size: number): Region | undefined {
    let best: { buffer: Buffer; index: number; length: number } | undefined;
    for (const buffer of this.buffers) {
      for (const [index, { start, end }] of buffer.free.entries()) {
        const length = end - start;
        if (length >= size && (best === undefined || length < best.length)) {
          best = { buffer, index, length };
        }
      }
    }
    if (best === undefined) return undefined;
    const { buffer, index } = best;
    const range = buffer.free[index];
    const { start } = range;
    range.start += size;
    if (range.start === range.end) buffer.free.splice(index, 1);
    return {
      ...{ buffer: buffer.memory, start, bytes: size },
      address: (buffer.base + start) as Address,
    };
  }

  free({ buffer, start, bytes }: Region): void {
    const from = this.buffers.find(({ memory }) => memory === buffer);
    if (from === undefined) return;
    // the region is filled with zeros now, because memory must be zero when it is allocated again
    const memory = new Uint8Array(buffer, start, bytes);
    if (this.pointers && bytes >= minReturnedBytes) this.pointers.clear(memory);
    else memory.fill(0);
    const ranges = [...from.free, { start, end: start + bytes }].sort((a, b) => a.start - b.start);
    from.free = [];
    for (const range of ranges) {
      const last = from.free.at(-1);
      if (last?.end === range.start) last.end = range.end;
      else from.free.push(range);
    }
  }

  locate({ buffer, start }: Allocation): Location {
    return { buffer, start };
  }

  find({ buffer, start }: Location): Allocation {
    if (buffer === undefined) throw new Error('the tensor belongs to another kind of device');
    return { buffer, start, address: (this.baseOf(buffer) + start) as Address };
  }

  child(): MemorySource {
    return this;
  }

  end(): void {}

  private baseOf(buffer: ArrayBufferLike): number {
    if (this.pointers === undefined) return 0;
    const known = this.bases.get(buffer) ?? this.pointers.addressOf(new Uint8Array(buffer));
    this.bases.set(buffer, known);
    return known;
  }

  private addBuffer(size: number): void {
    const usual = Math.min(maxBufferBytes, Math.max(minBufferBytes, this.total));
    const sizes = size < usual ? [usual, size] : [size];
    let failure: unknown;
    for (const bytes of sizes) {
      try {
        this.newBuffer(bytes + alignment);
        return;
      } catch (error) {
        failure = error;
      }
    }
    throw failure;
  }

  private newBuffer(bytes: number): void {
    const units = Math.ceil(bytes / counted);
    // the counter of allocated memory contains only buffers that exist already, so the new one's size is added
    const all = (Atomics.load(this.counter, 0) + units) * counted;
    // the system may grant memory that the machine does not have and, when it is used, kill the process; so whether the
    // machine has it is checked here
    requireMemory(bytes, 'the tensors', undefined, all);
    let memory: SharedArrayBuffer;
    try {
      memory = new SharedArrayBuffer(bytes);
    } catch (cause) {
      const size = (bytes / 2 ** 30).toFixed(2);
      throw new CharnnError(
        `out of memory: the system refused ${size} GiB for tensors, with which ${(all / 2 ** 30).toFixed(2)} GiB would be in use; use a smaller model, batch or sequence length`,
        1,
        { cause },
      );
    }
    const base = this.baseOf(memory);
    Atomics.add(this.counter, 0, units);
    this.total += bytes;
    // an address is a distance from a location in the addon, so it may be negative, and then so is the remainder
    const start = (2 * alignment - (base % alignment)) % alignment;
    const end = start + Math.floor((bytes - start) / alignment) * alignment;
    this.buffers.push({ memory, base, free: [{ start, end }] });
  }
}
