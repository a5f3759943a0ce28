/**
 * The interface between a recurrent cell and the network.
 *
 * A new cell is one file beside this one, its pair of operations in the back end, and a line in cells.ts.
 */
import type { Backend, ChunkSize, Lookup, Tensor } from '../../backend/backend.js';

/** Features that not every cell can compute */
export type CellFeature = 'layerNorm';

export interface Cell {
  /** G: the number of gates, each with H rows of the weight matrices */
  readonly gates: number;
  /** Number of state tensors that pass from step to step: h, or h and c */
  readonly states: readonly ('h' | 'c')[];
  /** Names of the gates in their order, and whether each is a sigmoid (open or shut). */
  readonly gateNames: readonly { readonly name: string; readonly logistic: boolean }[];
  /** Features of a network that this cell can compute; the others are refused. */
  readonly features: readonly CellFeature[];
  /** Initial value of gate `gate`'s bias. */
  initialBias(gate: number): number;
  /** Allocates one layer for chunks of at most `maxRows` = T·B rows and `maxBatch` = B. */
  createLayer(
    backend: Backend,
    hidden: number,
    maxRows: number,
    maxBatch: number,
    weights: RecurrentWeights,
  ): CellLayer;
}

export interface RecurrentWeights {
  /** W_hh [G·H, H] */
  readonly weight: Tensor;
  /** b_hh [G·H] */
  readonly bias: Tensor;
  /** Layer normalisation, if there is any; the bias is then added after it. */
  readonly norm?: NormWeights | undefined;
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

export interface CellChunk {
  readonly size: ChunkSize;
  /**
   * [T, B, G·H]. Write the input projection here before forward, unless it is looked up; after forward
   * the gates (the vanilla RNN has none); after backward, the gradient w.r.t. the projection.
   */
  readonly inputProjection: Tensor;
  /** [T, B, G·H]. After backward: gradient w.r.t. the recurrent projection W_hh h + b_hh. */
  readonly dRecurrent: Tensor;
  /** [T, B, H]: the layer's output, h_1 … h_T. */
  readonly output: Tensor;
  /** [T, B, H]: what the units hold, from -1 to 1: tanh(c) of an LSTM, otherwise the output. */
  readonly unitValues: Tensor;
  /** The outputs before each step, [T, B, H]: h_0 … h_{T-1} */
  readonly previousOutput: Tensor;
  /** The state before the chunk, [B, H] each; it is written before forward. */
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
