/**
 * Memory of the back ends that compute on the processor: a tensor is an address in the arena.
 */
import { type Address, type Arena, noAddress } from './arena.js';
import type { Backend, DType, Indices, SharedTensor, Tensor } from './backend.js';

export { type Address, noAddress };

export class CpuTensor implements Tensor {
  readonly size: number;

  constructor(
    readonly shape: readonly number[],
    /** Address in the arena, in bytes */
    readonly byteOffset: Address,
  ) {
    this.size = shape.reduce((product, length) => product * length, 1);
  }
}

export class CpuIndices implements Indices {
  constructor(
    readonly length: number,
    /** Address in the arena, in bytes */
    readonly byteOffset: Address,
  ) {}
}

/** Up to here a loop is faster than making a view. */
const longestLoop = 512;

function shifted(start: Address, bytes: number): Address {
  return (start + bytes) as Address;
}

type Reals = Float32Array | Float64Array;

/** The verbs of memory; the verbs of computation are the derived classes'. */
export abstract class CpuBackend {
  private readonly elementBytes: number;
  private reals: Reals;
  private words: Int32Array;

  constructor(
    protected readonly arena: Arena,
    readonly dtype: DType,
    readonly name: string,
  ) {
    this.elementBytes = dtype === 'float64' ? 8 : 4;
    [this.reals, this.words] = this.mapMemory();
  }

  tensor(shape: readonly number[]): CpuTensor {
    const size = shape.reduce((product, length) => product * length, 1);
    return new CpuTensor([...shape], this.arena.allocate(size * this.elementBytes));
  }

  indices(length: number): CpuIndices {
    return new CpuIndices(length, this.arena.allocate(length * 4));
  }

  view(x: Tensor, start: number, shape: readonly number[]): CpuTensor {
    const view = new CpuTensor([...shape], shifted(address(x), start * this.elementBytes));
    if (start < 0 || start + view.size > x.size) {
      throw new Error(`view of [${shape}] from ${start} on exceeds a tensor of ${x.size}`);
    }
    return view;
  }

  viewIndices(ids: Indices, start: number, length: number): CpuIndices {
    if (start < 0 || start + length > ids.length) {
      throw new Error(`view of ${length} integers from ${start} on exceeds ${ids.length}`);
    }
    return new CpuIndices(length, shifted(address(ids), start * 4));
  }

  share(x: Tensor): SharedTensor {
    return { location: address(x), shape: x.shape };
  }

  attach({ location, shape }: SharedTensor): CpuTensor {
    return new CpuTensor(shape, location as Address);
  }

  write(x: Tensor, values: ArrayLike<number>): void {
    if (values.length !== x.size) {
      throw new Error(`${values.length} values for a tensor of ${x.size}`);
    }
    this.array(x).set(values);
  }

  writeIndices(ids: Indices, values: ArrayLike<number>): void {
    if (values.length !== ids.length) {
      throw new Error(`${values.length} values for ${ids.length} integers`);
    }
    const start = address(ids) / 4;
    if (start + ids.length > this.words.length) this.remap();
    // a loop is faster than a view for the few ids of a step of generation
    for (let i = 0; i < ids.length; i++) this.words[start + i] = values[i];
  }

  read(x: Tensor, into?: Reals): Reals {
    const start = this.start(x);
    const values =
      into ?? (this.dtype === 'float64' ? new Float64Array(x.size) : new Float32Array(x.size));
    if (x.size > longestLoop) values.set(this.array(x));
    else for (let i = 0; i < x.size; i++) values[i] = this.reals[start + i];
    return values;
  }

  fill(x: Tensor, value: number): void {
    const start = this.start(x);
    this.reals.fill(value, start, start + x.size);
  }

  copy(dst: Tensor, src: Tensor): void {
    if (dst.size !== src.size) throw new Error(`copy of ${src.size} elements to ${dst.size}`);
    const [to, from] = [this.start(dst), this.start(src)];
    // only now: either may have found the memory grown
    this.reals.copyWithin(to, from, from + src.size);
  }

  freeze(_weight: Tensor): void {}

  thaw(_weight: Tensor): void {}

  /** A tensor's elements in place. */
  protected array(x: Tensor): Reals {
    const start = this.start(x);
    return this.reals.subarray(start, start + x.size);
  }

  /** A list of integers in place. */
  protected integers(ids: Indices): Int32Array {
    const start = address(ids) / 4;
    if (start + ids.length > this.words.length) this.remap();
    return this.words.subarray(start, start + ids.length);
  }

  /** Index of a tensor's first element among all reals, whose view reaches it. */
  private start(x: Tensor): number {
    const start = address(x) / this.elementBytes;
    if (start + x.size > this.reals.length) this.remap();
    return start;
  }

  /** Typed arrays keep the length that the memory had when they were made. */
  private remap(): void {
    [this.reals, this.words] = this.mapMemory();
  }

  private mapMemory(): [Reals, Int32Array] {
    const { buffer } = this.arena;
    const reals = this.dtype === 'float64' ? new Float64Array(buffer) : new Float32Array(buffer);
    return [reals, new Int32Array(buffer)];
  }
}

/** Where a tensor of this family of back ends starts, in bytes. */
export function address(x: Tensor | Indices): Address {
  return (x as CpuTensor | CpuIndices).byteOffset;
}

/** The same of a tensor that may be absent */
export function optionalAddress(x: Tensor | Indices | undefined): Address {
  return x === undefined ? noAddress : address(x);
}

// a compile-time check that the verbs of memory are spelt as the interface has them
type MemoryVerbs = Pick<
  Backend,
  | 'tensor'
  | 'indices'
  | 'view'
  | 'viewIndices'
  | 'share'
  | 'attach'
  | 'write'
  | 'writeIndices'
  | 'read'
  | 'fill'
  | 'copy'
  | 'freeze'
  | 'thaw'
>;
true satisfies CpuBackend extends MemoryVerbs ? true : never;
