/** The natural logarithm by operations that are exact everywhere: Math.log may differ between engines. */

const double = new Float64Array(1);
const words = new Uint32Array(double.buffer);
/** The half with sign and exponent: machines differ in which comes first. */
const high = new Uint8Array(Uint32Array.of(1).buffer)[0] === 1 ? 1 : 0;
/** Coefficients of 2 artanh(s) = 2 Σ s^(2n+1) / (2n+1), to 1e-11 for |s| ≤ 0.172 */
const terms = 7;

/** ln x for normal x > 0 */
export function logarithm(x: number): number {
  double[0] = x;
  let exponent = (words[high] >>> 20) - 1023;
  words[high] = (words[high] & 0xfffff) | 0x3ff00000;
  let mantissa = double[0];
  if (mantissa > Math.SQRT2) {
    mantissa /= 2;
    exponent++;
  }
  const s = (mantissa - 1) / (mantissa + 1);
  const square = s * s;
  let sum = 0;
  for (let n = terms - 1; n >= 0; n--) sum = sum * square + 1 / (2 * n + 1);
  return exponent * Math.LN2 + 2 * s * sum;
}
