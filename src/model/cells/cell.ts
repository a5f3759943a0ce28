/**
 * The interface between a recurrent cell and the network.
 *
 * A new cell is one file beside this one, its pair of operations in the back end, and a line in cells.ts.
 *
 * In shapes, H is the number of units of a layer, T the number of time steps of a chunk, and B the number of rows of
 * the batch, which each step has.
 */
import type { Backend, ChunkSize, LayerInput, Lookup, Tensor } from '../../backend/backend.js';

/** Features that not every cell can compute */
export type CellFeature = 'layerNorm';

export interface Cell {
  /** G: number of matrices that multiply the layer's input; each of them gives H columns of the input projection */
  readonly gates: number;
  /**
   * How the matrices that multiply vectors of units (such as h, with a number for each unit) are grouped: those of a
   * group multiply the same vector in a single matrix product. The list says how many matrices each group has (H rows
   * of the recurrent weight for each matrix).
   */
  readonly unitGroups: readonly number[];
  /** Names of the matrices that multiply vectors of units, in their order */
  readonly unitNames: readonly string[];
  /** Tensors of state that pass from step to step: first h, then others, such as c */
  readonly states: readonly string[];
  /** Names of the tensors of state that a layer keeps in bfloat16 if it computes in half precision */
  readonly compactStates?: readonly string[];
  /** About how many numbers a layer stores for each row of a chunk, in multiples of H */
  readonly keptWidth: number;
  /**
   * About how many numbers a layer stores in half precision, where a bfloat16 counts half; absent if the cell stores no
   * bfloat16
   */
  readonly halfKeptWidth?: number;
  /** Names of the gates in their order; a logistic gate has values between 0 (shut) and 1 (open). */
  readonly gateNames: readonly { readonly name: string; readonly logistic: boolean }[];
  /** Features of a network that this cell can compute; other features are refused. */
  readonly features: readonly CellFeature[];
  /** Initial value of gate `gate`'s bias. */
  initialBias(gate: number): number;
  /**
   * Names of the learned matrices and vectors, if each is a tensor of its own; absent if they are stacked into one
   * tensor
   */
  readonly learned?: LearnedNames;
  /** Allocates one layer, for chunks of at most `maxRows` = T·B rows and at most `maxBatch` = B. */
  createLayer(
    backend: Backend,
    hidden: number,
    maxRows: number,
    maxBatch: number,
    weights: RecurrentWeights,
  ): CellLayer;
}

/** Names of a cell's learned matrices and vectors, in the order of their tensors */
export interface LearnedNames {
  readonly inputs: readonly string[];
  readonly units: readonly string[];
  readonly vectors: readonly {
    readonly name: string;
    /** Range of the initial values: uniform between the two numbers, which may be equal */
    readonly initial: readonly [low: number, high: number];
  }[];
}

export interface RecurrentWeights {
  /** The recurrent weight W_hh [G·H, H]; absent if no matrix of the cell multiplies units */
  readonly weight: Tensor | undefined;
  /** The recurrent bias b_hh [G·H]; absent from some cells */
  readonly bias: Tensor | undefined;
  /** The weights of layer normalisation, if the layer has it; the bias is then added after the normalisation. */
  readonly norm?: NormWeights | undefined;
  /** Learned vectors, [·, H]; absent from some cells. The layer's backward pass adds to their gradients. */
  readonly vectors?:
    | { readonly values: Tensor; readonly gradients: Tensor | undefined }
    | undefined;
}

export interface NormWeights {
  /** The gain of the normalised pre-activations, [G·H] */
  readonly gain: Tensor;
  /** Gradients of gain and bias, [G·H] each; the layer's backward pass adds to them. */
  readonly gradients: { readonly gain: Tensor; readonly bias: Tensor } | undefined;
}

