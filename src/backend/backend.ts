/**
 * The interface between the model and the machine.
 *
 * The model knows only tensors, as handles, and the operations below. It never indexes memory, so a back end may store
 * its numbers wherever it likes. Every operation is checked on every back end by the test suite in `test/backend`,
 * against plain loops in float64.
 *
 * Letters: B batch rows, T time steps, D input size, H hidden size, G gates, V vocabulary; M, N, K are the sizes of a
 * matrix product. Arrays are row-major, activations time-major ([T, B, ·]). A gradient is `dX`.
 */

/** The answer of a device: a value, or a promise if the device does not compute in this thread. */
export type Answer<T> = T | Promise<T>;

/** Whether an answer has to be awaited. Hot loops ask this first, because awaiting takes a turn of the event loop. */
export function isPending<T>(answer: Answer<T>): answer is Promise<T> {
  return answer instanceof Promise;
}

export type DType = 'float32' | 'float64';

/** A handle for real numbers; its other properties are private to the back end. */
export interface Tensor {
  readonly shape: readonly number[];
  /** Number of elements: the product of the shape. */
  readonly size: number;
}

/** A handle for 32-bit integers (character ids). */
export interface Indices {
  readonly length: number;
}

/** Describes a tensor to another thread, so that both use the same memory. It can be sent by `postMessage`. */
export interface SharedTensor {
  /** Where the memory of the tensor is, in a form that only the device understands */
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
 * Memory of a vanilla RNN layer for a chunk.
 *
 * `h` has one slot more than there are steps: slot 0 is the state before the chunk, slot t+1 the state after step t. So
 * the layer's output is slots 1…T, and the left operand of the recurrent weight gradient is slots 0…T-1, both without a
 * copy.
 */
export interface RnnBuffers {
  /**
   * [T, B, H]. Before forward: the input projection W_ih x + b_ih. After backward: gradient w.r.t. the pre-activation.
   */
  readonly gates: Tensor;
  /** [T+1, B, H]: the state before the chunk and after each step */
  readonly h: Tensor;
  /** Recurrent weight W_hh [H, H] */
  readonly weight: Tensor;
  /** Recurrent bias b_hh [H] */
  readonly bias: Tensor;
}

/** Memory of an LSTM layer for a chunk; gate order i, f, g, o. */
export interface LstmBuffers {
  /**
   * [T, B, 4H], compact (bfloat16 in half precision). After forward: activations of the gates. After backward: gradient
   * w.r.t. the gates' pre-activations.
   */
  readonly gates: Tensor;
  /** [T+1, B, H], compact (bfloat16 in half precision): h before the chunk and after each step */
  readonly h: Tensor;
  /**
   * [T+1, B, H], compact (bfloat16 in half precision): c before the chunk and after each step. In half precision only
   * backward reads it.
   */
  readonly c: Tensor;
  /** [T, B, H]: tanh(c_t), kept for the backward pass; absent in half precision, where it is recomputed. */
  readonly tanhC: Tensor | undefined;
  /**
   * [B, H], in half precision only: c in full precision. Forward reads the state before the first step from it, and
   * leaves the state after the last step in it.
   */
  readonly state: Tensor | undefined;
  /** Recurrent weight W_hh [4H, H] */
  readonly weight: Tensor;
  /** Recurrent bias b_hh [4H] */
  readonly bias: Tensor;
}

/**
 * Memory of an LSTM layer with layer normalisation for a chunk. `bias` is added after the normalisation. After
 * backward, `gates` are the gradient w.r.t. what is normalised: the sum of the input projection and W_hh h.
 */
export interface LstmNormBuffers extends LstmBuffers {
  /** [4H]: multiplies the normalised values */
  readonly gain: Tensor;
  /** [T, B, 4H], compact (bfloat16 in half precision): the normalised pre-activations, kept for the backward pass. */
  readonly normalised: Tensor;
  /** [T, B, 4]: 1 / √(variance + ε) for each gate, kept for the backward pass. */
  readonly scales: Tensor;
}

/** An input projection with few different rows: row i is table[ids[i],:]. */
export interface Lookup {
  /** [V, G·H]: one row for each character */
  readonly table: Tensor;
  /** [T, B]: which row of the table is the input of each step and batch row */
  readonly ids: Indices;
}

/** Vectors to be projected by a layer's input weights, W x + b */
export interface ProjectedInput {
  /** [T, B, D]: the vectors x, of floats or compact (bfloat16 in half precision) */
  readonly x: Tensor;
  /** Input weight W_ih [G·H, D] */
  readonly weight: Tensor;
  /** Input bias b_ih [G·H], which some cells do not have */
  readonly bias: Tensor | undefined;
}

/** The input of a layer: rows of a table, or vectors to be projected */
export type LayerInput = Lookup | ProjectedInput;

/** Memory of a GRU layer for a chunk; gate order r, z, n. */
export interface GruBuffers {
  /**
   * [T, B, 3H]. Before forward: the input projection W_ih x + b_ih. After forward: activations of the gates. After
   * backward: gradient w.r.t. the input projection.
   */
  readonly gates: Tensor;
  /**
   * [T, B, 3H]. After forward: recurrent projection W_hh h + b_hh (only the n third is defined).
   * After backward: gradient w.r.t. the recurrent projection (all thirds).
   */
  readonly recurrent: Tensor;
  /** [T+1, B, H]: the state before the chunk and after each step */
  readonly h: Tensor;
  /** Recurrent weight W_hh [3H, H] */
  readonly weight: Tensor;
  /** Recurrent bias b_hh [3H] */
  readonly bias: Tensor;
}

/** Sizes of an attention: T queries for each batch row, over S positions of a source */
export interface AttentionSize extends ChunkSize {
  readonly S: number;
}

/** Memory of an attention for a chunk. */
export interface AttentionBuffers {
  /** [T, B, H]: the queries */
  readonly query: Tensor;
  /** [S, B, 2H]: for each position a key and then a value, H numbers each */
  readonly memory: Tensor;
  /** [T, B, S]. After forward: the weights. After backward: gradient w.r.t. the scores. */
  readonly weights: Tensor;
}

/** A cell given by equations, compiled to a program; `cells/encode-program.ts` describes the format. */
export interface ProgramBuffers {
  readonly code: Indices;
  /** For this chunk: the index in `memory` at which each part (region) of a layer's memory begins */
  readonly offsets: Indices;
  /** All memory of the layer: the input projection, matrix products, values kept for the backward pass, states */
  readonly memory: Tensor;
  /**
   * [·H, H]: the matrices that multiply vectors of units, if there are any; those that multiply the same vector follow
   * each other as a group
   */
  readonly weight: Tensor | undefined;
  /** [·, H]: the learned vectors of the cell, if there are any */
  readonly vectors: Tensor | undefined;
  /** [·, H]: gradients w.r.t. the learned vectors, to which the backward pass adds */
  readonly vectorGradients: Tensor | undefined;
  /** For each group of matrices that multiply the same vector: how many they are */
  readonly groups: readonly number[];
  /** Number of registers in which the operations of the cell's program pass vectors to each other */
  readonly registers: number;
  /** Whether an operation needs all units of a row at once, as normalisation does */
  readonly wholeRows: boolean;
}

/**
 * Which elements dropout keeps, as a pure function of position: forward and backward compute the same mask from the
 * same key without storing it, and a batch that is split over threads gets the mask of the whole batch.
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
  /** Whether all time steps of a sequence share a mask (Gal & Ghahramani 2016), instead of having one each. */
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
  /** the factor by which clipping scales the gradient */
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
  /** Shown in messages: 'reference', 'native (avx512)', … */
  readonly name: string;
  readonly dtype: DType;
  /** Whether matrix products are in half precision, and compact tensors consist of bfloat16 */
  readonly half: boolean;

