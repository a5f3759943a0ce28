/**
 * Memory operations of the back ends that compute on the processor, where a tensor is a typed array and, for kernels,
 * an address.
 */

import { CharnnError } from '../errors.js';
import type { Backend, DType, Indices, SharedTensor, Tensor } from './backend.js';
import { fromHalfBits, halfBits, roundedToHalf } from './half.js';
import {
  type Address,
  type Allocation,
  type Location,
  noAddress,
  type ScopeMemory,
} from './scope-memory.js';

type Reals = Float32Array | Float64Array;
/** The elements of a tensor: floating-point numbers, or the bits of numbers in bfloat16 */
type Elements = Reals | Uint16Array;

export class CpuTensor implements Tensor {
  readonly size: number;

  /**
   * @param values all elements of the tensor of which this is a view, or of this tensor itself
   * @param start index in `values` of the first element of this tensor
   */
  constructor(
    readonly shape: readonly number[],
    readonly values: Elements,
    readonly start: number,
    readonly address: Address,
    readonly place: Allocation,
    /**
     * Whether the tensor is compact and the device computes in half precision, so that its numbers are bfloat16 or
     * rounded to bfloat16.
     */
    readonly half = false,
  ) {
    this.size = sizeOf(shape);
  }

  /**
   * The elements, without a copy. The array is created when it is first needed, because many views are only used by
   * kernels.
   */
  get elements(): Elements {
    this.cached ??= this.values.subarray(this.start, this.start + this.size);
    return this.cached;
  }

  private cached: Elements | undefined;
}

export class CpuIndices implements Indices {
  constructor(
    readonly length: number,
    readonly values: Int32Array,
    readonly start: number,
    readonly address: Address,
  ) {}
}

/** Max number of elements of a tensor, which the kernels count in 32 bits */
const maxElements = 2 ** 31 - 1;

function sizeOf(shape: readonly number[]): number {
  return shape.reduce((product, length) => product * length, 1);
}

function requireSize(size: number): void {
  if (size >= 0 && size <= maxElements && Number.isInteger(size)) return;
  throw new CharnnError(
    `a tensor of ${size} elements cannot be made: it may have ${maxElements} at most`,
  );
}

function shifted(start: Address, bytes: number): Address {
  return (start + bytes) as Address;
}

/** The memory operations; derived classes add the operations that compute. */
export abstract class CpuBackend {
  private readonly elementBytes: number;

  constructor(
    protected readonly memory: ScopeMemory,
    readonly dtype: DType,
    readonly name: string,
  ) {
    this.elementBytes = dtype === 'float64' ? 8 : 4;
  }

  tensor(shape: readonly number[]): CpuTensor {
    const size = sizeOf(shape);
    requireSize(size);
    return this.tensorAt([...shape], this.memory.allocate(size * this.elementBytes));
  }

  get half(): boolean {
    return false;
  }

  compact(shape: readonly number[]): Tensor {
    return this.tensor(shape);
  }

  indices(length: number): CpuIndices {
    requireSize(length);
    const { buffer, start, address } = this.memory.allocate(length * 4);
    return new CpuIndices(length, new Int32Array(buffer, start, length), 0, address);
  }

  view(x: Tensor, start: number, shape: readonly number[]): CpuTensor {
    const of = x as CpuTensor;
    const at = shifted(of.address, start * of.values.BYTES_PER_ELEMENT);
    const view = new CpuTensor([...shape], of.values, of.start + start, at, of.place, of.half);
    if (!(start >= 0 && start + view.size <= x.size)) {
      throw new Error(`view of [${shape}] from ${start} on exceeds a tensor of ${x.size}`);
    }
    return view;
  }

  viewIndices(ids: Indices, start: number, length: number): CpuIndices {
    if (!(start >= 0 && length >= 0 && start + length <= ids.length)) {
      throw new Error(`view of ${length} integers from ${start} on exceeds ${ids.length}`);
    }
    const of = ids as CpuIndices;
    return new CpuIndices(length, of.values, of.start + start, shifted(of.address, start * 4));
  }

  share(x: Tensor): SharedTensor {
    const { place, start, shape, half } = x as CpuTensor;
    if (half) throw new Error('compact tensors are not shared');
    const { source } = this.memory;
    const location = source.locate({ ...place, start: place.start + start * this.elementBytes });
    return { location, shape };
  }

  attach({ location, shape }: SharedTensor): CpuTensor {
    return this.tensorAt(shape, this.memory.source.find(location as Location));
  }

  private tensorAt(shape: readonly number[], place: Allocation): CpuTensor {
    const { buffer, start, address } = place;
    const size = sizeOf(shape);
    const values =
      this.dtype === 'float64'
        ? new Float64Array(buffer, start, size)
        : new Float32Array(buffer, start, size);
    return new CpuTensor(shape, values, 0, address, place);
  }

