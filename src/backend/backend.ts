/**
 * The interface between the model and the machine.
 *
 * The model knows tensors as handles and the operations below, nothing else: it never indexes memory, so a
 * back end may keep its numbers wherever it likes. Every operation is checked on every back end by the one
 * test-suite in `test/backend`, against plain loops in float64.
 *
 * Letters: B batch rows, T time steps, D input size, H hidden size, G gates, V vocabulary; M, N, K are
 * the sizes of a product. Arrays are row-major, activations time-major ([T, B, ·]). A gradient is `dX`.
 */

/** An answer of a device: a value, or a promise where the device computes apart from the processor. */
export type Answer<T> = T | Promise<T>;

/** Whether an answer must be waited for. In a hot loop this is asked first: waiting costs a turn. */
export function isPending<T>(answer: Answer<T>): answer is Promise<T> {
  return answer instanceof Promise;
}

export type DType = 'float32' | 'float64';

/** A handle on real numbers; its other properties belong to the back end. */
export interface Tensor {
  readonly shape: readonly number[];
  /** Number of elements: the product of the shape. */
  readonly size: number;
}

/** A handle on 32-bit integers (character ids). */
export interface Indices {
  readonly length: number;
}

/** Describes a tensor to another thread, so that both hold the same one. Survives `postMessage`. */
export interface SharedTensor {
  /** Properties that only the device knows */
  readonly location: unknown;
  readonly shape: readonly number[];
}

/** Sizes of one recurrent layer over one chunk. */
export interface ChunkSize {
  readonly T: number;
  readonly B: number;
  readonly H: number;
}

/**
 * Memory of a vanilla RNN layer over a chunk.
 *
 * `h` has one slot more than there are steps: slot 0 is the state before the chunk, slot t+1 the state
 * after step t. So the layer's output is slots 1…T, and the left factor of the recurrent weight gradient
 * is slots 0…T-1, both without a copy.
 */
export interface RnnBuffers {
  /** [T, B, H]. In: input projection W_ih x + b_ih. After backward: gradient w.r.t. the pre-activation. */
  readonly gates: Tensor;
  /** [T+1, B, H] */
  readonly h: Tensor;
  /** W_hh [H, H] */
  readonly weight: Tensor;
  /** b_hh [H] */
  readonly bias: Tensor;
}

/** Memory of an LSTM layer over a chunk; gate order i, f, g, o. */
export interface LstmBuffers {
  /**
   * [T, B, 4H], compact. After forward: gates after their activation. After backward: gradient w.r.t. the gates'
   * pre-activations.
   */
  readonly gates: Tensor;
  /** [T+1, B, H], compact */
  readonly h: Tensor;
  /** [T+1, B, H], compact: c before and after each step. In half precision only backward reads it. */
  readonly c: Tensor;
  /** [T, B, H]: tanh(c_t), kept for the backward pass; absent in half precision, where it is computed again. */
  readonly tanhC: Tensor | undefined;
  /**
   * [B, H], in half precision alone: c in full. Forward finds the state before the first step here, and leaves that
   * after the last.
   */
  readonly state: Tensor | undefined;
  /** W_hh [4H, H] */
  readonly weight: Tensor;
  /** b_hh [4H] */
  readonly bias: Tensor;
}

/**
 * Memory of an LSTM layer with layer normalisation over a chunk. `bias` is the shift after normalising;
 * after backward, `gates` are the gradient w.r.t. the sum of both products, which is normalised.
 */
export interface LstmNormBuffers extends LstmBuffers {
  /** [4H]: factor after normalising */
  readonly gain: Tensor;
  /** [T, B, 4H], compact: the normalised sums, kept for the backward pass. */
  readonly normalised: Tensor;
  /** [T, B, 4]: 1 / √(variance + ε) of each gate's sums, kept for the backward pass. */
  readonly scales: Tensor;
}

/** An input projection with few different rows: row i is table[ids[i],:]. */
export interface Lookup {
  /** [V, G·H] */
  readonly table: Tensor;
  /** [T, B] */
  readonly ids: Indices;
}

/** An input projection of vectors, W x + b */
export interface ProjectedInput {
  /** [T, B, D], compact or not */
  readonly x: Tensor;
  /** W_ih [G·H, D] */
  readonly weight: Tensor;
  /** b_ih [G·H], of cells that have it */
  readonly bias: Tensor | undefined;
}

/** The input of a layer: few different projections, or vectors to be projected */
export type LayerInput = Lookup | ProjectedInput;

