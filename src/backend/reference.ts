/**
 * The reference back end: every operation as plain loops, in float32 or float64.
 *
 * Its purpose is to be readable and correct. It computes in double precision and rounds results when they are stored.
 * In float64 it serves to check gradients; the compiled back ends are checked against it. In half precision, the
 * operands of matrix products with weights, of weight gradients and of Muon's iteration are first rounded to bfloat16,
 * and what is written to a compact tensor (one that stores bfloat16) is rounded when the operation ends; nothing else
 * is rounded. This is the definition of half precision. With 8-bit weights (`int8.ts`), the operands of matrix products
 * with weights are quantised, in the forward pass only.
 */
import {
  type AdamStep,
  type AttentionBuffers,
  type AttentionSize,
  type ChunkSize,
  type DropoutMask,
  type DType,
  dropoutBits,
  type GruBuffers,
  type Indices,
  type LayerInput,
  type Lookup,
  type LstmBuffers,
  type LstmNormBuffers,
  type MuonStep,
  type ProgramBuffers,
  type RmspropStep,
  type RnnBuffers,
  type SgdStep,
  type Tensor,
} from './backend.js';
import { CpuBackend, CpuTensor } from './cpu.js';
import type { Precision } from './device.js';
import { roundedToHalf } from './half.js';
import { roundedToInt8 } from './int8.js';
import { ReferenceProgram } from './reference-program.js';
import type { ScopeMemory } from './scope-memory.js';

type Reals = Float32Array | Float64Array;

const sigmoid = (x: number) => 1 / (1 + Math.exp(-x));

export class ReferenceBackend extends CpuBackend {
  constructor(
    memory: ScopeMemory,
    dtype: DType = 'float32',
    private readonly precision: Precision = 'f32',
  ) {
    super(memory, dtype, precision === 'f32' ? 'reference' : `reference (${precision})`);
  }

  override get half(): boolean {
    return this.precision === 'bf16';
  }

  override compact(shape: readonly number[]): Tensor {
    const { values, start, address, place } = this.tensor(shape);
    return new CpuTensor([...shape], values, start, address, place, this.half);
  }

  /** Rounds to bfloat16 what an operation has written to compact tensors, which store that format in half precision. */
  private settle(...written: readonly Tensor[]): void {
    for (const x of written) {
      if ((x as CpuTensor).half) this.array(x).set(roundedToHalf(this.array(x)));
    }
  }

  /** Operands of a matrix product, with rows of `columns` columns: a rounded copy, or the numbers themselves */
  private factors(x: Reals, columns = x.length): Reals {
    if (this.precision === 'int8') return roundedToInt8(x, columns);
    return this.precision === 'bf16' ? roundedToHalf(x) : x;
  }

  /** The elements of a tensor as operands of a matrix product */
  private factorsOf(x: Tensor, columns = x.shape[x.shape.length - 1]): Reals {
    return this.factors(this.array(x), columns);
  }

  // --- matrix products ---

  linear(y: Tensor, x: Tensor, weight: Tensor, bias: Tensor | undefined): void {
    this.project(this.array(y), x, weight, bias);
  }

  /** Y[M,N] = x[M,K] · W[N,K]ᵀ + b[N] */
  private project(Y: Reals, x: Tensor, weight: Tensor, bias: Tensor | undefined): void {
    const [N, K] = weight.shape;
    const M = x.size / K;
    const b = bias && this.array(bias);
    const [X, W] = [this.factorsOf(x, K), this.factorsOf(weight)];
    for (let m = 0; m < M; m++) {
      for (let n = 0; n < N; n++) {
        Y[m * N + n] = (b ? b[n] : 0) + dot(X, m * K, W, n * K, K);
      }
    }
  }

  linearBackwardInput(dx: Tensor, dy: Tensor, weight: Tensor, accumulate: boolean): void {
    const [N, K] = weight.shape;
    const M = dx.size / K;
    const [dX, dY, W] = [this.array(dx), this.factorsOf(dy), this.factorsOf(weight)];
    const row = new Float64Array(K);
    for (let m = 0; m < M; m++) {
      row.fill(0);
      if (accumulate) row.set(dX.subarray(m * K, (m + 1) * K));
      for (let n = 0; n < N; n++) addScaled(row, 0, dY[m * N + n], W, n * K, K);
      dX.set(row, m * K);
    }
  }

