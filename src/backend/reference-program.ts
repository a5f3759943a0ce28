/**
 * Interprets the compiled equations of a cell row by row and in double precision; the kernels do the same in tiles.
 * `cells/encode-program.ts` describes the format of the program.
 */
import type { ChunkSize } from './backend.js';

type Reals = Float32Array | Float64Array;

export interface ProgramArrays {
  readonly code: Int32Array;
  readonly offsets: Int32Array;
  readonly memory: Reals;
  readonly weight: Reals;
  readonly vectors: Reals;
  readonly vectorGradients: Reals;
  readonly outputGradient: Reals;
  /** Operands of a matrix product, rounded if the precision requires it; rows have `columns` columns */
  factors(x: Reals, columns?: number): Reals;
}

/** Added to a variance before taking its square root */
const epsilon = 1e-5;

const sigmoid = (x: number) => 1 / (1 + Math.exp(-x));
const softplus = (x: number) => Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x)));

/** The operations by number, in the order of `cells/graph.ts`; those across all units are handled separately. */
const functions: readonly ((a: number, b: number, c: number) => number)[] = [
  (a) => a,
  (a, b) => a + b,
  (a, b) => a - b,
  (a, b) => a * b,
  (a, b) => a / b,
  (a) => -a,
  (a, b) => (a > b ? a : b),
  (a) => Math.max(a, 0),
  sigmoid,
  Math.tanh,
  Math.exp,
  Math.log,
  softplus,
  () => 0,
  (a, b) => (a > b ? 1 : 0),
  (d, s) => d * s * (1 - s),
  (d, t) => d * (1 - t * t),
  () => 0,
  (a, b, c) => a * b + c,
  (a, b, c) => a * b - c,
  (a, b, c) => c - a * b,
];
const [normCode, dNormCode] = [13, 17];

/** Indices of fields in the header of a compiled cell's code */
const header = { before: 6, loop: 7, loopBack: 8, after: 9, groups: 10 } as const;

export class ReferenceProgram {
  private readonly registers: readonly Reals[];

  constructor(
    private readonly size: ChunkSize,
    private readonly arrays: ProgramArrays,
  ) {
    const registers = arrays.code[0];
    this.registers = Array.from({ length: registers }, () => new Float64Array(size.H));
  }

  /** Number of columns of the input projection, and where it begins in memory */
  get projection(): { readonly columns: number; readonly start: number } {
    const { code, offsets } = this.arrays;
    return { columns: code[2], start: offsets[code[3]] };
  }

  forward(): void {
    const { T, B } = this.size;
    this.run(header.before, 0, T * B);
    for (let t = 0; t < T; t++) this.run(header.loop, t, B);
  }

  backward(): void {
    const { T, B } = this.size;
    for (let t = T - 1; t >= 0; t--) this.run(header.loopBack, t, B);
    this.run(header.after, 0, T * B);
  }

  /** Runs one of the lists of steps in a compiled cell's code for `rows` rows, beginning at time step t. */
  private run(list: number, t: number, rows: number): void {
    const { code } = this.arrays;
    let at = code[list];
    const count = code[at++];
    for (let i = 0; i < count; i++) {
      const kind = code[at++];
      if (kind === 0) at = this.vectors(at, t, rows);
      else if (kind === 1) this.product(code[at++], t, rows);
      else {
        this.productBackward(code[at], code[at + 1], code[at + 2] !== 0, t, rows);
        at += 3;
      }
    }
  }

  private group(g: number) {
    const { code, offsets } = this.arrays;
    const at = code[header.groups] + 3 * g;
    let first = 0;
    for (let before = 0; before < g; before++) first += code[code[header.groups] + 3 * before + 2];
    return {
      from: offsets[code[at]],
      to: offsets[code[at + 1]],
      size: code[at + 2],
      first,
      isInput: code[at + 1] === code[3],
    };
  }