/** Memory of a GRU layer over a chunk; gate order r, z, n. */
export interface GruBuffers {
  /**
   * [T, B, 3H]. In: input projection W_ih x + b_ih. After forward: gates after their activation.
   * After backward: gradient w.r.t. the input projection.
   */
  readonly gates: Tensor;
  /**
   * [T, B, 3H]. After forward: recurrent projection W_hh h + b_hh (only the n third is defined).
   * After backward: gradient w.r.t. the recurrent projection (all thirds).
   */
  readonly recurrent: Tensor;
  /** [T+1, B, H] */
  readonly h: Tensor;
  /** W_hh [3H, H] */
  readonly weight: Tensor;
  /** b_hh [3H] */
  readonly bias: Tensor;
}

/** Sizes of an attention: T queries a row, over S positions. */
export interface AttentionSize extends ChunkSize {
  readonly S: number;
}

/** Memory of an attention over a chunk. */
export interface AttentionBuffers {
  /** [T, B, H] */
  readonly query: Tensor;
  /** [S, B, 2H]: of each position a key, then a value, H numbers each */
  readonly memory: Tensor;
  /** [T, B, S]. After forward: the weights. After backward: gradient w.r.t. the scores. */
  readonly weights: Tensor;
}

/** A cell that is given as equations, compiled; its format is told in `cells/encode-program.ts`. */
export interface ProgramBuffers {
  readonly code: Indices;
  /** By region of the program, the index in `memory` at which it begins for this chunk */
  readonly offsets: Indices;
  /** All that the layer holds: the input projection, products, what is kept for backward, states */
  readonly memory: Tensor;
  /** [·H, H]: the matrices that multiply vectors of units, group by group, if there are any */
  readonly weight: Tensor | undefined;
  /** [·, H], if there are any */
  readonly vectors: Tensor | undefined;
  /** [·, H]; the backward pass adds to them. */
  readonly vectorGradients: Tensor | undefined;
  /** Matrices of each group */
  readonly groups: readonly number[];
  /** Vectors that operations hold between them */
  readonly registers: number;
  /** Whether an operation needs all units of a row at once */
  readonly wholeRows: boolean;
}

/**
 * Which elements dropout keeps, as a pure function of position: forward and backward draw the same mask
 * from the same key without storing it, and a batch split over threads gets the mask of the whole batch.
 */
export interface DropoutMask {
  /** Fraction of the elements set to zero, 0 ≤ rate < 1; the others are scaled by 1 / (1 - rate). */
  readonly rate: number;
  /** The key of the mask: two 32-bit words, different for every layer and step */
  readonly key: readonly [number, number];
  /** Index of the tensor's first row within the whole batch */
  readonly firstRow: number;
  /** Number of rows of the whole batch */
  readonly totalRows: number;
  /** One mask for all time steps of a sequence (Gal & Ghahramani 2016) instead of one per step. */
  readonly locked: boolean;
}

export interface AdamStep {
  readonly rate: number;
  readonly beta1: number;
  readonly beta2: number;
  readonly epsilon: number;
  /** L2 penalty added to the gradient (Adam) */
  readonly l2: number;
  /** decoupled weight decay (AdamW): w loses rate · decay · w */
  readonly decay: number;
  /** 1-based number of this update, for the bias correction */
  readonly step: number;
  /** factor on the gradient: the clipping coefficient */
  readonly gradientScale: number;
}

export interface RmspropStep {
  readonly rate: number;
  readonly alpha: number;
  readonly epsilon: number;
  readonly l2: number;
  readonly gradientScale: number;
}

export interface SgdStep {
  readonly rate: number;
  readonly momentum: number;
  readonly l2: number;
  readonly gradientScale: number;
}

export interface MuonStep {
  readonly rate: number;
  readonly momentum: number;
  /** decoupled weight decay, as in AdamW */
  readonly decay: number;
  readonly gradientScale: number;
}

export interface Backend {
  /** For messages: 'reference', 'native (avx512)', … */
  readonly name: string;
  readonly dtype: DType;
  /** Whether products are in half precision, and compact tensors of bfloat16 */
  readonly half: boolean;

  // --- memory -------------------------------------------------------------------------------------

