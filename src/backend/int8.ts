/**
 * Weights of 8 bits: their definition, with which every back end must agree.
 *
 * A row of numbers, either of a weight [N, K] or of the other operand, becomes integers from -127 to 127 and one scale,
 * which is its largest absolute value divided by 127. The product of two rows is then a sum of integer products, exact
 * in any order, multiplied by both scales. A weight is quantised once, the rows of the other operand as they arrive;
 * everything else stays float32.
 */

/** Rows of integers and the scale of each: number k of row r is values[r · columns + k] · scales[r]. */
export interface QuantizedRows {
  readonly columns: number;
  readonly values: Int8Array;
  readonly scales: Float32Array;
}

const largest = 127;
/**
 * A row in which all absolute values are smaller than this becomes a row of zeros, because the factor that turns its
 * numbers into integers could exceed float32.
 */
const smallestPeak = 2 ** -100;

/** Quantises a matrix row by row, in float32 arithmetic; integers are rounded to nearest, ties to even. */
export function quantizeRows(matrix: ArrayLike<number>, columns: number): QuantizedRows {
  const numbers = Float32Array.from(matrix);
  const values = new Int8Array(numbers.length);
  const scales = new Float32Array(columns > 0 ? numbers.length / columns : 0);
  for (let row = 0; row < scales.length; row++) {
    const start = row * columns;
    let peak = 0;
    for (let i = start; i < start + columns; i++) peak = Math.max(peak, Math.abs(numbers[i]));
    if (!(peak >= smallestPeak && peak < Infinity)) {
      // a value that is not finite must show in every product of its row
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

/** The exact values that the elements of a matrix have after its rows are quantised */
export function roundedToInt8(matrix: ArrayLike<number>, columns: number): Float64Array {
  const { values, scales } = quantizeRows(matrix, columns);
  return Float64Array.from(values, (value, i) => value * scales[Math.floor(i / columns)]);
}

/** Adding this leaves no bits for a fraction, so that the sum is rounded as the processor rounds. */
const beyondFractions = 1.5 * 2 ** 52;

function toNearestEven(x: number): number {
  return x + beyondFractions - beyondFractions;
}
