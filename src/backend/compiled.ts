/**
 * The compiled back ends, in which every operation is one call of a kernel. The native addon and the WebAssembly module
 * differ only in how the kernels are loaded. The operations themselves are generated from the manifest of kernels; this
 * file manages the memory that they need besides their tensors.
 */
import type { Backend, Indices, Tensor } from './backend.js';
import { address, addressOfEither, type CpuIndices, CpuTensor, isHalf } from './cpu.js';
import { KernelOperations, type Kernels } from './kernels/generated/operations.js';
import {
  type Address,
  type MemorySource,
  noAddress,
  type Region,
  type ScopeMemory,
} from './scope-memory.js';

/** Scratch memory of the kernels during a call, shared by all scopes of a thread. It only ever grows. */
export class Scratch {
  private region: Region | undefined;
  /** Size of the scratch memory in words of 4 bytes */
  private words = 0;

  constructor(private readonly source: MemorySource) {}

  take(words: number): Address {
    if (words > this.words) this.grow(words);
    return this.region?.address ?? noAddress;
  }

  private grow(words: number): void {
    const region = this.source.allocate(words * 4);
    this.release();
    this.region = region;
    this.words = words;
  }

  release(): void {
    if (this.region) this.source.free(this.region);
    this.region = undefined;
    this.words = 0;
  }
}

/**
 * Number of elements from which a kernel is faster than JavaScript even if there is little to do for each. The methods
 * of arrays move the elements of shared memory one at a time.
 */
const kernelSize = 256;

export class CompiledBackend extends KernelOperations implements Backend {
  protected readonly VL: number;
  protected readonly WEIGHT_WORD: number;
  protected readonly WEIGHT_STEP: number;
  protected readonly COLUMN_WORDS: number;
  protected readonly ROOM: number;
  protected readonly ROW_COPIES: number;
  protected readonly LEFT_SIDE: number;
  protected readonly INPUT_ROWS: number;
  protected readonly PROGRAM_TILE: number;
  /** Packed copies of frozen weights, by the address of the weight */
  private readonly packedWeights = new Map<number, { readonly address: Address; fresh: boolean }>();

  constructor(
    memory: ScopeMemory,
    name: string,
    protected readonly kernels: Kernels,
    private readonly scratchMemory: Scratch,
  ) {
    super(memory, 'float32', name);
    this.VL = kernels.constant_VL();
    this.WEIGHT_WORD = kernels.constant_WEIGHT_WORD();
    this.WEIGHT_STEP = kernels.constant_WEIGHT_STEP();
    this.COLUMN_WORDS = kernels.constant_COLUMN_WORDS();
    this.ROOM = kernels.constant_ROOM();
    this.ROW_COPIES = kernels.constant_ROW_COPIES();
    this.LEFT_SIDE = kernels.constant_LEFT_SIDE();
    this.INPUT_ROWS = kernels.constant_INPUT_ROWS();
    this.PROGRAM_TILE = kernels.constant_PROGRAM_TILE();
  }

  override get half(): boolean {
    return this.WEIGHT_WORD === 2;
  }

  override compact(shape: readonly number[]): Tensor {
    if (!this.half) return this.tensor(shape);
    const size = shape.reduce((product, length) => product * length, 1);
    const place = this.memory.allocate(size * 2);
    const values = new Uint16Array(place.buffer, place.start, size);
    return new CpuTensor([...shape], values, 0, place.address, place, true);
  }

  protected override addressOfCompact(x: Tensor): Address {
    if (isHalf(x) !== this.half) throw new Error('this operation takes a compact tensor here');
    return addressOfEither(x);
  }

  protected override convert(dst: Tensor, src: Tensor): void {
    const [to, from] = [addressOfEither(dst), addressOfEither(src)];
    this.kernels.convert(to, isHalf(dst) ? 1 : 0, from, isHalf(src) ? 1 : 0, dst.size);
  }

  override fill(x: Tensor, value: number): void {
    if (isHalf(x) || x.size < kernelSize) super.fill(x, value);
    else this.kernels.set_all(address(x), x.size, value);
  }

  override copy(dst: Tensor, src: Tensor): void {
    if (dst.size !== src.size || dst.size < kernelSize) super.copy(dst, src);
    else this.convert(dst, src);
  }

  protected override requireBelow(ids: Indices, limit: number): void {
    const { length, address: at } = ids as CpuIndices;
    if (length >= kernelSize && this.kernels.largest_id(at, length) < limit) return;
    super.requireBelow(ids, limit);
  }

  override freeze(weight: Tensor, parts: readonly number[] = [weight.shape[0]]): void {
    const K = weight.shape[1];
    const at = address(weight);
    const words = parts.reduce((sum, rows) => sum + this.panels(rows, K), 0);
    const packed = this.packedWeights.get(at)?.address ?? this.reserve(words);
    let [to, from] = [packed, at];
    for (const rows of parts) {
      this.kernels.pack_weight(to, from, rows, K);
      to = (to + 4 * this.panels(rows, K)) as Address;
      from = (from + 4 * rows * K) as Address;
    }
    this.packedWeights.set(at, { address: packed, fresh: true });
  }

  override thaw(weight: Tensor): void {
    const packed = this.packedWeights.get(address(weight));
    if (packed) packed.fresh = false;
  }

  protected packed(weight: Tensor): Address {
    const packed = this.packedWeights.get(address(weight));
    return packed?.fresh ? packed.address : noAddress;
  }

  sumSquares(parts: readonly Tensor[]): number {
    let total = 0;
    for (const part of parts) total += this.kernels.squares(address(part), part.size);
    return total;
  }

  /** Allocates memory that is released together with the tensors that these operations allocate. */
  protected reserve(words: number): Address {
    return this.memory.allocate(words * 4).address;
  }

  /** Returns scratch memory for one call. */
  protected scratch(words: number): Address {
    return this.scratchMemory.take(words);
  }
}
