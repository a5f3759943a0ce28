/**
 * Sets states to zero in the middle of a chunk, where a document begins in a row.
 *
 * The cells run as usual, but the chunk is divided into pieces at the steps at which a document begins in some row.
 * Before a piece, the rows concerned are set to zero. Their former values are restored afterwards, because they are
 * also the outputs of the preceding step.
 */
import type { Backend, LayerInput, Tensor } from '../backend/backend.js';
import type { Reset } from '../text/documents.js';
import type { CellLayer } from './cells/cell.js';
import { cellOf } from './cells/cells.js';
import type { ModelConfig } from './model-config.js';

export class DocumentResets {
  /** The values that rows had before they were set to zero, [T·B, H] for each layer and tensor of state */
  private readonly kept: readonly (readonly Tensor[])[];
  private readonly hidden: number;
  private T = 0;
  private B = 0;
  private resets: readonly Reset[] = [];

  constructor(
    private readonly backend: Backend,
    config: ModelConfig,
    maxRows: number,
  ) {
    const { layers, hidden } = config;
    this.hidden = hidden;
    this.kept = Array.from({ length: layers }, () =>
      cellOf(config).states.map(() => backend.tensor([maxRows * hidden])),
    );
  }

  /** Sets which rows are reset at which steps of the next chunk. */
  begin(T: number, B: number, resets: readonly Reset[]): void {
    this.T = T;
    this.B = B;
    this.resets = resets;
  }

  /**
   * Runs layer l forward. Afterwards its memory holds the results of all steps, including those that a reset had set to
   * zero for the next step.
   */
  forward(layer: CellLayer, l: number, input: LayerInput): void {
    const segments = this.pieces();
    for (const [from, to, reset] of segments) {
      const segment = layer.at(to - from, this.B, from);
      if (reset) {
        this.keep(segment.keptState, l, reset);
        this.clear(segment.initialState, reset);
      }
      segment.forward(this.inputOf(input, from, to));
    }
    for (const [from, to, reset] of segments) {
      // a reset before the first step of the chunk has replaced no result of this chunk
      if (!reset || from === 0) continue;
      this.putBack(layer.at(to - from, this.B, from).keptState, l, reset);
    }
  }

  /** The part of a layer's input that belongs to the steps of a piece of the chunk */
  private inputOf(input: LayerInput, from: number, to: number): LayerInput {
    const { backend, B } = this;
    if ('table' in input) {
      return { ...input, ids: backend.viewIndices(input.ids, from * B, (to - from) * B) };
    }
    const D = input.weight.shape[1];
    return { ...input, x: backend.view(input.x, from * B * D, [to - from, B, D]) };
  }

  /**
   * Runs layer l backward, like `CellChunk.backward`. Afterwards the states before the steps at which rows were reset
   * are zeros in these rows, because that is what the steps have read.
   */
  backward(layer: CellLayer, l: number, dOutput: Tensor, dState: readonly Tensor[]): void {
    const { backend, B, hidden: H } = this;
    const segments = this.pieces();
    for (const [from, to, reset] of segments.toReversed()) {
      const segment = layer.at(to - from, B, from);
      if (reset) this.clear(segment.keptState, reset);
      segment.backward(backend.view(dOutput, from * B * H, [to - from, B, H]), dState);
      if (!reset) continue;
      for (const row of reset.rows) for (const d of dState) backend.fill(this.row(d, row), 0);
      if (from > 0) this.putBack(segment.keptState, l, reset);
    }
    for (const [from, to, reset] of segments) {
      if (reset) this.clear(layer.at(to - from, B, from).keptState, reset);
    }
  }

  /**
   * The pieces into which resets divide the chunk: the first step of each, the step after its last one, and the reset
   * before its first step
   */
  private pieces(): (readonly [from: number, to: number, reset: Reset | undefined])[] {
    const { resets, T } = this;
    const segments: (readonly [number, number, Reset | undefined])[] = [];
    if (resets[0]?.t !== 0) segments.push([0, resets[0]?.t ?? T, undefined]);
    resets.forEach((reset, i) => {
      segments.push([reset.t, resets[i + 1]?.t ?? T, reset]);
    });
    return segments;
  }

  private keep(state: readonly Tensor[], l: number, { t, rows }: Reset): void {
    state.forEach((s, k) => {
      for (const row of rows) this.backend.copy(this.keptRow(l, k, t, row), this.row(s, row));
    });
  }

  private clear(state: readonly Tensor[], { rows }: Reset): void {
    for (const s of state) for (const row of rows) this.backend.fill(this.row(s, row), 0);
  }

  private putBack(state: readonly Tensor[], l: number, { t, rows }: Reset): void {
    state.forEach((s, k) => {
      for (const row of rows) this.backend.copy(this.row(s, row), this.keptRow(l, k, t, row));
    });
  }

  private row(s: Tensor, row: number): Tensor {
    return this.backend.view(s, row * this.hidden, [this.hidden]);
  }

  private keptRow(l: number, k: number, t: number, row: number): Tensor {
    return this.row(this.kept[l][k], t * this.B + row);
  }
}
