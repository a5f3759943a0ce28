/**
 * Reads labels and vectors, which are further columns of a table. Each value of a label gets a number; if the values
 * are given, as by a model, other values are refused.
 */
import { CharnnError } from '../errors.js';
import { limits } from '../limits.js';
import { quote, quoteText } from '../messages/quote.js';
import { nearest } from '../options/suggest.js';
import type { Conditions, Label, VectorShape } from './conditions.js';
import type { BesideColumns } from './reading-options.js';
import { otherSize, parseVectors, scaledVectors } from './vector-text.js';

/** What a model records about the columns with labels and vectors */
export interface KnownConditions {
  readonly labels: readonly Label[];
  readonly vectors?: VectorShape | undefined;
}

export interface ReadConditions extends KnownConditions {
  readonly conditions: Conditions;
}

export class ConditionReader {
  private readonly names: readonly string[];
  /** For each label, the numbers that represent its values */
  private readonly numbers: readonly Map<string, number>[];
  private readonly rows: number[] = [];
  private readonly vectors: Float32Array[] = [];
  private readonly counts: number[] = [];
  private size: number | undefined;
  /** Number of lines in the preceding files */
  private before = 0;

  /**
   * @param known labels and shape of vectors that a model records; absent if the texts determine the values of labels
   */
  constructor(
    columns: BesideColumns,
    private readonly known?: KnownConditions,
  ) {
    this.names = columns.labels;
    this.numbers = columns.labels.map((name) => {
      const label = known?.labels.find((one) => one.name === name);
      return new Map(label?.values.map((value, i) => [value, i]));
    });
    this.size = known?.vectors?.size;
  }

  /**
   * Reads the fields of a record that are labels and vectors. Lines that are no records are not passed to this method.
   * @param record number of the record's line in the file, counted from 0, in ascending order
   * @param fields one for each name in `besideNames`
   * @param where the record, as messages show it
   * @throws CharnnError for an unknown value, and for a field that is not a vector
   */
  add(record: number, fields: readonly string[], where: string): void {
    const C = this.names.length;
    const line = this.before + record;
    while (this.rows.length < line * C) this.rows.push(0);
    while (this.counts.length < line) this.counts.push(0);
    this.names.forEach((name, c) => {
      this.rows.push(this.numberOf(c, name, fields[c], where));
    });
    const vectors = fields.length > C ? parseVectors(fields[C], where) : [];
    for (const vector of vectors) {
      this.size ??= vector.length;
      if (vector.length !== this.size) throw otherSize(vector.length, this.size, where);
      this.vectors.push(vector);
    }
    this.counts.push(vectors.length);
  }

  /** Must be called at the end of each file, with its number of lines. */
  endFile(lines: number): void {
    this.before += lines;
  }

  /**
   * Returns the labels and vectors that have been read. Vectors are standardised by the mean and deviation that the
   * model records or, if it records none, by those of the vectors themselves.
   */
  finish(): ReadConditions {
    const labels = this.names.map((name, c) => ({
      name,
      values: [...this.numbers[c].keys()].sort(),
    }));
    const known = this.known !== undefined;
    const C = labels.length;
    const order = labels.map(({ values }, c) =>
      known ? undefined : newNumbers(this.numbers[c], values),
    );
    const offsets = labels.map((_, c) => sizeOf(labels.slice(0, c)));
    const numbers = new Int32Array(new SharedArrayBuffer(4 * this.rows.length));
    this.rows.forEach((value, i) => {
      const c = i % C;
      numbers[i] = offsets[c] + (order[c]?.[value] ?? value);
    });
    const shape = this.size === undefined ? undefined : (this.known?.vectors ?? this.shape());
    return {
      labels: known ? this.known.labels : labels,
      ...(shape && { vectors: shape }),
      conditions: {
        ...{ labels: numbers, columns: C },
        vectors: shape && this.lists(shape),
      },
    };
  }

  private numberOf(c: number, name: string, value: string, where: string): number {
    const numbers = this.numbers[c];
    const known = numbers.get(value);
    if (known !== undefined) return known;
    if (this.known !== undefined) throw unknownValue(name, value, [...numbers.keys()], where);
    if (value.length > limits.labelLength || numbers.size >= limits.labelValues) {
      const fault =
        value.length > limits.labelLength
          ? `a value of more than ${limits.labelLength} characters`
          : `more than ${limits.labelValues} different values`;
      throw new CharnnError(
        `with ${where}, the label ${quote(name)} has ${fault}: check whether this is the right column`,
      );
    }
    numbers.set(value, numbers.size);
    return numbers.size - 1;
  }

  /** Number of elements of the vectors that were read, and mean and standard deviation of all their elements */
  private shape(): VectorShape {
    let [count, sum] = [0, 0];
    for (const vector of this.vectors) {
      count += vector.length;
      for (const x of vector) sum += x;
    }
    const mean = count > 0 ? sum / count : 0;
    let squares = 0;
    for (const vector of this.vectors) for (const x of vector) squares += (x - mean) ** 2;
    const deviation = count > 0 ? Math.sqrt(squares / count) : 0;
    return { size: this.size ?? 0, mean, deviation: deviation > 0 ? deviation : 1 };
  }

  private lists(shape: VectorShape) {
    const { size } = shape;
    const starts = new Float64Array(new SharedArrayBuffer(8 * (this.counts.length + 1)));
    this.counts.forEach((count, i) => {
      starts[i + 1] = starts[i] + count;
    });
    const values = new Float32Array(new SharedArrayBuffer(4 * size * this.vectors.length));
    this.vectors.forEach((vector, i) => {
      values.set(scaledVectors([vector], shape, ''), i * size);
    });
    return { size, starts, values };
  }
}

/**
 * The number that represents a value of a label.
 * @throws CharnnError for a value that the label does not have
 */
export function valueNumber({ name, values }: Label, value: string, where: string): number {
  const number = values.indexOf(value);
  if (number < 0) throw unknownValue(name, value, values, where);
  return number;
}

const maxNamed = 8;

function unknownValue(
  name: string,
  value: string,
  values: readonly string[],
  where: string,
): CharnnError {
  const near = nearest(value, values);
  const first = near === undefined ? [] : [near];
  const others = values.filter((one) => one !== near);
  const list = [...first, ...others]
    .slice(0, maxNamed)
    .map((one) => quoteText(one))
    .join(', ');
  const more = values.length > maxNamed ? ', …' : '';
  return new CharnnError(
    `${where}: the model was not trained with ${quote(name)} ${quoteText(value)}; it knows ${list}${more}`,
  );
}

function newNumbers(numbers: ReadonlyMap<string, number>, sorted: readonly string[]): Int32Array {
  const renumbered = new Int32Array(numbers.size);
  sorted.forEach((value, i) => {
    renumbered[numbers.get(value) as number] = i;
  });
  return renumbered;
}

function sizeOf(labels: readonly Label[]): number {
  return labels.reduce((sum, { values }) => sum + values.length, 0);
}
