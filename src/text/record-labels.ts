/**
 * The labels of a text's characters, which are those of the record that contains the character. Each record is a line.
 */
import type { Conditions } from './conditions.js';
import type { Ids } from './unit.js';

/** The labels of the records of a text, or of a part of it */
export interface RecordLabels {
  /**
   * Positions at which the records of the text or part begin, counted from its beginning, ascending; the first one is 0
   */
  readonly starts: Float64Array;
  /** Index of the record with the part's first character, among the records of the whole text */
  readonly first: number;
  readonly given: Conditions;
}

/** Number of line ends in a text */
export function lineEnds(ids: Ids, newline: number): number {
  let count = 0;
  for (let i = 0; i < ids.length; i++) if (ids[i] === newline) count++;
  return count;
}

/**
 * Finds the records in a part of a text.
 * @param first index of the record with the part's first character
 */
export function recordLabels(
  ids: Ids,
  newline: number,
  first: number,
  given: Conditions,
): RecordLabels {
  const starts = new Float64Array(new SharedArrayBuffer(8 * (lineEnds(ids, newline) + 1)));
  let count = 1;
  for (let i = 0; i < ids.length; i++) if (ids[i] === newline) starts[count++] = i + 1;
  return { starts, first, given };
}

/**
 * Writes the labels for one row of a chunk: for each step, the labels of the character to be predicted.
 * @param from position in the text of the row's first input
 * @param into [C, T·rows], label by label
 */
export function markLabels(
  { starts, first, given }: RecordLabels,
  from: number,
  T: number,
  row: number,
  rows: number,
  into: Int32Array,
): void {
  const { labels, columns: C } = given;
  const last = labels.length / C - 1;
  let record = recordAt(starts, from + 1);
  for (let t = 0; t < T; t++) {
    while (record + 1 < starts.length && starts[record + 1] <= from + t + 1) record++;
    // the input may go beyond the end of the text; there the label of the last record is used, and the output ignored
    const number = Math.min(first + record, last);
    for (let c = 0; c < C; c++) into[c * T * rows + t * rows + row] = labels[number * C + c];
  }
}

/** Index of the last record that begins at or before a position; 0 if there is none */
function recordAt(starts: Float64Array, position: number): number {
  let [low, high] = [0, starts.length - 1];
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if (starts[middle] <= position) low = middle;
    else high = middle - 1;
  }
  return low;
}