  // --- memory -------------------------------------------------------------------------------------

  /** Allocates a tensor of zeros, which lives until the scope of these operations is released. */
  tensor(shape: readonly number[]): Tensor;
  /**
   * Allocates a compact tensor of zeros: in half precision it consists of bfloat16, to which numbers are rounded when
   * they are written; otherwise it is like any other tensor. It is meant for what forward keeps for backward and for
   * operands of matrix products; operations say where they accept one.
   */
  compact(shape: readonly number[]): Tensor;
  /** Allocates a list of integers, all 0. */
  indices(length: number): Indices;
  /** Returns a view of the same memory with another shape, beginning at element `start`. */
  view(x: Tensor, start: number, shape: readonly number[]): Tensor;
  /** Returns a view of the same memory: `length` integers beginning at `start`. */
  viewIndices(ids: Indices, start: number, length: number): Indices;
  /** Describes a tensor, so that another thread's back end can use it in the same memory. */
  share(x: Tensor): SharedTensor;
  attach(shared: SharedTensor): Tensor;
  /** Copies numbers into any tensor; `values.length` must be `x.size`. */
  write(x: Tensor, values: ArrayLike<number>): void;
  writeIndices(ids: Indices, values: ArrayLike<number>): void;
  /** Copies the numbers of a tensor, in the precision of the back end, into a new array or a given one. */
  read(x: Tensor, into?: Float32Array | Float64Array): Answer<Float32Array | Float64Array>;
  fill(x: Tensor, value: number): void;
  /** dst = src, which have equal sizes and do not overlap; either may be compact (bfloat16 in half precision). */
  copy(dst: Tensor, src: Tensor): void;

  // --- matrix products: y = x Wᵀ + b as in PyTorch's nn.Linear; x and dy may be compact ------------------

