/**
 * Texts that stand side by side in one: files, or records that a separator ends. Where each is a document,
 * neither state nor gradient runs from one into the next.
 *
 * A document begins as a text begins that a model writes: from a state of zeros, the character before any text
 * being read (`beginning`). That takes the place of the last character of the document before, which therefore
 * is still predicted but never read: streams and targets stay what they are without documents.
 */
import type { Ids } from './unit.js';
import type { Vocabulary } from './vocabulary.js';

export interface Documents {
  /** Ids that end a document; empty where only files are documents */
  readonly separator: readonly number[];
  /** Positions at which files begin, in characters, ascending; the first file's position 0 may be left out. */
  readonly starts: readonly number[];
  /** The id that is read before a document's first character */
  readonly beginning: number;
}

/** The rows of a chunk whose state is set to zero before step `t` */
export interface Reset {
  readonly t: number;
  readonly rows: readonly number[];
}

/**
 * Finds where documents begin in a chunk, collects the resets, and writes the id that precedes a document into the
 * inputs.
 */
export class DocumentMarker {
  private readonly rowsAt = new Map<number, number[]>();

  constructor(
    private readonly ids: Ids,
    private readonly documents: Documents,
  ) {}

  /**
   * Goes through a row of a chunk.
   * @param from where in the text its T inputs begin; those outside of the text are left alone
   * @param inputs [T, rows], time-major
   */
  mark(from: number, T: number, row: number, rows: number, inputs: Int32Array): void {
    const { ids, documents } = this;
    const { starts, beginning } = documents;
    let file = firstAbove(starts, from);
    const first = Math.max(0, -from);
    for (let t = first; t < T && from + t < ids.length; t++) {
      const at = from + t;
      while (starts[file] < at + 1) file++;
      if (starts[file] !== at + 1 && !this.endsAt(at)) continue;
      inputs[t * rows + row] = beginning;
      const list = this.rowsAt.get(t);
      if (list === undefined) this.rowsAt.set(t, [row]);
      else list.push(row);
    }
  }

  /** The resets, in ascending order of steps */
  get resets(): readonly Reset[] {
    return [...this.rowsAt].sort((a, b) => a[0] - b[0]).map(([t, rows]) => ({ t, rows }));
  }

  /** Whether the separator's last character is at this position */
  private endsAt(at: number): boolean {
    const { separator } = this.documents;
    const start = at + 1 - separator.length;
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
 * The id that is read before a text without a prompt: a line end, or the first symbol if the vocabulary has no line
 * end.
 */
export function textBeginning(vocabulary: Vocabulary): number {
  const newline = vocabulary.id(0x0a);
  return newline === vocabulary.unknownId ? 0 : newline;
}
