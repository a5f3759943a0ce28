/**
 * WebAssembly in a memory that one thread has for itself: for pages, which get no shared memory when they are opened
 * from disk. Growing such a memory would take it away from under all tensors, so its size is fixed from the start, and
 * whoever finds it too small begins again with a larger one.
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
/** Bytes below this belong to the module's static data. */
const firstByte = 65536;
/** Bytes of the stack */
const stackBytes = 65536;
/** Max bytes of a memory, which a 32-bit address can reach */
const maxBytes = 2 ** 32 - pageBytes;

/** A memory is too small for what is to be done in it. */
export class OutOfRoom extends Error {}

/** Memory that is only ever taken: it ends with the page. */
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
 * Operations of the strict variant of WebAssembly, which give the bits of the back end `wasm`. Only those that
 * predicting needs are there.
 * @param module the kernels that the build compiles for unshared memory
 * @param bytes size of the memory, in which nothing is ever given back
 * @throws CharnnError, or a RangeError, when the engine has no such memory
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
 * @param bytes the size to begin with; where it is too small, the work begins again with twice as much
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
