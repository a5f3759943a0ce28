/**
 * What a recurrent cell is to the network.
 *
 * A new cell is one file beside this one, its pair of verbs in the back end, and a line in cells.ts.
 */
import type { Backend, ChunkSize, Tensor } from '../../backend/backend.js';

export interface Cell {
  /** G: gates, each H rows of the weight matrices */
  readonly gates: number;
  /** Tensors of state that pass from step to step: h, or h and c. */
  readonly states: readonly ('h' | 'c')[];
  /** Initial value of gate `gate`'s input bias. */
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
}

/** One layer's activations for chunks of one size; forward first, then backward. */
export interface CellLayer {
  at(T: number, B: number): CellChunk;
}

export interface CellChunk {
  readonly size: ChunkSize;
  /** [T, B, G·H]. Write the input projection here before forward; after backward, its gradient. */
  readonly inputProjection: Tensor;
  /** [T, B, G·H]. After backward: gradient w.r.t. the recurrent projection W_hh h + b_hh. */
  readonly dRecurrent: Tensor;
  /** [T, B, H]: the layer's output, h_1 … h_T. */
  readonly output: Tensor;
  /** [T, B, H]: h_0 … h_{T-1}. */
  readonly previousOutput: Tensor;
  /** [B, H] each: the state before the chunk, to be written before forward. */
  readonly initialState: readonly Tensor[];
  /** [B, H] each: the state after the chunk. */
  readonly finalState: readonly Tensor[];
  forward(): void;
  /**
   * @param dOutput [T, B, H] gradient w.r.t. the output
   * @param dState [B, H] each: in, gradient w.r.t. the final state; out, w.r.t. the initial state
   */
  backward(dOutput: Tensor, dState: readonly Tensor[]): void;
}

/** Keeps the views of each chunk size, so that a training step makes none. */
export function cachedLayer(make: (T: number, B: number) => CellChunk): CellLayer {
  const chunks = new Map<string, CellChunk>();
  return {
    at(T, B) {
      const key = `${T} ${B}`;
      let chunk = chunks.get(key);
      if (chunk === undefined) {
        chunk = make(T, B);
        chunks.set(key, chunk);
      }
      return chunk;
    },
  };
}

/** Views of a state tensor with T+1 slots of [B, H]. */
export function slots(backend: Backend, memory: Tensor, T: number, B: number, H: number) {
  return {
    all: backend.view(memory, 0, [T + 1, B, H]),
    initial: backend.view(memory, 0, [B, H]),
    final: backend.view(memory, T * B * H, [B, H]),
    previous: backend.view(memory, 0, [T, B, H]),
    output: backend.view(memory, B * H, [T, B, H]),
  };
}