  linearBackwardWeight(dWeight: Tensor, dBias: Tensor | undefined, dy: Tensor, x: Tensor): void {
    const [N, K] = dWeight.shape;
    const M = x.size / K;
    const [dW, dY, X] = [this.array(dWeight), this.factorsOf(dy), this.factorsOf(x)];
    const row = new Float64Array(K);
    for (let n = 0; n < N; n++) {
      row.set(dW.subarray(n * K, (n + 1) * K));
      for (let m = 0; m < M; m++) addScaled(row, 0, dY[m * N + n], X, m * K, K);
      dW.set(row, n * K);
    }
    if (dBias) this.addColumnSums(dBias, this.array(dy), M, N);
  }

  private addColumnSums(sums: Tensor, X: Reals, M: number, N: number): void {
    const S = this.array(sums);
    for (let n = 0; n < N; n++) {
      let sum = S[n];
      for (let m = 0; m < M; m++) sum += X[m * N + n];
      S[n] = sum;
    }
  }

  // --- look-ups ---

  gather(y: Tensor, table: Tensor, ids: Indices): void {
    this.takeRows(this.array(y), table, ids);
  }

  private takeRows(Y: Reals, table: Tensor, ids: Indices): void {
    const [V, D] = table.shape;
    const [E, I] = [this.array(table), this.integers(ids, V)];
    for (let i = 0; i < I.length; i++) Y.set(E.subarray(I[i] * D, (I[i] + 1) * D), i * D);
  }

  scatterAdd(dTable: Tensor, dy: Tensor, ids: Indices): void {
    const [V, D] = dTable.shape;
    const [dE, dY, I] = [this.array(dTable), this.array(dy), this.integers(ids, V)];
    for (let i = 0; i < I.length; i++) addScaled(dE, I[i] * D, 1, dY, i * D, D);
  }

  transpose(y: Tensor, x: Tensor, bias: Tensor | undefined): void {
    const [M, N] = x.shape;
    const b = bias && this.array(bias);
    const [Y, X] = [this.array(y), this.array(x)];
    for (let i = 0; i < M; i++) {
      for (let j = 0; j < N; j++) Y[j * M + i] = X[i * N + j] + (b ? b[i] : 0);
    }
  }

  transposeBackward(dx: Tensor, dBias: Tensor | undefined, dy: Tensor): void {
    const [M, N] = dx.shape;
    const [dX, dY] = [this.array(dx), this.array(dy)];
    for (let i = 0; i < M; i++) {
      for (let j = 0; j < N; j++) dX[i * N + j] += dY[j * M + i];
    }
    if (dBias) this.addColumnSums(dBias, dY, N, M);
  }

  // --- cells ---

  private lookUp(gates: Tensor, lookup: Lookup | undefined): void {
    if (lookup) this.gather(gates, lookup.table, lookup.ids);
  }

  rnnForward(
    { T, B, H }: ChunkSize,
    { gates, h, weight, bias }: RnnBuffers,
    lookup?: Lookup,
  ): void {
    this.lookUp(gates, lookup);
    const [A, S, b] = [gates, h, bias].map((x) => this.array(x));
    const W = this.factorsOf(weight);
    for (let row = 0; row < T * B; row++) {
      const state = this.factors(S.subarray(row * H, (row + 1) * H));
      for (let j = 0; j < H; j++) {
        const recurrent = b[j] + dot(state, 0, W, j * H, H);
        S[(row + B) * H + j] = Math.tanh(A[row * H + j] + recurrent);
      }
    }
  }

  rnnBackward(
    { T, B, H }: ChunkSize,
    { gates, h, weight }: RnnBuffers,
    dOutput: Tensor,
    dh: Tensor,
  ): void {
    const [dA, S, dY, dH] = [gates, h, dOutput, dh].map((x) => this.array(x));
    const W = this.factorsOf(weight);
    for (let row = T * B - 1; row >= 0; row--) {
      const b = row % B;
      for (let j = 0; j < H; j++) {
        const out = S[(row + B) * H + j];
        dA[row * H + j] = (dY[row * H + j] + dH[b * H + j]) * (1 - out * out);
      }
      backwardProduct(dH, b * H, this.factors(dA.subarray(row * H, (row + 1) * H)), W, H);
    }
  }

