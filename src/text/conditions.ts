/** Labels and vectors that belong to the records of a text, by the number of the record. Each record is a line. */

/** A label and its values; a value is represented by its index in the list. */
export interface Label {
  readonly name: string;
  readonly values: readonly string[];
}

/** The shape and scale of the vectors that precede the characters of the source in a pair */
export interface VectorShape {
  /** F: number of elements of a vector */
  readonly size: number;
  /** Mean and standard deviation of all elements of the training vectors, by which vectors are standardised */
  readonly mean: number;
  readonly deviation: number;
}

export interface Conditions {
  /**
   * [R, C] for each of R records, the value of each label as an index among the values of all labels; empty without
   * labels
   */
  readonly labels: Int32Array;
  /** C: number of labels */
  readonly columns: number;
  readonly vectors: VectorLists | undefined;
}

/** For each record a list of vectors with F elements */
export interface VectorLists {
  /** F: number of elements of a vector */
  readonly size: number;
  /** [R + 1] for each of R records, the index of its first vector; at the end, the number of all vectors */
  readonly starts: Float64Array;
  /** [·, F] the vectors of all records */
  readonly values: Float32Array;
}

/** The labels and vectors that one record of a text comes with */
export interface Given {
  /** [C] the value of each label, as an index among the values of all labels */
  readonly labels: Int32Array;
  /** [·, F] the vectors of the record */
  readonly vectors: Float32Array;
}

/** The labels and vectors that record `i` of the text comes with */
export function givenOf({ labels, columns, vectors }: Conditions, i: number): Given {
  const { size = 0, starts, values } = vectors ?? {};
  const between = (from: number, to: number) => values?.slice(from * size, to * size);
  return {
    labels: labels.slice(i * columns, (i + 1) * columns),
    vectors: (starts && between(starts[i], starts[i + 1])) ?? new Float32Array(0),
  };
}

/**
 * Puts labels and vectors of N records together: labels [C, N], and vectors [·, N, F] with F elements each. All records
 * must have the same number of vectors.
 */
export function givenTogether(
  all: readonly Given[],
  size: number,
): { readonly labels: Int32Array; readonly vectors: Float32Array } {
  const [{ labels: first, vectors: list }] = all;
  const [C, N, count] = [first.length, all.length, size > 0 ? list.length / size : 0];
  const labels = new Int32Array(C * N);
  const vectors = new Float32Array(count * N * size);
  all.forEach((given, i) => {
    for (let c = 0; c < C; c++) labels[c * N + i] = given.labels[c];
    for (let n = 0; n < count; n++) {
      vectors.set(given.vectors.subarray(n * size, (n + 1) * size), (n * N + i) * size);
    }
  });
  return { labels, vectors };
}

/** Number of vectors of a record */
export function vectorCount(given: Conditions | undefined, record: number): number {
  const starts = given?.vectors?.starts;
  return starts ? starts[record + 1] - starts[record] : 0;
}

/**
 * The labels of N records.
 * @returns [C, N]: for each label, its values in all records
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
 * The vectors of N records, all of which have the same number of vectors.
 * @returns [count, N, F]: the first vector of each record, then the second one of each, and so on
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
