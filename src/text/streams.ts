/**
 * A text as B contiguous streams, read side by side in chunks of T steps.
 *
 * Stream b is characters b·S … b·S+S of the text, with S = ⌊(N-1)/B⌋: its inputs are the first S of
 * them, its targets the S that follow. A pass over the text is ⌈S/T⌉ chunks, the last one shorter where
 * T does not divide S. Position is a function of the number of chunks read, so nothing needs saving.
 */
import { DocumentMarker, type Documents, type Reset } from './documents.js';
import type { Ids } from './unit.js';

export interface Chunk {
  /** Number of steps of this chunk */
  readonly T: number;
  /** Whether the streams start over with it, so that the state is to be reset */
  readonly startsOver: boolean;
}

export class Streams {
  /** S: the number of steps of a stream */
  readonly length: number;
  readonly chunksPerPass: number;

  constructor(
    private readonly ids: Ids,
    readonly batchSize: number,
    readonly seqLength: number,
    private readonly documents?: Documents,
  ) {
    this.length = Math.floor((ids.length - 1) / batchSize);
    if (this.length < 1)
      throw new Error(`${ids.length} characters do not fill ${batchSize} streams`);
    this.chunksPerPass = Math.ceil(this.length / seqLength);
  }

  /** The chunk that is read in step `step` (0-based), counted through all passes. */
  chunk(step: number): Chunk {
    const index = step % this.chunksPerPass;
    const start = index * this.seqLength;
    return { T: Math.min(this.seqLength, this.length - start), startsOver: index === 0 };
  }

  /**
   * Copies rows [firstRow, firstRow + rows) of a chunk.
   * @param inputs [T, rows], time-major
   * @param targets [T, rows]: the characters after the inputs
   * @returns where documents begin; undefined where the text is one
   */
  read(
    step: number,
    firstRow: number,
    rows: number,
    inputs: Int32Array,
    targets: Int32Array,
  ): readonly Reset[] | undefined {
    const start = (step % this.chunksPerPass) * this.seqLength;
    const { T } = this.chunk(step);
    const marker = this.documents && new DocumentMarker(this.ids, this.documents);
    for (let row = 0; row < rows; row++) {
      const from = (firstRow + row) * this.length + start;
      for (let t = 0; t < T; t++) {
        inputs[t * rows + row] = this.ids[from + t];
        targets[t * rows + row] = this.ids[from + t + 1];
      }
      marker?.mark(from, T, row, rows, inputs);
    }
    return marker?.resets;
  }
}