  /** The input projection of a layer with G gates, [T, B, G·H] */
  private inputProjection({ T, B, H }: ChunkSize, G: number, input: LayerInput): Reals {
    const Reals = this.dtype === 'float64' ? Float64Array : Float32Array;
    const P = new Reals(T * B * G * H);
    if ('table' in input) this.takeRows(P, input.table, input.ids);
    else this.project(P, input.x, input.weight, input.bias);
    return P;
  }

  lstmForward(size: ChunkSize, buffers: LstmBuffers, input: LayerInput): void {
    this.lstmSteps(size, buffers, input, this.array(buffers.bias));
  }

  lstmNormForward(size: ChunkSize, buffers: LstmNormBuffers, input: LayerInput): void {
    const { H } = size;
    const { gain, bias, normalised, scales } = buffers;
    const [G, b, N, R] = [gain, bias, normalised, scales].map((x) => this.array(x));
    this.lstmSteps(size, buffers, input, undefined, (sums, row) => {
      for (let k = 0; k < 4; k++) {
        const gate = sums.subarray(k * H, (k + 1) * H);
        const { mean, scale } = moments(gate);
        R[row * 4 + k] = scale;
        for (let unit = k * H; unit < (k + 1) * H; unit++) {
          const standard = (sums[unit] - mean) * scale;
          N[row * 4 * H + unit] = standard;
          sums[unit] = G[unit] * standard + b[unit];
        }
      }
    });
    this.settle(normalised);
  }

  /**
   * @param normalise turns the sums [4H] of a row, which are its input projection plus its recurrent product, into
   * pre-activations
   */
  private lstmSteps(
    size: ChunkSize,
    { gates, h, c, tanhC, state, weight }: LstmBuffers,
    given: LayerInput,
    bias: Reals | undefined,
    normalise?: (sums: Float64Array, row: number) => void,
  ): void {
    const { T, B, H } = size;
    const P = this.inputProjection(size, 4, given);
    const [A, S, C] = [gates, h, c].map((x) => this.array(x));
    const tC = tanhC && this.array(tanhC);
    // in half precision, too, the cell state c is computed in full precision, and rounded when the operation ends
    if (state) C.set(this.array(state));
    const W = this.factorsOf(weight);
    const sums = new Float64Array(4 * H);
    for (let row = 0; row < T * B; row++) {
      const factors = this.factors(S.subarray(row * H, (row + 1) * H));
      for (let unit = 0; unit < 4 * H; unit++) {
        const input = P[row * 4 * H + unit] + (bias ? bias[unit] : 0);
        sums[unit] = input + dot(factors, 0, W, unit * H, H);
      }
      normalise?.(sums, row);
      for (let j = 0; j < H; j++) {
        const i = sigmoid(sums[j]);
        const f = sigmoid(sums[H + j]);
        const g = Math.tanh(sums[2 * H + j]);
        const o = sigmoid(sums[3 * H + j]);
        const cell = f * C[row * H + j] + i * g;
        const tanhCell = Math.tanh(cell);
        const at = row * 4 * H + j;
        A[at] = i;
        A[at + H] = f;
        A[at + 2 * H] = g;
        A[at + 3 * H] = o;
        C[(row + B) * H + j] = cell;
        if (tC) tC[row * H + j] = tanhCell;
        S[(row + B) * H + j] = o * tanhCell;
      }
    }
    if (state) this.array(state).set(C.subarray(T * B * H, (T + 1) * B * H));
    this.settle(gates, h, c);
  }

  lstmBackward(
    size: ChunkSize,
    buffers: LstmBuffers,
    dOutput: Tensor,
    dh: Tensor,
    dc: Tensor,
  ): void {
    this.lstmStepsBackward(size, buffers, dOutput, dh, dc);
  }

