/**
 * A text as B contiguous streams, read in parallel in chunks of T steps.
 *
 * Stream b is characters b·S … b·S+S of the text, with S = ⌊(N-1)/B⌋: its inputs are the first S of them, its targets
 * the last S. A pass over the text takes ⌈S/T⌉ chunks, the last of which is shorter if T does not divide S. The
 * position follows from the number of chunks read, so it need not be saved.
 */
import { DocumentMarker, type DocumentMarks, type Documents } from './documents.js';
import type { IdList } from './id-list.js';
import type { BatchShape } from './split.js';
import type { Ids } from './unit.js';

export interface Chunk {
  /** Number of steps of this chunk */
  readonly T: number;
  /** Whether the streams start again from their beginning with this chunk, so that the state must be reset */
  readonly startsOver: boolean;
}

/** Where a list of ids is in the text of which it is a part */
export interface TextPart {
  /** Position in the whole text of the first id of the list */
  readonly start: number;
  /** Number of characters of the whole text */
  readonly total: number;
}

/**
 * The part of a text that the rows `first` to `end` - 1 of a batch read; the last rows also have the characters at the
 * end of the text that no row reads.
 * @param before number of characters before the rows that are also needed, if there are so many
 */
export function partOfRows<List extends IdList>(
  ids: List,
  batchSize: number,
  first: number,
  end: number,
  before: number,
): { readonly ids: List; readonly part: TextPart } {
  const { length } = streamsOf(ids.length, { batchSize, seqLength: 1 });
  const start = Math.max(0, first * length - before);
  const last = end === batchSize ? ids.length : end * length + 1;
  return { ids: ids.subarray(start, last) as List, part: { start, total: ids.length } };
}

/** The number of steps of a stream, and the number of chunks in a pass over the text */
export function streamsOf(
  characters: number,
  { batchSize, seqLength }: BatchShape,
): { readonly length: number; readonly chunksPerPass: number } {
  const length = Math.floor((characters - 1) / batchSize);
  if (length < 1) throw new Error(`${characters} characters do not fill ${batchSize} streams`);
  return { length, chunksPerPass: Math.ceil(length / seqLength) };
}

export class Streams {
  /** S: the number of steps of a stream */
  readonly length: number;
  readonly chunksPerPass: number;

  /** @param part where the ids are in the text, if they are a part of it; only rows in this part can be read */
  constructor(
    private readonly ids: Ids,
    readonly batchSize: number,
    readonly seqLength: number,
    private readonly documents?: Documents,
    private readonly part: TextPart = { start: 0, total: ids.length },
  ) {
    const { length, chunksPerPass } = streamsOf(part.total, { batchSize, seqLength });
    this.length = length;
    this.chunksPerPass = chunksPerPass;
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
    const { ids, part, documents } = this;
    const marker = documents && new DocumentMarker(ids, documents, part.start);
    for (let row = 0; row < rows; row++) {
      const from = (firstRow + row) * this.length + start;
      for (let t = 0; t < T; t++) {
        inputs[t * rows + row] = ids[from + t - part.start];
        targets[t * rows + row] = ids[from + t + 1 - part.start];
      }
      marker?.mark(from, T, row, rows, inputs);
    }
    return marker?.marks;
  }
}
