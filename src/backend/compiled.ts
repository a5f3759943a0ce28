/**
 * The compiled back ends: every verb is one call of a kernel. What the native addon and the WebAssembly
 * module have in common is all of it but how the kernels are loaded.
 */
import type { Arena } from './arena.js';
import type {
  AdamStep,
  Backend,
  ChunkSize,
  DropoutMask,
  GruBuffers,
  Indices,
  Lookup,
  LstmBuffers,
  LstmNormBuffers,
  MuonStep,
  RmspropStep,
  RnnBuffers,
  SgdStep,
  Tensor,
} from './backend.js';
import { address, CpuBackend } from './cpu.js';

/** Addresses and sizes in, as kernels.h lists them; 0 is no tensor. Reductions return their result. */
export type Kernels = Readonly<Record<KernelName, (...numbers: number[]) => number>>;

type KernelName =
  | 'linear'
  | 'linear_backward_input'
  | 'linear_backward_weight'
  | 'pack_weight'
  | 'gather'
  | 'scatter_add'
  | 'transpose'
  | 'transpose_backward'
  | 'rnn_forward'
  | 'rnn_backward'
  | 'lstm_forward'
  | 'lstm_backward'
  | 'lstm_norm_forward'
  | 'lstm_norm_backward'
  | 'gru_forward'
  | 'gru_backward'
  | 'softmax_cross_entropy'
  | 'dropout'
  | 'add'
  | 'lerp'
  | 'clamp'
  | 'sum'
  | 'sum_squares'
  | 'adam'
  | 'rmsprop'
  | 'sgd'
  | 'muon';

/** Largest vector, in floats: packed matrices are padded to whole vectors. */
const longestVector = 16;
/** Floats of the packed left side of a weight gradient: LEFT_SIDE of gemm.h at the largest. */
const packedLeftSide = 10 * 16 * 384;
/** Floats for copies of the left side's rows in other products: ROW_COPIES of gemm.h at the largest. */
const copiedRows = 10 * 14 * (640 + 32);

export class CompiledBackend extends CpuBackend implements Backend {
  private scratchAddress = 0;
  private scratchFloats = 0;
  /** Packed copies of frozen weights, by the weights' address */
  private readonly packed = new Map<number, { readonly address: number; fresh: boolean }>();

  constructor(
    arena: Arena,
    name: string,
    private readonly kernels: Kernels,
  ) {
    super(arena, 'float32', name);
  }

  // --- products ---

  linear(y: Tensor, x: Tensor, weight: Tensor, bias: Tensor | undefined): void {
    const [N, K] = weight.shape;
    const M = x.size / K;
    const packed = this.packedWeight(weight);
    const scratch = packed === 0 ? this.scratch(packedSize(N, K)) : 0;
    const [Y, X, W, b] = [address(y), address(x), address(weight), optional(bias)];
    this.kernels.linear(Y, X, W, b, M, N, K, packed, scratch);
  }

  linearBackwardInput(dx: Tensor, dy: Tensor, weight: Tensor, accumulate: boolean): void {
    const [N, K] = weight.shape;
    const M = dx.size / K;
    const scratch = this.scratch(packedSize(K, N) + copiedRows);
    const [dX, dY, W] = [address(dx), address(dy), address(weight)];
    this.kernels.linear_backward_input(dX, dY, W, accumulate ? 1 : 0, M, N, K, scratch);
  }

  linearBackwardWeight(dWeight: Tensor, dBias: Tensor | undefined, dy: Tensor, x: Tensor): void {
    const [N, K] = dWeight.shape;
    const M = x.size / K;
    const scratch = this.scratch(packedSize(K, M) + packedLeftSide);
    const [dW, db, dY, X] = [address(dWeight), optional(dBias), address(dy), address(x)];
    this.kernels.linear_backward_weight(dW, db, dY, X, M, N, K, scratch);
  }

  override freeze(weight: Tensor): void {
    const [N, K] = weight.shape;
    const at = address(weight);
    const packed = this.packed.get(at)?.address ?? this.reserve(packedSize(N, K));
    this.kernels.pack_weight(packed, at, N, K);
    this.packed.set(at, { address: packed, fresh: true });
  }

  override thaw(weight: Tensor): void {
    const packed = this.packed.get(address(weight));
    if (packed) packed.fresh = false;
  }

  private packedWeight(weight: Tensor): number {
    const packed = this.packed.get(address(weight));
    return packed?.fresh ? packed.address : 0;
  }

  /** Memory for good, beside the tensors'. */
  protected reserve(floats: number): number {
    return this.arena.allocate(floats * 4);
  }