  lstmNormBackward(
    size: ChunkSize,
    buffers: LstmNormBuffers,
    dOutput: Tensor,
    dh: Tensor,
    dc: Tensor,
    dGain: Tensor,
    dBias: Tensor,
  ): void {
    const { H } = size;
    const { gates, gain, normalised, scales } = buffers;
    const [A, G, N, R] = [gates, gain, normalised, scales].map((x) => this.array(x));
    const [dG, dB] = [dGain, dBias].map((x) => this.array(x));
    this.lstmStepsBackward(size, buffers, dOutput, dh, dc, (row) => {
      for (let k = 0; k < 4; k++) {
        const at = row * 4 * H;
        let [mean, product] = [0, 0];
        for (let unit = k * H; unit < (k + 1) * H; unit++) {
          const [d, standard] = [A[at + unit], N[at + unit]];
          dG[unit] += d * standard;
          dB[unit] += d;
          mean += (d * G[unit]) / H;
          product += (d * G[unit] * standard) / H;
        }
        for (let unit = k * H; unit < (k + 1) * H; unit++) {
          const d = A[at + unit] * G[unit];
          A[at + unit] = R[row * 4 + k] * (d - mean - N[at + unit] * product);
        }
      }
    });
  }

  /**
   * @param denormalise turns a row's gradients w.r.t. pre-activations into gradients w.r.t. the sums before
   * normalisation
   */
  private lstmStepsBackward(
    { T, B, H }: ChunkSize,
    { gates, c, tanhC, weight }: LstmBuffers,
    dOutput: Tensor,
    dh: Tensor,
    dc: Tensor,
    denormalise?: (row: number) => void,
  ): void {
    const [A, C] = [gates, c].map((x) => this.array(x));
    const tC = tanhC && this.array(tanhC);
    const W = this.factorsOf(weight);
    const [dY, dH, dC] = [dOutput, dh, dc].map((x) => this.array(x));
    for (let row = T * B - 1; row >= 0; row--) {
      const b = row % B;
      for (let j = 0; j < H; j++) {
        const at = row * 4 * H + j;
        const [i, f, g, o] = [A[at], A[at + H], A[at + 2 * H], A[at + 3 * H]];
        const tanhCell = tC ? tC[row * H + j] : Math.tanh(C[(row + B) * H + j]);
        const dHidden = dY[row * H + j] + dH[b * H + j];
        const dCell = dC[b * H + j] + dHidden * o * (1 - tanhCell * tanhCell);
        A[at] = dCell * g * i * (1 - i);
        A[at + H] = dCell * C[row * H + j] * f * (1 - f);
        A[at + 2 * H] = dCell * i * (1 - g * g);
        A[at + 3 * H] = dHidden * tanhCell * o * (1 - o);
        dC[b * H + j] = dCell * f;
      }
      denormalise?.(row);
      const dSums = this.factors(A.subarray(row * 4 * H, (row + 1) * 4 * H));
      backwardProduct(dH, b * H, dSums, W, H);
    }
    this.settle(gates);
  }

  gruForward({ T, B, H }: ChunkSize, buffers: GruBuffers, lookup?: Lookup): void {
    const { gates, recurrent, h, weight, bias } = buffers;
    this.lookUp(gates, lookup);
    const [A, U, S, b] = [gates, recurrent, h, bias].map((x) => this.array(x));
    const W = this.factorsOf(weight);
    for (let row = 0; row < T * B; row++) {
      const state = this.factors(S.subarray(row * H, (row + 1) * H));
      const projected = (unit: number) => b[unit] + dot(state, 0, W, unit * H, H);
      for (let j = 0; j < H; j++) {
        const at = row * 3 * H + j;
        const r = sigmoid(A[at] + projected(j));
        const z = sigmoid(A[at + H] + projected(H + j));
        const u = projected(2 * H + j);
        const n = Math.tanh(A[at + 2 * H] + r * u);
        A[at] = r;
        A[at + H] = z;
        A[at + 2 * H] = n;
        U[at + 2 * H] = u;
        S[(row + B) * H + j] = (1 - z) * n + z * S[row * H + j];
      }
    }
  }

  gruBackward(
    { T, B, H }: ChunkSize,
    { gates, recurrent, h, weight }: GruBuffers,
    dOutput: Tensor,
    dh: Tensor,
  ): void {
    const [A, U, S] = [gates, recurrent, h].map((x) => this.array(x));
    const W = this.factorsOf(weight);
    const [dY, dH] = [dOutput, dh].map((x) => this.array(x));
    for (let row = T * B - 1; row >= 0; row--) {
      const b = row % B;
      const throughState = new Float64Array(H);
      for (let j = 0; j < H; j++) {
        const at = row * 3 * H + j;
        const [r, z, n, u] = [A[at], A[at + H], A[at + 2 * H], U[at + 2 * H]];
        const dHidden = dY[row * H + j] + dH[b * H + j];
        const dN = dHidden * (1 - z) * (1 - n * n);
        const dZ = dHidden * (S[row * H + j] - n) * z * (1 - z);
        const dR = dN * u * r * (1 - r);
        A[at] = dR;
        A[at + H] = dZ;
        A[at + 2 * H] = dN;
        U[at] = dR;
        U[at + H] = dZ;
        U[at + 2 * H] = dN * r;
        throughState[j] = dHidden * z;
      }
      const dProduct = this.factors(U.subarray(row * 3 * H, (row + 1) * 3 * H));
      backwardProduct(dH, b * H, dProduct, W, H);
      addScaled(dH, b * H, 1, throughState, 0, H);
    }
  }

