/**
 * Computes the natural logarithm from operations that are exact everywhere, because Math.log may differ between
 * engines.
 */

const double = new Float64Array(1);
const words = new Uint32Array(double.buffer);
/** Index of the 32-bit half of a double that holds its sign and exponent; it depends on the machine's byte order. */
const high = new Uint8Array(Uint32Array.of(1).buffer)[0] === 1 ? 1 : 0;
/** Coefficients of 2 artanh(s) = 2 Σ s^(2n+1) / (2n+1), to 1e-11 for |s| ≤ 0.172 */
const series = Float64Array.from({ length: 7 }, (_, n) => 1 / (2 * n + 1));

/** ln x for normal x > 0 */
export function logarithm(x: number): number {
  double[0] = x;
  const top = words[high];
  let exponent = (top >>> 20) - 1023;
  words[high] = (top & 0xfffff) | 0x3ff00000;
  let mantissa = double[0];
  if (mantissa > Math.SQRT2) {
    mantissa /= 2;
    exponent++;
  }
  const s = (mantissa - 1) / (mantissa + 1);
  const q = s * s;
  // the loop over the terms of the series is unrolled, because most characters of every prediction need a logarithm
  let sum = series[6] * q + series[5];
  sum = sum * q + series[4];
  sum = sum * q + series[3];
  sum = sum * q + series[2];
  sum = sum * q + series[1];
  sum = sum * q + series[0];
  return exponent * Math.LN2 + 2 * s * sum;
}
