/**
 * Several texts that follow each other in one: files, or records that a separator ends. If each is a document of its
 * own, neither the state nor the gradient carries over from one into the next.
 *
 * Reading a document begins as generating a text begins: with a state of zeros, and with `beginning`, the character
 * before any text, as the first input. That input replaces the last character of the preceding document, which is
 * therefore still predicted but never read. So the streams and the targets are the same as without documents.
 */
import { markLabels, type RecordLabels } from './record-labels.js';
import type { Ids } from './unit.js';
import type { Vocabulary } from './vocabulary.js';

export interface Documents {
  /** Ids of the separator that ends a document; empty if only files are documents */
  readonly separator: readonly number[];
  /** Positions in characters at which files begin, ascending; the first file's position 0 may be missing. */
  readonly starts: readonly number[];
  /** The id that is read before the first character of a document */
  readonly beginning: number;
  /** The labels of the documents, if these are records with labels */
  readonly labels?: RecordLabels | undefined;
}

/** The rows of a chunk whose state is set to zero before step `t` */
export interface Reset {
  readonly t: number;
  readonly rows: readonly number[];
}

/** Where documents begin in a chunk, and their labels */
export interface DocumentMarks {
  readonly resets: readonly Reset[];
  /** [C, T·rows] the labels at each row and step, if documents have labels */
  readonly labels?: Int32Array;
}

/**
 * Finds where documents begin in a chunk, collects the resets of the state, and overwrites the input before each
 * document with `beginning`.
 */
export class DocumentMarker {
  private readonly rowsAt = new Map<number, number[]>();
  private labels: Int32Array | undefined;

  /** @param start the position in the text of the first id, if the ids are a part of it */
  constructor(
    private readonly ids: Ids,
    private readonly documents: Documents,
    private readonly start = 0,
  ) {}

  /**
   * Marks the documents in one row of a chunk.
   * @param from position in the text of the row's first input; inputs outside the text are ignored
   * @param inputs [T, rows], time-major
   */
  mark(from: number, T: number, row: number, rows: number, inputs: Int32Array): void {
    const { ids, documents } = this;
    const { starts, beginning, labels } = documents;
    if (labels) {
      this.labels ??= new Int32Array(labels.given.columns * T * rows);
      markLabels(labels, from, T, row, rows, this.labels);
    }
    let file = firstAbove(starts, from);
    const first = Math.max(0, -from);
    for (let t = first; t < T && from + t < this.start + ids.length; t++) {
      const at = from + t;
      while (starts[file] < at + 1) file++;
      if (starts[file] !== at + 1 && !this.endsAt(at)) continue;
      inputs[t * rows + row] = beginning;
      const list = this.rowsAt.get(t);
      if (list === undefined) this.rowsAt.set(t, [row]);
      else list.push(row);
    }
  }

  get marks(): DocumentMarks {
    const { resets, labels } = this;
    return { resets, ...(labels && { labels }) };
  }

  /** The resets of the state in this chunk, in ascending order of steps */
  private get resets(): readonly Reset[] {
    return [...this.rowsAt].sort((a, b) => a[0] - b[0]).map(([t, rows]) => ({ t, rows }));
  }

  /** Whether the separator's last character is at this position */
  private endsAt(at: number): boolean {
    const { separator } = this.documents;
    const start = at + 1 - separator.length - this.start;
    if (separator.length === 0 || start < 0) return false;
    for (let i = separator.length - 1; i >= 0; i--) {
      if (this.ids[start + i] !== separator[i]) return false;
    }
    return true;
  }
}

/** Index of the first number above `bound` in an ascending list */
function firstAbove(numbers: readonly number[], bound: number): number {
  let [low, high] = [0, numbers.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (numbers[middle] > bound) high = middle;
    else low = middle + 1;
  }
  return low;
}

/**
 * The id that is read first when a text begins without a prompt: that of the line end, or the first symbol's if the
 * vocabulary has no line end.
 */
export function textBeginning(vocabulary: Vocabulary): number {
  const newline = vocabulary.id(0x0a);
  return newline === vocabulary.unknownId ? 0 : newline;
}