  /** Memory for the kernels' own use during one call; it only ever grows. */
  protected scratch(floats: number): number {
    if (floats > this.scratchFloats) {
      this.scratchAddress = this.reserve(floats);
      this.scratchFloats = floats;
    }
    return this.scratchAddress;
  }

  // --- look-ups ---

  gather(y: Tensor, table: Tensor, ids: Indices): void {
    const [Y, E, I] = [address(y), address(table), address(ids)];
    this.kernels.gather(Y, E, I, ids.length, table.shape[1]);
  }

  scatterAdd(dTable: Tensor, dy: Tensor, ids: Indices): void {
    const [dE, dY, I] = [address(dTable), address(dy), address(ids)];
    this.kernels.scatter_add(dE, dY, I, ids.length, dTable.shape[1]);
  }

  transpose(y: Tensor, x: Tensor, bias: Tensor | undefined): void {
    const [M, N] = x.shape;
    this.kernels.transpose(address(y), address(x), optional(bias), M, N);
  }

  transposeBackward(dx: Tensor, dBias: Tensor | undefined, dy: Tensor): void {
    const [M, N] = dx.shape;
    this.kernels.transpose_backward(address(dx), optional(dBias), address(dy), M, N);
  }

  // --- cells ---

  /** Where a cell finds its packed recurrent weight, or the room to pack it in. */
  private recurrent(weight: Tensor): readonly [packed: number, scratch: number] {
    const packed = this.packedWeight(weight);
    if (packed !== 0) return [packed, 0];
    const [N, K] = weight.shape;
    return [0, this.scratch(packedSize(N, K))];
  }

  rnnForward(
    { T, B, H }: ChunkSize,
    { gates, h, weight, bias }: RnnBuffers,
    lookup?: Lookup,
  ): void {
    const [A, S, W, b] = [gates, h, weight, bias].map(address);
    const [packed, scratch] = this.recurrent(weight);
    const [E, I] = addresses(lookup);
    this.kernels.rnn_forward(T, B, H, A, S, W, b, E, I, packed, scratch);
  }

  rnnBackward(
    { T, B, H }: ChunkSize,
    { gates, h, weight }: RnnBuffers,
    dOutput: Tensor,
    dh: Tensor,
  ): void {
    const [A, S, W, dY, dH] = [gates, h, weight, dOutput, dh].map(address);
    const scratch = this.scratch(packedSize(H, H) + copiedRows);
    this.kernels.rnn_backward(T, B, H, A, S, W, dY, dH, scratch);
  }

  lstmForward({ T, B, H }: ChunkSize, buffers: LstmBuffers, lookup?: Lookup): void {
    const { gates, h, c, tanhC, weight, bias } = buffers;
    const [packed, scratch] = this.recurrent(weight);
    const [A, S, C, tC] = [address(gates), address(h), address(c), address(tanhC)];
    const [W, b] = [address(weight), address(bias)];
    const [E, I] = addresses(lookup);
    this.kernels.lstm_forward(T, B, H, A, S, C, tC, W, b, E, I, packed, scratch);
  }

  lstmBackward(
    { T, B, H }: ChunkSize,
    { gates, c, tanhC, weight }: LstmBuffers,
    dOutput: Tensor,
    dh: Tensor,
    dc: Tensor,
  ): void {
    const [A, C, tC, W, dY, dH, dC] = [gates, c, tanhC, weight, dOutput, dh, dc].map(address);
    const scratch = this.scratch(packedSize(H, 4 * H) + copiedRows);
    this.kernels.lstm_backward(T, B, H, A, C, tC, W, dY, dH, dC, scratch);
  }

  lstmNormForward({ T, B, H }: ChunkSize, buffers: LstmNormBuffers, lookup?: Lookup): void {
    const { gates, h, c, tanhC, weight, bias, gain, normalised, scales } = buffers;
    const [packed, scratch] = this.recurrent(weight);
    const [A, S, C, tC, W] = [gates, h, c, tanhC, weight].map(address);
    const norm = [gain, bias, normalised, scales].map(address);
    if (lookup) this.gather(gates, lookup.table, lookup.ids);
    this.kernels.lstm_norm_forward(T, B, H, A, S, C, tC, W, ...norm, packed, scratch);
  }

  lstmNormBackward(
    { T, B, H }: ChunkSize,
    { gates, c, tanhC, weight, gain, normalised, scales }: LstmNormBuffers,
    dOutput: Tensor,
    dh: Tensor,
    dc: Tensor,
    dGain: Tensor,
    dBias: Tensor,
  ): void {
    const inputs = [gates, c, tanhC, weight, gain, normalised, scales, dOutput].map(address);
    const gradients = [dh, dc, dGain, dBias].map(address);
    const scratch = this.scratch(packedSize(H, 4 * H) + copiedRows);
    this.kernels.lstm_norm_backward(T, B, H, ...inputs, ...gradients, scratch);
  }

