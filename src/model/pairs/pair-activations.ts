/** What a network of pairs has computed of a batch, and keeps for what comes next. */
import type { Indices, Tensor } from '../../backend/backend.js';
import type { CellChunk } from '../cells/cell.js';
import type { Sources } from './pair-feed.js';

/** What `encode` has computed of a batch of sources */
export interface Encoded {
  readonly sources: Sources;
  /** Activations of both directions, each in its own order of time */
  readonly chunks: readonly CellChunk[];
  /** [S·B, H] of each direction: the outputs after dropout, both from the first character to the last */
  readonly outputs: readonly Tensor[];
  /** [S, B, 2H] the key and the value of each character */
  readonly memory: Tensor;
}

export interface Decoded {
  readonly T: number;
  readonly B: number;
  readonly query: Tensor;
  /** [T, B, S] attention weights */
  readonly weights: Tensor;
  readonly combined: CellChunk;
  /** [T, B, H] what the output layer reads, after dropout */
  readonly top: Tensor;
  /** For the loss: the chosen places among T·B, their rows [N, H] of `top`, and their logits [N, V] */
  readonly loss?: { readonly places: Indices; readonly rows: Tensor; readonly logits: Tensor };
}