  attentionForward(
    { T, S, B, H }: AttentionSize,
    { query, memory, weights }: AttentionBuffers,
    context: Tensor,
  ): void {
    const [Q, M, W, C] = [query, memory, weights, context].map((x) => this.array(x));
    for (let row = 0; row < T * B; row++) {
      const key = (s: number) => (s * B + (row % B)) * 2 * H;
      const scores = Array.from({ length: S }, (_, s) => dot(Q, row * H, M, key(s), H));
      const max = Math.max(...scores);
      const powers = scores.map((score) => Math.exp(score - max));
      const sum = powers.reduce((a, b) => a + b, 0);
      const mean = new Float64Array(H);
      for (let s = 0; s < S; s++) {
        W[row * S + s] = powers[s] / sum;
        addScaled(mean, 0, powers[s] / sum, M, key(s) + H, H);
      }
      C.set(mean, row * H);
    }
  }

  attentionBackward(
    { T, S, B, H }: AttentionSize,
    { query, memory, weights }: AttentionBuffers,
    dContext: Tensor,
    dQuery: Tensor,
    dMemory: Tensor,
  ): void {
    const [Q, M, W] = [query, memory, weights].map((x) => this.array(x));
    const [dC, dQ, dM] = [dContext, dQuery, dMemory].map((x) => this.array(x));
    dM.fill(0);
    for (let row = 0; row < T * B; row++) {
      const key = (s: number) => (s * B + (row % B)) * 2 * H;
      const dWeights = Array.from({ length: S }, (_, s) => dot(dC, row * H, M, key(s) + H, H));
      const mean = dWeights.reduce((sum, d, s) => sum + W[row * S + s] * d, 0);
      const sum = new Float64Array(H);
      for (let s = 0; s < S; s++) {
        const weight = W[row * S + s];
        const dScore = weight * (dWeights[s] - mean);
        addScaled(dM, key(s) + H, weight, dC, row * H, H);
        addScaled(dM, key(s), dScore, Q, row * H, H);
        addScaled(sum, 0, dScore, M, key(s), H);
        W[row * S + s] = dScore;
      }
      dQ.set(sum, row * H);
    }
  }

  programForward(size: ChunkSize, buffers: ProgramBuffers, lookup?: Lookup): void {
    const program = this.program(size, buffers, undefined);
    if (lookup) {
      const { columns, start } = program.projection;
      const rows = [size.T, size.B, columns * size.H];
      this.gather(this.view(buffers.memory, start, rows), lookup.table, lookup.ids);
    }
    program.forward();
  }

  programBackward(size: ChunkSize, buffers: ProgramBuffers, dOutput: Tensor): void {
    this.program(size, buffers, dOutput).backward();
  }

  private program(
    size: ChunkSize,
    { code, offsets, memory, weight, vectors, vectorGradients }: ProgramBuffers,
    dOutput: Tensor | undefined,
  ): ReferenceProgram {
    const of = (x: Tensor | undefined) => (x === undefined ? new Float64Array(0) : this.array(x));
    return new ReferenceProgram(size, {
      code: this.allIntegers(code),
      offsets: this.allIntegers(offsets),
      memory: this.array(memory),
      weight: of(weight),
      vectors: of(vectors),
      vectorGradients: of(vectorGradients),
      outputGradient: of(dOutput),
      factors: (x, columns) => this.factors(x, columns),
    });
  }

  // --- loss ---