  /** Allocates a tensor of zeros, which lives until the scope of these operations is released. */
  tensor(shape: readonly number[]): Tensor;
  /**
   * Allocates a compact tensor of zeros: in half precision its numbers are of bfloat16, to which they are rounded
   * when they are written, otherwise it is like any other. It is for what forward keeps for backward and for what is
   * multiplied; operations say where they take one.
   */
  compact(shape: readonly number[]): Tensor;
  /** Allocates a list of integers, all 0. */
  indices(length: number): Indices;
  /** Returns a view of the same memory with another shape, from element `start` on. */
  view(x: Tensor, start: number, shape: readonly number[]): Tensor;
  /** Returns a view of the same memory: `length` integers from `start` on. */
  viewIndices(ids: Indices, start: number, length: number): Indices;
  /** Makes a tensor known to another thread's back end on the same memory. */
  share(x: Tensor): SharedTensor;
  attach(shared: SharedTensor): Tensor;
  /** Copies numbers in, of any tensor; `values.length` must be `x.size`. */
  write(x: Tensor, values: ArrayLike<number>): void;
  writeIndices(ids: Indices, values: ArrayLike<number>): void;
  /** Copies numbers out, in the precision of the back end, into a new array or a given one. */
  read(x: Tensor, into?: Float32Array | Float64Array): Answer<Float32Array | Float64Array>;
  fill(x: Tensor, value: number): void;
  /** dst = src; equal sizes, no overlap, compact or not. */
  copy(dst: Tensor, src: Tensor): void;

  // --- products: y = x Wᵀ + b as in PyTorch's nn.Linear; x and dy may be compact ------------------------

  /** y[M,N] = x[M,K] · W[N,K]ᵀ + b[N] (b may be absent). */
  linear(y: Tensor, x: Tensor, weight: Tensor, bias: Tensor | undefined): void;
  /** dx[M,K] = dy[M,N] · W[N,K], or += with `accumulate`. */
  linearBackwardInput(dx: Tensor, dy: Tensor, weight: Tensor, accumulate: boolean): void;
  /** dW[N,K] += dy[M,N]ᵀ · x[M,K]; db[N] += column sums of dy (db may be absent). */
  linearBackwardWeight(dWeight: Tensor, dBias: Tensor | undefined, dy: Tensor, x: Tensor): void;
  /** Says that a weight will stay as it is until `thaw`: products with it may keep a packed copy. */
  /** @param parts rows that are multiplied with apart from the others, where not all are at once */
  freeze(weight: Tensor, parts?: readonly number[]): void;
  thaw(weight: Tensor): void;

  // --- look-ups -------------------------------------------------------------------------------------

  /** y[i,:] = table[ids[i],:]; table [V,D], y [ids.length, D]. */
  gather(y: Tensor, table: Tensor, ids: Indices): void;
  /** dTable[ids[i],:] += dy[i,:]; dy may be compact. */
  scatterAdd(dTable: Tensor, dy: Tensor, ids: Indices): void;
  /** y[j,i] = x[i,j] + bias[i] (bias may be absent); x [M,N], y [N,M]. */
  transpose(y: Tensor, x: Tensor, bias: Tensor | undefined): void;
  /** dx[i,j] += dy[j,i]; db[i] += Σ_j dy[j,i] (db may be absent). */
  transposeBackward(dx: Tensor, dBias: Tensor | undefined, dy: Tensor): void;

  // --- cells: one layer over a chunk. Backward starts from dh (and dc) [B,H], the gradient w.r.t. the
  // state after the last step as it comes from beyond the chunk (zero under truncation), and leaves in
  // them the gradient w.r.t. the state before the first. dOutput [T,B,H] comes from the layer above.
  // Forward takes the input projection x_t from `gates`, or looks it up, which spares writing it there; the
  // LSTM computes it. ---

  /** h_t = tanh(x_t + W_hh h_{t-1} + b_hh) */
  rnnForward(size: ChunkSize, buffers: RnnBuffers, lookup?: Lookup): void;
  rnnBackward(size: ChunkSize, buffers: RnnBuffers, dOutput: Tensor, dh: Tensor): void;

  /** i, f, o = σ(·), g = tanh(·) of x_t + W_hh h_{t-1} + b_hh; c_t = f c_{t-1} + i g; h_t = o tanh(c_t) */
  lstmForward(size: ChunkSize, buffers: LstmBuffers, input: LayerInput): void;
  lstmBackward(
    size: ChunkSize,
    buffers: LstmBuffers,
    dOutput: Tensor,
    dh: Tensor,
    dc: Tensor,
  ): void;

  /**
   * As lstmForward, but of gain ⊙ normalised(x_t + W_hh h_{t-1}) + bias, where each gate's H sums of a
   * row are normalised to mean 0 and variance 1 (Ba et al. 2016, ε = 1e-5).
   */
  lstmNormForward(size: ChunkSize, buffers: LstmNormBuffers, input: LayerInput): void;
  /** dGain and dBias [4H]: the gradients of gain and bias are added to them. */
  lstmNormBackward(
    size: ChunkSize,
    buffers: LstmNormBuffers,
    dOutput: Tensor,
    dh: Tensor,
    dc: Tensor,
    dGain: Tensor,
    dBias: Tensor,
  ): void;