/** One layer with its memory, which gives the activations of chunks of any size that fits. */
export interface CellLayer {
  /**
   * The activations of a chunk of T steps and B rows, which is run forward and then backward.
   * @param first where the chunk begins in the layer's memory, in steps of B rows, so that a chunk which was run
   * forward as a whole can be run backward in pieces
   */
  at(T: number, B: number, first?: number): CellChunk;
}

/** The values of one gate: H columns of a tensor [T, B, ·] */
export interface GateValues {
  readonly tensor: Tensor;
  readonly column: number;
}

export interface UnitProduct {
  /**
   * [T, B, ·]: after the backward pass, the gradient w.r.t. the products with these matrices, which for a recurrent
   * projection are W_hh h + b_hh
   */
  readonly gradient: Tensor;
  /** [T, B, H]: the vector that the matrices multiply, for instance h_0 … h_{T-1} */
  readonly argument: Tensor;
}

export interface CellChunk {
  readonly size: ChunkSize;
  /**
   * [T, B, G·H] in float32 or bfloat16: after `backward`, the gradient w.r.t. the input projection W_ih x + b_ih. For
   * every cell except the LSTM, the caller may also write the projection here and call `forward` without an input.
   */
  readonly inputProjection: Tensor;
  /** The gates' values after `forward`, in the order of `gateNames` */
  readonly gates: readonly GateValues[];
  /** Products of matrices and vectors of units, in the order of `unitGroups` */
  readonly products: readonly UnitProduct[];
  /** [T, B, H] in float32 or bfloat16: the layer's output, h_1 … h_T. */
  readonly output: Tensor;
  /**
   * [T, B, H]: the values of the units, from -1 to 1: tanh(c) for an LSTM, which does not keep it in half precision;
   * the output for other cells
   */
  readonly unitValues: Tensor | undefined;
  /** [B, H] each, in float32 or bfloat16: the state before the chunk, which the caller writes before `forward`. */
  readonly initialState: readonly Tensor[];
  /**
   * The state before the chunk, [B, H] each, in the memory from which `backward` reads it, and which also holds the
   * state after the preceding chunk. Usually these are the tensors of `initialState`.
   */
  readonly keptState: readonly Tensor[];
  /** The state after the chunk, [B, H] each */
  readonly finalState: readonly Tensor[];
  forward(input?: LayerInput): void;
  /**
   * @param dOutput [T, B, H] gradient w.r.t. the output
   * @param dState [B, H] each: before the call the gradient w.r.t. the final state, after it the gradient w.r.t. the
   *   initial state
   */
  backward(dOutput: Tensor, dState: readonly Tensor[]): void;
}

/** Caches the views for each chunk size, so that training steps create none. */
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

/**
 * Prepares the input of an operation that expects the input projection W_ih x + b_ih in memory: if the input consists
 * of vectors, projects them into that memory.
 * @param input absent if the projection is already there
 * @returns the look-up from which the operation reads the projection instead, if there is one
 */
export function projected(
  backend: Backend,
  projection: Tensor,
  input: LayerInput | undefined,
): Lookup | undefined {
  if (input === undefined || 'table' in input) return input;
  backend.linear(projection, input.x, input.weight, input.bias);
  return undefined;
}

/** The values of a cell's gates, if they are adjacent columns of one tensor */
export function gatesIn(tensor: Tensor, cell: Cell): GateValues[] {
  return cell.gateNames.map((_, column) => ({ tensor, column }));
}

/** Returns the input of a layer whose cell cannot run without one. */
export function given(input: LayerInput | undefined): LayerInput {
  if (input === undefined) throw new Error('a layer without its input');
  return input;
}

/** Returns the recurrent weights with the type that they have in a cell that always has both a matrix and a bias. */
export function withBias({ weight, bias, ...rest }: RecurrentWeights) {
  if (weight === undefined || bias === undefined) throw new Error('a cell without its weights');
  return { ...rest, weight, bias };
}

/**
 * Views of a state tensor that has T+1 slots of [B, H]: slot 0 is the state before the chunk, slot t the state after
 * step t.
 * @param first which slot of the whole tensor is slot 0 of the views
 */
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