  softmaxCrossEntropy(losses: Tensor, logits: Tensor, targets: Indices, scale: number): void {
    const [M, V] = logits.shape;
    const [L, Z, I] = [this.array(losses), this.array(logits), this.integers(targets, V)];
    for (let m = 0; m < M; m++) {
      const row = Z.subarray(m * V, (m + 1) * V);
      let max = -Infinity;
      for (const logit of row) max = Math.max(max, logit);
      let sum = 0;
      for (let v = 0; v < V; v++) sum += Math.exp(row[v] - max);
      L[m] = Math.log(sum) + max - row[I[m]];
      if (scale === 0) continue;
      for (let v = 0; v < V; v++) {
        const probability = Math.exp(row[v] - max) / sum;
        row[v] = scale * (probability - (v === I[m] ? 1 : 0));
      }
    }
  }

  // --- element-wise operations ---

  dropout(y: Tensor, x: Tensor, { rate, key, firstRow, totalRows, locked }: DropoutMask): void {
    const [T, B, width] = x.shape;
    const [Y, X] = [this.array(y), this.array(x)];
    const threshold = Math.floor(rate * 2 ** 32);
    const scale = 1 / (1 - rate);
    for (let t = 0; t < T; t++) {
      for (let b = 0; b < B; b++) {
        const row = (locked ? 0 : t * totalRows) + firstRow + b;
        for (let j = 0; j < width; j++) {
          const at = (t * B + b) * width + j;
          Y[at] = dropoutBits(row * width + j, key) >= threshold ? X[at] * scale : 0;
        }
      }
    }
    this.settle(y);
  }

  add(dst: Tensor, src: Tensor): void {
    addScaled(this.array(dst), 0, 1, this.array(src), 0, src.size);
    this.settle(dst);
  }

  lerp(dst: Tensor, src: Tensor, amount: number): void {
    const [Y, X] = [this.array(dst), this.array(src)];
    for (let i = 0; i < Y.length; i++) Y[i] += amount * (X[i] - Y[i]);
  }

  clamp(x: Tensor, limit: number): void {
    const X = this.array(x);
    for (let i = 0; i < X.length; i++) X[i] = Math.max(-limit, Math.min(limit, X[i]));
  }

  // --- reductions ---

  sum(x: Tensor): number {
    let sum = 0;
    for (const value of this.array(x)) sum += value;
    return sum;
  }

  sumSquares(parts: readonly Tensor[]): number {
    let total = 0;
    for (const part of parts) {
      let sum = 0;
      for (const value of this.array(part)) sum += value * value;
      total += sum;
    }
    return total;
  }

  // --- optimisers ---

  adam(w: Tensor, g: Tensor, m: Tensor, v: Tensor, step: AdamStep): void {
    const { rate, beta1, beta2, epsilon, l2, decay, gradientScale } = step;
    const [W, G, M1, M2] = [w, g, m, v].map((x) => this.array(x));
    const correction1 = 1 - beta1 ** step.step;
    const correction2 = 1 - beta2 ** step.step;
    for (let i = 0; i < W.length; i++) {
      const gradient = G[i] * gradientScale + l2 * W[i];
      M1[i] = beta1 * M1[i] + (1 - beta1) * gradient;
      M2[i] = beta2 * M2[i] + (1 - beta2) * gradient * gradient;
      const direction = M1[i] / correction1 / (Math.sqrt(M2[i] / correction2) + epsilon);
      W[i] -= rate * (direction + decay * W[i]);
    }
  }

  rmsprop(w: Tensor, g: Tensor, v: Tensor, step: RmspropStep): void {
    const { rate, alpha, epsilon, l2, gradientScale } = step;
    const [W, G, M2] = [w, g, v].map((x) => this.array(x));
    for (let i = 0; i < W.length; i++) {
      const gradient = G[i] * gradientScale + l2 * W[i];
      M2[i] = alpha * M2[i] + (1 - alpha) * gradient * gradient;
      W[i] -= (rate * gradient) / (Math.sqrt(M2[i]) + epsilon);
    }
  }

  sgd(w: Tensor, g: Tensor, m: Tensor, step: SgdStep): void {
    const { rate, momentum, l2, gradientScale } = step;
    const [W, G, M1] = [w, g, m].map((x) => this.array(x));
    for (let i = 0; i < W.length; i++) {
      M1[i] = momentum * M1[i] + G[i] * gradientScale + l2 * W[i];
      W[i] -= rate * M1[i];
    }
  }

