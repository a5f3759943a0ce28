/**
 * WebAssembly with memory that only one thread uses: for web pages, which have no shared memory when they are opened
 * from disk. Growing such a memory would invalidate all tensors, so its size is fixed, and work for which it turns out
 * too small begins again with a larger one.
 */
import type { Backend } from './backend.js';
import { CompiledBackend, Scratch } from './compiled.js';
import type { Kernels } from './kernels/generated/operations.js';
import {
  type Address,
  type Allocation,
  aligned,
  type Location,
  type MemorySource,
  type Region,
  ScopeMemory,
} from './scope-memory.js';

const pageBytes = 65536;
/** Bytes below this address belong to the module's static data. */
const firstByte = 65536;
/** Size of the stack of the WebAssembly module in bytes */
const stackBytes = 65536;
/** Max bytes of a memory, which a 32-bit address can reach */
const maxBytes = 2 ** 32 - pageBytes;

/** A memory of fixed size is too small for the work. */
export class OutOfRoom extends Error {}

/** Memory whose allocations are never released as long as the web page is open */
class FixedMemory implements MemorySource {
  readonly memory: WebAssembly.Memory;
  private next = firstByte;

  constructor(bytes: number) {
    this.memory = new WebAssembly.Memory({ initial: Math.ceil(bytes / pageBytes) });
  }

  allocate(bytes: number): Region {
    const start = this.next;
    const size = aligned(bytes);
    const { buffer } = this.memory;
    if (start + size > buffer.byteLength) throw new OutOfRoom(`${size} bytes do not fit`);
    this.next += size;
    return { buffer, start, bytes: size, address: start as Address };
  }

  free(): void {}

  locate({ start }: Allocation): Location {
    return { buffer: undefined, start };
  }

  find({ start }: Location): Allocation {
    return { buffer: this.memory.buffer, start, address: start as Address };
  }

  child(): MemorySource {
    return this;
  }

  end(): void {}
}

/**
 * The operations needed for predicting, compiled for WebAssembly without relaxed SIMD, so that they give the same bits
 * as the back end `wasm`.
 * @param module the kernels that the build compiles for unshared memory
 * @param bytes size of the memory, of which nothing is ever released
 * @throws CharnnError, or a RangeError, when the engine cannot provide such memory
 */
export function unsharedOperations(module: WebAssembly.Module, bytes: number): Backend {
  const source = new FixedMemory(bytes);
  const { memory } = source;
  const instance = new WebAssembly.Instance(module, { env: { memory } });
  const stack = source.allocate(stackBytes);
  (instance.exports.__stack_pointer as WebAssembly.Global).value = stack.start + stackBytes;
  const kernels = instance.exports as unknown as Kernels;
  return new CompiledBackend(new ScopeMemory(source), 'wasm (simd)', kernels, new Scratch(source));
}

/**
 * Does work in a memory that is large enough for it.
 * @param bytes the size to begin with; if it is too small, the work begins again with twice as much
 */
export function inEnoughRoom<T>(
  module: WebAssembly.Module,
  bytes: number,
  work: (backend: Backend, bytes: number) => T,
): T {
  for (let size = bytes; ; size = Math.min(2 * size, maxBytes)) {
    try {
      return work(unsharedOperations(module, size), size);
    } catch (error) {
      if (!(error instanceof OutOfRoom) || size === maxBytes) throw error;
    }
  }
}
