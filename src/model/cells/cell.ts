/**
 * The interface between a recurrent cell and the network.
 *
 * A new cell is one file beside this one, its pair of operations in the back end, and a line in cells.ts.
 */
import type { Backend, ChunkSize, Lookup, Tensor } from '../../backend/backend.js';

/** Features that not every cell can compute */
export type CellFeature = 'layerNorm';

export interface Cell {
  /** G: matrices that multiply the layer's input, each H columns of the input projection */
  readonly gates: number;
  /** Matrices that multiply vectors of units: rows of H of the recurrent weight, in groups that are one product */
  readonly unitGroups: readonly number[];
  /** Names of these matrices, in their order */
  readonly unitNames: readonly string[];
  /** Tensors of state that pass from step to step: h first, then for instance c. */
  readonly states: readonly string[];
  /** Numbers that a layer keeps for a row of a chunk, as a multiple of H, about */
  readonly keptWidth: number;
  /** Names of the gates in their order, and whether each is a logistic one, open or shut. */
  readonly gateNames: readonly { readonly name: string; readonly logistic: boolean }[];
  /** Features of a network that this cell can compute; the others are refused. */
  readonly features: readonly CellFeature[];
  /** Initial value of gate `gate`'s bias. */
  initialBias(gate: number): number;
  /** Where matrices and vectors are tensors by themselves: what they are called. Else they are stacked. */
  readonly learned?: LearnedNames;
  /** Allocates one layer for chunks of at most `maxRows` = T·B rows and `maxBatch` = B. */
  createLayer(
    backend: Backend,
    hidden: number,
    maxRows: number,
    maxBatch: number,
    weights: RecurrentWeights,
  ): CellLayer;
}

/** Names of what a cell learns, in the order of their tensors */
export interface LearnedNames {
  readonly inputs: readonly string[];
  readonly units: readonly string[];
  readonly vectors: readonly {
    readonly name: string;
    /** Uniform between the two, which may be the same */
    readonly initial: readonly [low: number, high: number];
  }[];
}

export interface RecurrentWeights {
  /** W_hh [G·H, H]; absent where the cell multiplies no units with a matrix */
  readonly weight: Tensor | undefined;
  /** b_hh [G·H], of cells that have it */
  readonly bias: Tensor | undefined;
  /** With layer normalisation; the bias is then added after it. */
  readonly norm?: NormWeights | undefined;
  /** Learned vectors, [·, H], of cells that have them; the layer's backward pass adds to the gradients. */
  readonly vectors?:
    | { readonly values: Tensor; readonly gradients: Tensor | undefined }
    | undefined;
}

export interface NormWeights {
  /** The gain of the normalised sums, [G·H] */
  readonly gain: Tensor;
  /** Gradients of gain and bias, [G·H] each; the layer's backward pass adds to them. */
  readonly gradients: { readonly gain: Tensor; readonly bias: Tensor } | undefined;
}

/** One layer's activations for chunks of one size; forward first, then backward. */
export interface CellLayer {
  /**
   * @param first where in the layer's memory the chunk begins, in steps of B rows: a chunk that has been
   * run forward as a whole can be taken backward in pieces
   */
  at(T: number, B: number, first?: number): CellChunk;
}

/** A gate's values: columns of H in a tensor [T, B, ·] */
export interface GateValues {
  readonly tensor: Tensor;
  readonly column: number;
}

export interface UnitProduct {
  /** [T, B, ·]. After backward: gradient w.r.t. the products, for a recurrent projection W_hh h + b_hh. */
  readonly gradient: Tensor;
  /** [T, B, H]: what is multiplied, for instance h_0 … h_{T-1} */
  readonly argument: Tensor;
}

export interface CellChunk {
  readonly size: ChunkSize;
  /**
   * [T, B, G·H]. Write the input projection here before forward, unless it is looked up; after backward,
   * the gradient w.r.t. the projection.
   */
  readonly inputProjection: Tensor;
  /** After forward: where the gates are found, in the order of `gateNames` */
  readonly gates: readonly GateValues[];
  /** Products of matrices and vectors of units, in the order of `unitGroups` */
  readonly products: readonly UnitProduct[];
  /** [T, B, H]: the layer's output, h_1 … h_T. */
  readonly output: Tensor;
  /** [T, B, H]: what the units hold, from -1 to 1: tanh(c) of an LSTM, otherwise the output. */
  readonly unitValues: Tensor;
  /** [B, H] each: the state before the chunk, to be written before forward. */
  readonly initialState: readonly Tensor[];
  /** The state after the chunk, [B, H] each */
  readonly finalState: readonly Tensor[];
  forward(lookup?: Lookup): void;
  /**
   * @param dOutput [T, B, H] gradient w.r.t. the output
   * @param dState [B, H] each: in, gradient w.r.t. the final state; out, w.r.t. the initial state
   */
  backward(dOutput: Tensor, dState: readonly Tensor[]): void;
}

/** Keeps the views of each chunk size, so that a training step makes none. */
export function cachedLayer(make: (T: number, B: number, first: number) => CellChunk): CellLayer {
  const chunks = new Map<string, CellChunk>();
  return {
    at(T, B, first = 0) {
      const key = `${T} ${B} ${first}`;
      let chunk = chunks.get(key);
      if (chunk === undefined) {
        chunk = make(T, B, first);
        chunks.set(key, chunk);
      }
      return chunk;
    },
  };
}

/** A cell's gates, side by side in one tensor */
export function gatesIn(tensor: Tensor, cell: Cell): GateValues[] {
  return cell.gateNames.map((_, column) => ({ tensor, column }));
}

/** The weights of a cell that needs both of them */
export function withBias({ weight, bias, ...rest }: RecurrentWeights) {
  if (weight === undefined || bias === undefined) throw new Error('a cell without its weights');
  return { ...rest, weight, bias };
}

/** Views of a state tensor: T+1 slots of [B, H] from slot `first` on. */
export function slots(backend: Backend, buffer: Tensor, { T, B, H }: ChunkSize, first: number) {
  const start = first * B * H;
  return {
    all: backend.view(buffer, start, [T + 1, B, H]),
    initial: backend.view(buffer, start, [B, H]),
    final: backend.view(buffer, start + T * B * H, [B, H]),
    previous: backend.view(buffer, start, [T, B, H]),
    output: backend.view(buffer, start + B * H, [T, B, H]),
  };
}