  gruForward({ T, B, H }: ChunkSize, buffers: GruBuffers, lookup?: Lookup): void {
    const { gates, recurrent, h, weight, bias } = buffers;
    const [A, U, S, W, b] = [gates, recurrent, h, weight, bias].map(address);
    const [packed, scratch] = this.recurrent(weight);
    if (lookup) this.gather(gates, lookup.table, lookup.ids);
    this.kernels.gru_forward(T, B, H, A, U, S, W, b, packed, scratch);
  }

  gruBackward(
    { T, B, H }: ChunkSize,
    { gates, recurrent, h, weight }: GruBuffers,
    dOutput: Tensor,
    dh: Tensor,
  ): void {
    const [A, U, S, W, dY, dH] = [gates, recurrent, h, weight, dOutput, dh].map(address);
    const scratch = this.scratch(packedSize(H, 3 * H) + copiedRows);
    this.kernels.gru_backward(T, B, H, A, U, S, W, dY, dH, scratch);
  }

  // --- loss and element by element ---

  softmaxCrossEntropy(losses: Tensor, logits: Tensor, targets: Indices, scale: number): void {
    const [M, V] = logits.shape;
    const [L, Z, I] = [address(losses), address(logits), address(targets)];
    this.kernels.softmax_cross_entropy(L, Z, I, M, V, scale);
  }

  dropout(y: Tensor, x: Tensor, mask: DropoutMask): void {
    const [T, B, width] = x.shape;
    const { rate, key, firstRow, totalRows, locked } = mask;
    this.kernels.dropout(
      address(y),
      address(x),
      T,
      B,
      width,
      Math.floor(rate * 2 ** 32),
      1 / (1 - rate),
      key[0] >>> 0,
      key[1] >>> 0,
      firstRow,
      totalRows,
      locked ? 1 : 0,
    );
  }

  add(dst: Tensor, src: Tensor): void {
    this.kernels.add(address(dst), address(src), dst.size);
  }

  lerp(dst: Tensor, src: Tensor, amount: number): void {
    this.kernels.lerp(address(dst), address(src), dst.size, amount);
  }

  clamp(x: Tensor, limit: number): void {
    this.kernels.clamp(address(x), x.size, limit);
  }

  sum(x: Tensor): number {
    return this.kernels.sum(address(x), x.size);
  }

  sumSquares(x: Tensor): number {
    return this.kernels.sum_squares(address(x), x.size);
  }

  // --- optimisers ---

  adam(w: Tensor, g: Tensor, m: Tensor, v: Tensor, step: AdamStep): void {
    const { rate, beta1, beta2, epsilon, l2, decay, gradientScale } = step;
    const correction1 = 1 / (1 - beta1 ** step.step);
    const correction2 = 1 / (1 - beta2 ** step.step);
    this.kernels.adam(
      ...[address(w), address(g), address(m), address(v), w.size],
      ...[rate, beta1, beta2, epsilon, l2, decay, correction1, correction2, gradientScale],
    );
  }

  rmsprop(w: Tensor, g: Tensor, v: Tensor, step: RmspropStep): void {
    const { rate, alpha, epsilon, l2, gradientScale } = step;
    const [W, G, M2] = [address(w), address(g), address(v)];
    this.kernels.rmsprop(W, G, M2, w.size, rate, alpha, epsilon, l2, gradientScale);
  }

  sgd(w: Tensor, g: Tensor, m: Tensor, step: SgdStep): void {
    const { rate, momentum, l2, gradientScale } = step;
    const [W, G, M1] = [address(w), address(g), address(m)];
    this.kernels.sgd(W, G, M1, w.size, rate, momentum, l2, gradientScale);
  }

  muon(w: Tensor, g: Tensor, m: Tensor, step: MuonStep): void {
    const { rate, momentum, decay, gradientScale } = step;
    const [M, N] = w.shape;
    const S = Math.min(M, N);
    const packed = Math.max(packedSize(M, N), packedSize(N, M), packedSize(S, S));
    const scratch = this.scratch(2 * M * N + 2 * S * S + packed);
    const [W, G, M1] = [address(w), address(g), address(m)];
    this.kernels.muon(W, G, M1, M, N, rate, momentum, decay, gradientScale, scratch);
  }
}

function addresses(lookup: Lookup | undefined): readonly [table: number, ids: number] {
  return lookup ? [address(lookup.table), address(lookup.ids)] : [0, 0];
}

function optional(x: Tensor | undefined): number {
  return x === undefined ? 0 : address(x);
}

/** Floats of a packed matrix of N columns and K rows, at any vector length. */
function packedSize(N: number, K: number): number {
  return Math.ceil(N / longestVector) * longestVector * K;
}
