/** What stands beside the texts of records: labels and vectors, by the number of the record. A record is a line. */

export interface Conditions {
  /** [R, C] for each record the value of each label, among those of all labels; none without labels */
  readonly labels: Int32Array;
  /** C */
  readonly columns: number;
  readonly vectors: VectorLists | undefined;
}

/** For each record a list of vectors of F numbers */
export interface VectorLists {
  /** F */
  readonly size: number;
  /** [R + 1] number of the first vector of each record */
  readonly starts: Float64Array;
  /** [·, F] */
  readonly values: Float32Array;
}

/** Number of vectors of a record */
export function vectorCount(given: Conditions | undefined, record: number): number {
  const starts = given?.vectors?.starts;
  return starts ? starts[record + 1] - starts[record] : 0;
}

/**
 * The labels of some records, label by label.
 * @returns [C, N]
 */
export function labelsOf({ labels, columns }: Conditions, records: ArrayLike<number>): Int32Array {
  const { length: N } = records;
  const values = new Int32Array(columns * N);
  for (let c = 0; c < columns; c++) {
    for (let i = 0; i < N; i++) values[c * N + i] = labels[records[i] * columns + c];
  }
  return values;
}

/**
 * The vectors of some records, which have equally many.
 * @returns [count, N, F]
 */
export function vectorsOf(
  { size: F, starts, values }: VectorLists,
  records: ArrayLike<number>,
): Float32Array {
  const { length: N } = records;
  const count = N > 0 ? starts[records[0] + 1] - starts[records[0]] : 0;
  const all = new Float32Array(count * N * F);
  for (let n = 0; n < count; n++) {
    for (let i = 0; i < N; i++) {
      const from = (starts[records[i]] + n) * F;
      all.set(values.subarray(from, from + F), (n * N + i) * F);
    }
  }
  return all;
}
