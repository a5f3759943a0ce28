/** Numbers of 16 bits as IEEE 754 has them (binary16), in which weights are stored that are to take little room. */

/** The largest number of the format */
export const largestFloat16 = 65504;

const word = new Float32Array(1);
const bitsOfWord = new Uint32Array(word.buffer);

/**
 * Rounds a number of float32 to the nearest of 16 bits, ties to even.
 * @returns its bits; those of an infinity where it is beyond the format
 */
export function float16Bits(x: number): number {
  word[0] = x;
  const [bits] = bitsOfWord;
  const sign = (bits >>> 16) & 0x8000;
  const magnitude = bits & 0x7fffffff;
  if (magnitude > 0x7f800000) return sign | 0x7e00;
  // from half a unit above the largest number on
  if (magnitude >= 0x477ff000) return sign | 0x7c00;
  if (magnitude < 0x38800000) {
    // below 2^-14 the numbers are multiples of 2^-24: float32 rounds the sum with 0.5 to such a multiple
    word[0] = Math.abs(x);
    word[0] += 0.5;
    return sign | (bitsOfWord[0] - 0x3f000000);
  }
  // half of the last place, less one where the lower number is even; a carry reaches the exponent
  const rounded = magnitude + 0xfff + ((magnitude >>> 13) & 1);
  return sign | ((rounded - 0x38000000) >>> 13);
}

/** The number that 16 bits stand for */
export function fromFloat16Bits(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >>> 10) & 0x1f;
  const fraction = bits & 0x3ff;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  if (exponent === 0x1f) return fraction === 0 ? sign * Infinity : Number.NaN;
  return sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}