  /**
   * With u = W_hh h_{t-1} + b_hh: r, z = σ(x + u), n = tanh(x_n + r u_n), h_t = (1-z) n + z h_{t-1}
   * (the reset gate acts after the product, as in cuDNN and PyTorch).
   */
  gruForward(size: ChunkSize, buffers: GruBuffers, lookup?: Lookup): void;
  gruBackward(size: ChunkSize, buffers: GruBuffers, dOutput: Tensor, dh: Tensor): void;

  /**
   * Attention over a source of S positions (Bahdanau et al. 2015, in the multiplicative form of Luong et al.
   * 2015), for all T queries of a row: weights = softmax over s of query_t · key_s; context_t = Σ_s weights_s
   * value_s, [T, B, H]. All rows have the same S.
   */
  attentionForward(size: AttentionSize, buffers: AttentionBuffers, context: Tensor): void;
  /** dQuery [T, B, H] and dMemory [S, B, 2H] are overwritten with the gradients of query and memory. */
  attentionBackward(
    size: AttentionSize,
    buffers: AttentionBuffers,
    dContext: Tensor,
    dQuery: Tensor,
    dMemory: Tensor,
  ): void;

  /**
   * A layer of equations over a chunk. The states before it, the input projection (unless it is looked up),
   * and, before backward, the gradients w.r.t. the states after it are found in `memory`; afterwards the
   * states after it, or the gradients w.r.t. the input projection, all products and the states before it.
   */
  programForward(size: ChunkSize, buffers: ProgramBuffers, lookup?: Lookup): void;
  programBackward(size: ChunkSize, buffers: ProgramBuffers, dOutput: Tensor): void;

  // --- loss -----------------------------------------------------------------------------------------

  /**
   * losses[i] = -log softmax(logits[i,:])[targets[i]] in nats; logits [M,V].
   * With `scale` ≠ 0 the logits are overwritten by scale · (softmax - one-hot), their gradient.
   */
  softmaxCrossEntropy(losses: Tensor, logits: Tensor, targets: Indices, scale: number): void;

  // --- element by element ---------------------------------------------------------------------------

  /** y = x ⊙ mask; x and y [T, B, ·], compact or not, y may be x. The backward pass is the same call on the gradient. */
  dropout(y: Tensor, x: Tensor, mask: DropoutMask): void;
  /** dst += src, compact or not */
  add(dst: Tensor, src: Tensor): void;
  /** dst += amount · (src - dst): a step of an exponential moving average. */
  lerp(dst: Tensor, src: Tensor, amount: number): void;
  /** Limits every element to [-limit, limit]; not-a-number stays. */
  clamp(x: Tensor, limit: number): void;

  // --- reductions, accumulated in float64 -----------------------------------------------------------

  sum(x: Tensor): Answer<number>;
  /** Returns Σ x² over the elements of all given tensors, the square of their global norm, as one answer. */
  sumSquares(parts: readonly Tensor[]): Answer<number>;

  // --- optimisers: one update of w from its gradient g and moments; all of one size -------------------

  /** Kingma & Ba 2015; decoupled decay as in Loshchilov & Hutter 2019. */
  adam(w: Tensor, g: Tensor, m: Tensor, v: Tensor, step: AdamStep): void;
  /** Tieleman & Hinton 2012, epsilon outside the root as in PyTorch. */
  rmsprop(w: Tensor, g: Tensor, v: Tensor, step: RmspropStep): void;
  /** Momentum as in PyTorch: m = momentum · m + g, w -= rate · m. */
  sgd(w: Tensor, g: Tensor, m: Tensor, step: SgdStep): void;
  /**
   * Muon (Jordan et al. 2024) of a matrix w [M,N]: the Nesterov momentum of the gradient is made nearly
   * orthogonal by five Newton-Schulz iterations and scaled to the size of Adam's updates (Liu et al.
   * 2025): w -= rate · (decay · w + 0.2 √max(M,N) · direction).
   */
  muon(w: Tensor, g: Tensor, m: Tensor, step: MuonStep): void;
}

/** mix(index, key) of dropout: two rounds of a 32-bit finaliser (C. Wellons' "lowbias32"). */
export function dropoutBits(index: number, key: readonly [number, number]): number {
  return lowbias32((lowbias32((index ^ key[0]) | 0) + key[1]) | 0) >>> 0;
}

function lowbias32(x: number): number {
  x ^= x >>> 16;
  x = Math.imul(x, 0x7feb352d);
  x ^= x >>> 15;
  x = Math.imul(x, 0x846ca68b);
  return x ^ (x >>> 16);
}
