/**
 * The compiled back ends: every verb is one call of a kernel. What the native addon and the WebAssembly
 * module have in common is all of it but how the kernels are loaded. The verbs themselves are generated
 * from the manifest of kernels; here is the memory that they take beside their tensors.
 */
import type { Arena } from './arena.js';
import type { Backend, Tensor } from './backend.js';
import { type Address, address, noAddress } from './cpu.js';
import { KernelOperations, type Kernels } from './kernels/generated/operations.js';

export class CompiledBackend extends KernelOperations implements Backend {
  protected readonly VL: number;
  protected readonly ROW_COPIES: number;
  protected readonly LEFT_SIDE: number;
  private scratchAddress = noAddress;
  private scratchFloats = 0;
  /** Packed copies of frozen weights, by the weights' address */
  private readonly packedWeights = new Map<number, { readonly address: Address; fresh: boolean }>();

  constructor(
    arena: Arena,
    name: string,
    protected readonly kernels: Kernels,
  ) {
    super(arena, 'float32', name);
    this.VL = kernels.constant_VL();
    this.ROW_COPIES = kernels.constant_ROW_COPIES();
    this.LEFT_SIDE = kernels.constant_LEFT_SIDE();
  }

  override freeze(weight: Tensor): void {
    const [N, K] = weight.shape;
    const at = address(weight);
    const packed = this.packedWeights.get(at)?.address ?? this.reserve(this.panels(N, K));
    this.kernels.pack_weight(packed, at, N, K);
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

  /** Memory for good, beside the tensors'. */
  protected reserve(floats: number): Address {
    return this.arena.allocate(floats * 4);
  }

  /** Memory for the kernels' own use during one call; it only ever grows. */
  protected scratch(floats: number): Address {
    if (floats > this.scratchFloats) {
      this.scratchAddress = this.reserve(floats);
      this.scratchFloats = floats;
    }
    return this.scratchAddress;
  }
}
