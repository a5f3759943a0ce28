/** Tensors, indices and scratch memory each between memory that must not be touched. */
import type { Tensor } from '#charnn/backend/backend.js';
import { CompiledBackend, Scratch } from '#charnn/backend/compiled.js';
import { address } from '#charnn/backend/cpu.js';
import { Heap } from '#charnn/backend/heap.js';
import type { NativeAddon } from '#charnn/backend/native.js';
import { type Address, type Allocation, ScopeMemory } from '#charnn/backend/scope-memory.js';
import type { Machine } from '../backend/run-case.js';

/**
 * How memory is fenced: poisoned on both sides, to the byte, which only code that was compiled with
 * AddressSanitizer notices; or by a page behind or before it, which ends the process whatever reaches there.
 */
export type Fencing = 'poison' | 'page behind' | 'page before';

/** The test's own addon, `fences.c` */
export interface Fences {
  close(start: number, bytes: number): void;
  open(start: number, bytes: number): void;
  pointerOf(memory: Uint8Array): number;
  readonly pageBytes: number;
}

/** The largest case takes less. */
const arenaBytes = 1 << 26;
/** Of poison, between two tensors: more than a vector. */
const gapBytes = 256;

const roundUp = (bytes: number, unit: number) => Math.ceil(bytes / unit) * unit;

/** One piece of memory for all cases of a process, closed but for the tensors of the present one. */
export class Arena {
  private readonly memory = new SharedArrayBuffer(arenaBytes);
  /** Pointer to its first byte at the beginning of a page */
  private readonly base: number;
  /** The same byte's address, as the kernels of the present addon count it */
  private baseAddress = 0;
  /** Offset of that byte in `memory` */
  private readonly first: number;
  private readonly whole: number;
  /** Bytes from there that have been taken */
  private used = 0;

  constructor(
    private readonly fences: Fences,
    private readonly fencing: Fencing,
  ) {
    const page = fences.pageBytes;
    const bytes = new Uint8Array(this.memory);
    const start = fences.pointerOf(bytes);
    this.first = (page - (start % page)) % page;
    this.base = start + this.first;
    this.whole = Math.floor((arenaBytes - this.first) / page) * page;
    fences.close(this.base, this.whole);
  }

  /** Counts addresses as the kernels of this addon do, which is from a location within it. */
  countFor(addon: NativeAddon): void {
    this.baseAddress = addon.addressOf(new Uint8Array(this.memory)) + this.first;
  }

  take(bytes: number): Allocation {
    const poison = this.fencing === 'poison';
    const [gap, unit] = poison ? [gapBytes, 64] : [this.fences.pageBytes, this.fences.pageBytes];
    const opened = poison ? bytes : roundUp(bytes, unit);
    // a tensor may be a view that begins anywhere; poison begins at multiples of eight
    const from = this.used + gap + (poison ? 8 : 0);
    const used = roundUp(from + opened, unit);
    if (used + gap > this.whole) throw new Error('the arena is too small for this case');
    this.used = used;
    this.fences.open(this.base + from, opened);
    // every bit set is not-a-number: what a kernel did not write shows in its results
    new Uint8Array(this.memory, this.first + from, opened).fill(0xff);
    const at = this.fencing === 'page behind' ? from + opened - bytes : from;
    return {
      ...{ buffer: this.memory, start: this.first + at },
      address: (this.baseAddress + at) as Address,
    };
  }

  /** Closes all that was taken. */
  clear(): void {
    this.fences.close(this.base, roundUp(this.used, this.fences.pageBytes));
    this.used = 0;
  }

  /** Opens everything, so that whoever gives the memory back may write to it. */
  end(): void {
    this.fences.open(this.base, this.whole);
  }
}

class FencedMemory extends ScopeMemory {
  constructor(private readonly arena: Arena) {
    super(new Heap(undefined));
  }

  override allocate(bytes: number): Allocation {
    return this.arena.take(Math.max(bytes, 4));
  }
}

class FencedBackend extends CompiledBackend {
  protected override scratch(words: number): Address {
    return address(this.tensor([words]));
  }
}

/** A machine for one case; the arena is to be cleared after it. */
export function fencedMachine(arena: Arena, kernels: ReturnType<NativeAddon['open']>): Machine {
  const memory = new FencedMemory(arena);
  const backend = new FencedBackend(memory, 'fenced', kernels, new Scratch(memory.source));
  const filled =
    (kind: 'tensor' | 'compact') =>
    (_: string, shape: readonly number[], values: ArrayLike<number>): Tensor => {
      const made = backend[kind](shape);
      backend.write(made, values);
      return made;
    };
  const guarded = { tensor: filled('tensor'), compact: filled('compact'), overrun: () => [] };
  return { backend, guarded };
}
