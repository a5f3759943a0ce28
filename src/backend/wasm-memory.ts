/**
 * Memory of the WebAssembly back end. All threads of a device share one memory that grows, because an instance can only
 * compute in a single memory. It is a sequence of blocks, each preceded by a header with its length and the scope that
 * owns it. So any thread may allocate memory, and a scope can release what threads that have ended allocated in it. A
 * lock in the memory itself guards the sequence.
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

const pageBytes = 65536;
/** Max number of pages of memory: 4 GiB, which a 32-bit address can reach */
const maximumPages = 65536;
/**
 * Address of the first block. The bytes below it belong to WebAssembly's own static data, except for the first words,
 * which the allocator uses.
 */
const firstBlock = 65536;

/** Indices of words at the beginning of the memory, which the allocator uses and static data does not */
const lockWord = 0;
const ownersWord = 1;
/** End of the last block, in units of `alignment`, so that an end at 4 GiB fits into the 32 bits of a word */
const endWord = 2;

/** Index of each word in the header of a block of memory, and the length of the header in bytes */
const unitsWord = 0;
const ownerWord = 1;
const headerBytes = alignment;
const nobody = 0;

/**
 * Max milliseconds to wait for the allocator's lock; a thread that was terminated while holding it must not block the
 * others.
 */
const lockMs = 2000;

/**
 * @returns undefined if the JavaScript engine has no shared WebAssembly memory, or the process has too little address
 * space
 */
export function newWasmMemory(): WebAssembly.Memory | undefined {
  if (typeof WebAssembly === 'undefined') return undefined;
  try {
    return new WebAssembly.Memory({ initial: 2, maximum: maximumPages, shared: true });
  } catch {
    return undefined;
  }
}

export class WasmMemory implements MemorySource {
  private words: Int32Array;

  constructor(
    readonly memory: WebAssembly.Memory,
    /** The scope that owns what is allocated */
    readonly owner = 1,
  ) {
    this.words = new Int32Array(memory.buffer);
    Atomics.compareExchange(this.words, endWord, 0, firstBlock / alignment);
    Atomics.compareExchange(this.words, ownersWord, 0, 1);
  }

  allocate(bytes: number): Region {
    const size = aligned(bytes) + headerBytes;
    return this.locked(() => {
      const block = this.fromFree(size) ?? this.append(size);
      const start = block + headerBytes;
      return {
        ...{ buffer: this.memory.buffer, start, bytes: size - headerBytes },
        address: start as Address,
      };
    });
  }

  free({ start }: Region): void {
    this.locked(() => this.markFree(start - headerBytes));
  }

  locate({ start }: Allocation): Location {
    return { buffer: undefined, start };
  }

  find({ start }: Location): Allocation {
    return { buffer: this.grown(), start, address: start as Address };
  }

  child(): MemorySource {
    return new WasmMemory(this.memory, Atomics.add(this.words, ownersWord, 1) + 1);
  }

  end(): void {
    this.locked(() => {
      for (const block of this.blocks()) {
        if (this.word(block, ownerWord) === this.owner) this.markFree(block);
      }
    });
  }

  /** The starts of all blocks, in order */
  private *blocks(): Generator<number> {
    const end = (Atomics.load(this.words, endWord) >>> 0) * alignment;
    for (let at = firstBlock; at < end; at += this.sizeOf(at)) yield at;
  }

  private sizeOf(block: number): number {
    return (this.word(block, unitsWord) >>> 0) * alignment;
  }

  private word(block: number, word: number): number {
    this.remap();
    return this.words[block / 4 + word];
  }

  private setHeader(block: number, size: number, owner: number): void {
    this.remap();
    this.words[block / 4 + unitsWord] = size / alignment;
    this.words[block / 4 + ownerWord] = owner;
  }

  /** Joins adjacent free blocks, finds the first free block that is large enough, and zeroes it. */
  private fromFree(size: number): number | undefined {
    let last: number | undefined;
    for (const block of this.blocks()) {
      if (this.word(block, ownerWord) !== nobody) {
        last = undefined;
        continue;
      }
      if (last === undefined) last = block;
      else this.setHeader(last, this.sizeOf(last) + this.sizeOf(block), nobody);
      const length = this.sizeOf(last);
      if (length < size) continue;
      // the rest of the block that is split gets its header first, so that the sequence of blocks is always complete
      if (length > size) this.setHeader(last + size, length - size, nobody);
      this.setHeader(last, size, this.owner);
      new Uint8Array(this.memory.buffer, last + headerBytes, size - headerBytes).fill(0);
      return last;
    }
    return undefined;
  }

  private append(size: number): number {
    const block = (Atomics.load(this.words, endWord) >>> 0) * alignment;
    const end = block + size;
    const missing = Math.ceil((end - this.grown().byteLength) / pageBytes);
    if (missing > 0) this.grow(missing, end);
    this.setHeader(block, size, this.owner);
    Atomics.store(this.words, endWord, end / alignment);
    return block;
  }

  private grow(missing: number, end: number): void {
    // the size is checked first, because a system may allocate more memory than the machine has, and kill the process
    // later, when that memory is used
    requireMemory(missing * pageBytes, 'the tensors', undefined, end);
    try {
      this.memory.grow(missing);
    } catch (cause) {
      const reason =
        end > maximumPages * pageBytes
          ? 'WebAssembly allows at most 4 GiB; use a smaller model, batch or sequence length'
          : 'the system allows WebAssembly no more address space; raise the limit (ulimit -v), or use another back end';
      const gigabytes = (end / 2 ** 30).toPrecision(3);
      throw new CharnnError(
        `out of memory: the tensors would take ${gigabytes} GiB, but ${reason}`,
        1,
        { cause },
      );
    }
  }

  private markFree(block: number): void {
    this.setHeader(block, this.sizeOf(block), nobody);
  }

  /** The buffer at its current length, because another thread may have grown the memory. */
  private grown(): ArrayBufferLike {
    this.memory.grow(0);
    return this.memory.buffer;
  }

  private remap(): void {
    const { buffer } = this.memory;
    if (this.words.buffer !== buffer) this.words = new Int32Array(buffer);
  }

  private locked<T>(work: () => T): T {
    const giveUp = performance.now() + lockMs;
    while (Atomics.compareExchange(this.words, lockWord, 0, 1) !== 0) {
      Atomics.wait(this.words, lockWord, 1, lockMs);
      if (performance.now() > giveUp) break;
    }
    try {
      this.grown();
      this.remap();
      return work();
    } finally {
      Atomics.store(this.words, lockWord, 0);
      Atomics.notify(this.words, lockWord, 1);
    }
  }
}
