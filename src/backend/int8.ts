/**
 * Weights of 8 bits: the one definition of them, which every back end is held against.
 *
 * A row of numbers, of a weight [N, K] or of what it is multiplied with, becomes integers from -127 to 127 and one
 * scale, its largest absolute value over 127. The product of two rows is then a sum of products of integers, exact
 * in whatever order it is taken, times both scales. A weight is quantised once, the rows that it meets as they come;
 * everything else stays float32.
 */

/** Rows of integers with the scale of each: number k of row r is values[r · columns + k] · scales[r]. */
export interface QuantizedRows {
  readonly columns: number;
  readonly values: Int8Array;
  readonly scales: Float32Array;
}

const largest = 127;
/** A row whose numbers are all smaller is a row of zeros: its factor would be beyond float32. */
const smallestPeak = 2 ** -100;

/** Quantises a matrix row by row, in the arithmetic of float32; integers are rounded to nearest, ties to even. */
export function quantizeRows(matrix: ArrayLike<number>, columns: number): QuantizedRows {
  const numbers = Float32Array.from(matrix);
  const values = new Int8Array(numbers.length);
  const scales = new Float32Array(columns > 0 ? numbers.length / columns : 0);
  for (let row = 0; row < scales.length; row++) {
    const start = row * columns;
    let peak = 0;
    for (let i = start; i < start + columns; i++) peak = Math.max(peak, Math.abs(numbers[i]));
    if (!(peak >= smallestPeak && peak < Infinity)) {
      // what is not a finite number has to show in every product of its row
      scales[row] = peak < smallestPeak ? 0 : Number.NaN;
      continue;
    }
    scales[row] = peak / largest;
    const factor = Math.fround(largest / peak);
    for (let i = start; i < start + columns; i++) {
      values[i] = toNearestEven(Math.fround(numbers[i] * factor));
    }
  }
  return { columns, values, scales };
}

/** The numbers that are left of a matrix once its rows are quantised, exactly */
export function roundedToInt8(matrix: ArrayLike<number>, columns: number): Float64Array {
  const { values, scales } = quantizeRows(matrix, columns);
  return Float64Array.from(values, (value, i) => value * scales[Math.floor(i / columns)]);
}

/** Where a number has no place for a fraction, adding rounds it as the processor rounds. */
const beyondFractions = 1.5 * 2 ** 52;

function toNearestEven(x: number): number {
  return x + beyondFractions - beyondFractions;
}