  write(x: Tensor, values: ArrayLike<number>): void {
    if (values.length !== x.size) {
      throw new Error(`${values.length} values for a tensor of ${x.size}`);
    }
    const { elements, half } = x as CpuTensor;
    if (!half) elements.set(values);
    else if (elements instanceof Uint16Array) elements.set(halfBits(values));
    else elements.set(roundedToHalf(Float32Array.from(values)));
  }

  writeIndices(ids: Indices, values: ArrayLike<number>): void {
    if (values.length !== ids.length) {
      throw new Error(`${values.length} values for ${ids.length} integers`);
    }
    const { values: to, start } = ids as CpuIndices;
    // for the few ids in a step of generation, a loop is faster
    if (values.length >= 64) to.set(values, start);
    else for (let i = 0; i < ids.length; i++) to[start + i] = values[i];
  }

  read(x: Tensor, into?: Reals): Reals {
    const { size } = x;
    const values =
      into ?? (this.dtype === 'float64' ? new Float64Array(size) : new Float32Array(size));
    const { elements } = x as CpuTensor;
    values.set(elements instanceof Uint16Array ? fromHalfBits(elements) : elements);
    return values;
  }

  fill(x: Tensor, value: number): void {
    const { values, start, size, half } = x as CpuTensor;
    const bits = values instanceof Uint16Array;
    const element = bits
      ? halfBits([value])[0]
      : half
        ? roundedToHalf(Float32Array.of(value))[0]
        : value;
    values.fill(element, start, start + size);
  }

  copy(dst: Tensor, src: Tensor): void {
    if (dst.size !== src.size) throw new Error(`copy of ${src.size} elements to ${dst.size}`);
    const [to, from] = [dst as CpuTensor, src as CpuTensor];
    if (to.half === from.half) to.elements.set(from.elements);
    else this.convert(to, from);
  }

  /** Copies between a compact tensor (bfloat16 in half precision) and a tensor of floats. */
  protected convert(dst: Tensor, src: Tensor): void {
    this.write(dst, this.read(src));
  }

  freeze(_weight: Tensor, _parts?: readonly number[]): void {}

  thaw(_weight: Tensor): void {}

  /** The elements of a tensor, without a copy */
  protected array(x: Tensor): Reals {
    return (x as CpuTensor).elements as Reals;
  }

  /**
   * Checks a list before a kernel uses it as indices.
   * @throws CharnnError when one of the integers is negative or not below `limit`
   */
  protected requireBelow(ids: Indices, limit: number): void {
    const { values, start, length } = ids as CpuIndices;
    for (let i = start; i < start + length; i++) {
      const id = values[i];
      if (id >= 0 && id < limit) continue;
      throw new CharnnError(
        `an id must be below ${limit}, the size of the vocabulary, but one is ${id}: the ids belong to another vocabulary`,
      );
    }
  }

  /** The integers of a list, without a copy, after checking that each is below `limit` */
  protected integers(ids: Indices, limit: number): Int32Array {
    this.requireBelow(ids, limit);
    return this.allIntegers(ids);
  }

  /** The integers of a list, without a copy and without a check */
  protected allIntegers(ids: Indices): Int32Array {
    const { values, start, length } = ids as CpuIndices;
    return values.subarray(start, start + length);
  }
}

/**
 * The elements of a tensor without a copy, for code that sends them to another process.
 * @throws Error if the device has memory of its own, or if the elements are not float32
 */
export function float32Elements(x: Tensor): Float32Array {
  if (x instanceof CpuTensor && x.elements instanceof Float32Array) return x.elements;
  throw new Error('these elements cannot be reached in place');
}

/** The address of a list of integers, or of a tensor that does not consist of bfloat16, as kernels take it */
export function address(x: Tensor | Indices): Address {
  if ((x as CpuTensor).half) throw new Error('this operation takes no compact tensor here');
  return (x as CpuTensor | CpuIndices).address;
}

/** Returns a tensor that an operation requires, after checking that it is there. */
export function present(x: Tensor | undefined): Tensor {
  if (x === undefined) throw new Error('a tensor of this operation is missing');
  return x;
}

/** The address of a tensor that may be compact (consist of bfloat16 in half precision) */
export function addressOfEither(x: Tensor): Address {
  return (x as CpuTensor).address;
}

/** Whether a tensor consists of bfloat16 */
export function isHalf(x: Tensor | undefined): boolean {
  return x !== undefined && (x as CpuTensor).half;
}

/** The address of a tensor that may be absent */
export function optionalAddress(x: Tensor | Indices | undefined): Address {
  return x === undefined ? noAddress : address(x);
}

// compile-time check that the memory operations have the types of the interface
type MemoryOperations = Pick<
  Backend,
  | 'tensor'
  | 'half'
  | 'compact'
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
true satisfies CpuBackend extends MemoryOperations ? true : never;
