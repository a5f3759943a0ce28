/**
 * A text as B contiguous streams, read in parallel in chunks of T steps.
 *
 * Stream b is characters b·S … b·S+S of the text, with S = ⌊(N-1)/B⌋: its inputs are the first S of them, its targets
 * the last S. A pass over the text takes ⌈S/T⌉ chunks, the last of which is shorter if T does not divide S. The
 * position follows from the number of chunks read, so it need not be saved.
 */
import { DocumentMarker, type DocumentMarks, type Documents } from './documents.js';
import type { Ids } from './unit.js';

export interface Chunk {
  /** Number of steps of this chunk */
  readonly T: number;
  /** Whether the streams start again from their beginning with this chunk, so that the state must be reset */
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

  /** The chunk of training step `step`, which counts from 0 through all passes. */
  chunk(step: number): Chunk {
    const index = step % this.chunksPerPass;
    const start = index * this.seqLength;
    return { T: Math.min(this.seqLength, this.length - start), startsOver: index === 0 };
  }

  /**
   * Copies rows [firstRow, firstRow + rows) of a chunk.
   * @param inputs [T, rows], time-major
   * @param targets [T, rows]: the character after each input
   * @returns where documents begin; undefined if the text is not divided into documents
   */
  read(
    step: number,
    firstRow: number,
    rows: number,
    inputs: Int32Array,
    targets: Int32Array,
  ): DocumentMarks | undefined {
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
    return marker?.marks;
  }
}