  /** y[M,N] = x[M,K] · W[N,K]ᵀ + b[N] (b may be absent). */
  linear(y: Tensor, x: Tensor, weight: Tensor, bias: Tensor | undefined): void;
  /** dx[M,K] = dy[M,N] · W[N,K], or += with `accumulate`. */
  linearBackwardInput(dx: Tensor, dy: Tensor, weight: Tensor, accumulate: boolean): void;
  /** dW[N,K] += dy[M,N]ᵀ · x[M,K]; db[N] += column sums of dy (db may be absent). */
  linearBackwardWeight(dWeight: Tensor, dBias: Tensor | undefined, dy: Tensor, x: Tensor): void;
  /**
   * Promises that a weight will not change until `thaw`, so that matrix products with it may keep a packed copy.
   * @param parts numbers of rows that are multiplied separately, if not all rows are multiplied at once
   */
  freeze(weight: Tensor, parts?: readonly number[]): void;
  thaw(weight: Tensor): void;

  // --- look-ups -------------------------------------------------------------------------------------

  /** y[i,:] = table[ids[i],:]; table [V,D], y [ids.length, D]. */
  gather(y: Tensor, table: Tensor, ids: Indices): void;
  /** dTable[ids[i],:] += dy[i,:]; dy may be compact (bfloat16 in half precision). */
  scatterAdd(dTable: Tensor, dy: Tensor, ids: Indices): void;
  /** y[j,i] = x[i,j] + bias[i] (bias may be absent); x [M,N], y [N,M]. */
  transpose(y: Tensor, x: Tensor, bias: Tensor | undefined): void;
  /** dx[i,j] += dy[j,i]; db[i] += Σ_j dy[j,i] (db may be absent). */
  transposeBackward(dx: Tensor, dBias: Tensor | undefined, dy: Tensor): void;

  // --- cells: one layer over a chunk. Backward starts from dh (and dc) [B,H], the gradient w.r.t. the state after the
  // last step that comes from beyond the chunk (zero under truncation), and replaces it by the gradient w.r.t. the
  // state before the first step. dOutput [T,B,H] comes from the layer above. Forward reads the input projection x_t
  // from `gates` or, if there is a look-up, from its table, which saves writing it to `gates`; the LSTM computes x_t
  // itself if there is no look-up.
  // ---

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
   * As lstmForward, but applied to gain ⊙ normalised(x_t + W_hh h_{t-1}) + bias, where each gate's H values in a row
   * are normalised to mean 0 and variance 1 (Ba et al. 2016, ε = 1e-5).
   */
  lstmNormForward(size: ChunkSize, buffers: LstmNormBuffers, input: LayerInput): void;
  /** The gradients of gain and bias are added to dGain and dBias [4H]. */
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
   * A layer given by equations over a chunk. Before the call, `memory` contains the states before the chunk, the input
   * projection (unless it is looked up) and, for backward, the gradients w.r.t. the states after the chunk. After the
   * call it contains the states after the chunk or, for backward, the gradients w.r.t. the input projection, all matrix
   * products and the states before the chunk.
   */
  programForward(size: ChunkSize, buffers: ProgramBuffers, lookup?: Lookup): void;
  programBackward(size: ChunkSize, buffers: ProgramBuffers, dOutput: Tensor): void;

  // --- loss -----------------------------------------------------------------------------------------

  /**
   * losses[i] = -log softmax(logits[i,:])[targets[i]] in nats; logits [M,V].
   * With `scale` ≠ 0 the logits are overwritten by scale · (softmax - one-hot), their gradient.
   */
  softmaxCrossEntropy(losses: Tensor, logits: Tensor, targets: Indices, scale: number): void;

  // --- element-wise operations ------------------------------------------------------------------------

  /**
   * y = x ⊙ mask; x and y [T, B, ·], each of floats or compact (bfloat16 in half precision); y may be x. The backward
   * pass is the same call on the gradient.
   */
  dropout(y: Tensor, x: Tensor, mask: DropoutMask): void;
  /** dst += src; either may be compact (bfloat16 in half precision). */
  add(dst: Tensor, src: Tensor): void;
  /** dst += amount · (src - dst): a step of an exponential moving average. */
  lerp(dst: Tensor, src: Tensor, amount: number): void;
  /** Limits every element to [-limit, limit]; NaN stays NaN. */
  clamp(x: Tensor, limit: number): void;

  // --- reductions, accumulated in float64 -----------------------------------------------------------

  sum(x: Tensor): Answer<number>;
  /** Returns Σ x² over the elements of all given tensors, the square of their global norm, as a single answer. */
  sumSquares(parts: readonly Tensor[]): Answer<number>;

  // --- optimisers: one update of w from its gradient g and moments, which all have the same size ------

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

/**
 * The random 32 bits that decide whether dropout keeps the element at an index: two rounds of a finaliser (C. Wellons'
 * "lowbias32").
 */
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