  muon(w: Tensor, g: Tensor, m: Tensor, step: MuonStep): void {
    const { rate, momentum, decay, gradientScale } = step;
    const [rows, columns] = w.shape;
    const [W, G, M1] = [w, g, m].map((x) => this.array(x));
    const direction = new Float64Array(W.length);
    for (let i = 0; i < W.length; i++) {
      const fresh = (1 - momentum) * gradientScale * G[i];
      M1[i] = momentum * M1[i] + fresh;
      direction[i] = momentum * M1[i] + fresh;
    }
    orthogonalize(direction, rows, columns, (x) => this.factors(x));
    const size = 0.2 * Math.sqrt(Math.max(rows, columns));
    for (let i = 0; i < W.length; i++) W[i] -= rate * (decay * W[i] + size * direction[i]);
  }
}

/** Coefficients of the Newton-Schulz iteration X ← (a I + b X Xᵀ + c (X Xᵀ)²) X, chosen by Jordan et al. 2024 */
const newtonSchulz = { a: 3.4445, b: -4.775, c: 2.0315, iterations: 5 };

/** X [rows, columns] ← approximately U Vᵀ, where X = U Σ Vᵀ. `factors` rounds a matrix before it is multiplied. */
function orthogonalize(
  X: Float64Array,
  rows: number,
  columns: number,
  factors: (x: Reals) => Reals,
): void {
  if (rows > columns) {
    // a tall X is transposed, because the smaller one of its two Gram matrices takes less work; the kernels do so too
    const turned = transposed(X, rows, columns);
    orthogonalize(turned, columns, rows, factors);
    X.set(transposed(turned, columns, rows));
    return;
  }
  const { a, b, c, iterations } = newtonSchulz;
  const norm = Math.sqrt(X.reduce((sum, x) => sum + x * x, 0)) + 1e-7;
  for (let i = 0; i < X.length; i++) X[i] /= norm;
  for (let iteration = 0; iteration < iterations; iteration++) {
    const x = factors(X);
    const gram = multiply(x, transposed(x, rows, columns), rows, columns, rows);
    const g = factors(gram);
    const square = multiply(g, g, rows, rows, rows);
    const polynomial = square.map((s, i) => b * gram[i] + c * s + (i % (rows + 1) === 0 ? a : 0));
    X.set(multiply(factors(polynomial), x, rows, rows, columns));
  }
}

/** A [M,K] · B [K,N] */
function multiply(A: Reals, B: Reals, M: number, K: number, N: number): Float64Array {
  const C = new Float64Array(M * N);
  for (let m = 0; m < M; m++) {
    for (let k = 0; k < K; k++) addScaled(C, m * N, A[m * K + k], B, k * N, N);
  }
  return C;
}

/** Xᵀ of X [rows, columns] */
function transposed<T extends Reals>(X: T, rows: number, columns: number): T {
  return X.map((_, i) => X[(i % rows) * columns + Math.floor(i / rows)]) as T;
}

/** Mean of x, and 1 / √(variance + ε) */
function moments(x: Float64Array): { mean: number; scale: number } {
  const mean = x.reduce((sum, value) => sum + value, 0) / x.length;
  const variance = x.reduce((sum, value) => sum + (value - mean) ** 2, 0) / x.length;
  return { mean, scale: 1 / Math.sqrt(variance + 1e-5) };
}

/** Σ_k a[aStart+k] · b[bStart+k] for k < K */
function dot(a: Reals, aStart: number, b: Reals, bStart: number, K: number): number {
  let sum = 0;
  for (let k = 0; k < K; k++) sum += a[aStart + k] * b[bStart + k];
  return sum;
}

/** y[yStart+k] += factor · x[xStart+k] for k < K */
function addScaled(
  y: Reals,
  yStart: number,
  factor: number,
  x: Reals,
  xStart: number,
  K: number,
): void {
  for (let k = 0; k < K; k++) y[yStart + k] += factor * x[xStart + k];
}

/** dh[H] = da[R] · W[R,H]: the gradient of one row's recurrent product, with R = G·H. */
function backwardProduct(dH: Reals, dhStart: number, dA: Reals, W: Reals, H: number): void {
  const sums = new Float64Array(H);
  for (let r = 0; r < dA.length; r++) addScaled(sums, 0, dA[r], W, r * H, H);
  dH.set(sums, dhStart);
}