  private product(g: number, t: number, rows: number): void {
    const { B, H } = this.size;
    const { memory: M } = this.arrays;
    const { from, to, size, first, isInput } = this.group(g);
    const W = this.weight(first, size);
    for (let row = t * B; row < t * B + rows; row++) {
      const x = this.arrays.factors(M.subarray(from + row * H, from + (row + 1) * H));
      for (let unit = 0; unit < size * H; unit++) {
        let sum = isInput ? M[to + row * size * H + unit] : 0;
        for (let j = 0; j < H; j++) sum += x[j] * W[unit * H + j];
        M[to + row * size * H + unit] = sum;
      }
    }
  }

  private productBackward(
    g: number,
    region: number,
    accumulate: boolean,
    t: number,
    rows: number,
  ): void {
    const { B, H } = this.size;
    const { memory: M, offsets } = this.arrays;
    const { to, size, first } = this.group(g);
    const W = this.weight(first, size);
    // the gradients have a row for each row of the product: T·B rows for a product of all time steps, otherwise B
    const result = offsets[region];
    const sums = new Float64Array(H);
    for (let row = 0; row < rows; row++) {
      const at = result + row * H;
      for (let j = 0; j < H; j++) sums[j] = accumulate ? M[at + j] : 0;
      const start = to + (t * B + row) * size * H;
      const d = this.arrays.factors(M.subarray(start, start + size * H));
      for (let unit = 0; unit < size * H; unit++) {
        for (let j = 0; j < H; j++) sums[j] += d[unit] * W[unit * H + j];
      }
      M.set(sums, at);
    }
  }

  /** The matrices of a group, stacked into one operand, so that a single product computes all of them */
  private weight(first: number, size: number): Reals {
    const { H } = this.size;
    const matrix = H * H;
    return this.arrays.factors(
      this.arrays.weight.subarray(first * matrix, (first + size) * matrix),
      H,
    );
  }

  /** Runs element-wise operations; returns where the code continues. */
  private vectors(start: number, t: number, rows: number): number {
    const { code } = this.arrays;
    const placeCount = code[start];
    const list = start + 1 + 5 * placeCount;
    const end = list + 1 + 5 * code[list];
    for (let row = 0; row < rows; row++) {
      const places = Array.from({ length: placeCount }, (_, i) =>
        this.place(start + 1 + 5 * i, t, row),
      );
      const operand = (x: number) => (x >= 0 ? this.registers[x] : places[-1 - x]);
      for (let at = list + 1; at < end; at += 5) {
        const [to, a, b, c] = [
          operand(code[at + 1]),
          operand(code[at + 2]),
          operand(code[at + 3]),
          operand(code[at + 4]),
        ];
        this.operation(code[at], to, a, b, c);
      }
    }
    return end;
  }

  private operation(op: number, to: Reals, a: Reals, b: Reals, c: Reals): void {
    const { H } = this.size;
    if (op === normCode || op === dNormCode) {
      const x = op === normCode ? a : b;
      let [mean, variance] = [0, 0];
      for (let j = 0; j < H; j++) mean += x[j] / H;
      for (let j = 0; j < H; j++) variance += (x[j] - mean) ** 2 / H;
      const scale = 1 / Math.sqrt(variance + epsilon);
      if (op === normCode) {
        for (let j = 0; j < H; j++) to[j] = (a[j] - mean) * scale;
        return;
      }
      let [sum, product] = [0, 0];
      for (let j = 0; j < H; j++) {
        sum += a[j] / H;
        product += (a[j] * (x[j] - mean) * scale) / H;
      }
      for (let j = 0; j < H; j++) {
        to[j] = scale * (a[j] - sum - (x[j] - mean) * scale * product);
      }
      return;
    }
    const f = functions[op];
    for (let j = 0; j < H; j++) to[j] = f(a[j], b[j], c[j]);
  }

  /** The H numbers to which a place (a reference to memory in a cell's code) refers, for one row of the batch */
  private place(at: number, t: number, row: number): Reals {
    const { B, H } = this.size;
    const { code, offsets, memory, vectors, vectorGradients, outputGradient } = this.arrays;
    const [base, region, moves, stride, column] = code.subarray(at, at + 5);
    const array = [memory, vectors, vectorGradients, outputGradient][base];
    const first = base === 0 ? offsets[region] : 0;
    const start = first + ((moves * t * B + row) * stride + column) * H;
    return array.subarray(start, start + H);
  }
}
