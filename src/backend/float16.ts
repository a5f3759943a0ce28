/** 16-bit numbers as in IEEE 754 (binary16), in which weights are stored to save room. */

/** The largest finite number that float16 can represent */
export const largestFloat16 = 65504;

const word = new Float32Array(1);
const bitsOfWord = new Uint32Array(word.buffer);

/**
 * Rounds a float32 number to the nearest float16, ties to even.
 * @returns its bits; those of infinity if the number is too large for the format
 */
export function float16Bits(x: number): number {
  word[0] = x;
  const [bits] = bitsOfWord;
  const sign = (bits >>> 16) & 0x8000;
  const magnitude = bits & 0x7fffffff;
  if (magnitude > 0x7f800000) return sign | 0x7e00;
  // numbers that are at least half a unit in the last place above the largest float16 become infinity
  if (magnitude >= 0x477ff000) return sign | 0x7c00;
  if (magnitude < 0x38800000) {
    // float16 numbers below 2^-14 are multiples of 2^-24; adding 0.5 makes float32 round to such a multiple
    word[0] = Math.abs(x);
    word[0] += 0.5;
    return sign | (bitsOfWord[0] - 0x3f000000);
  }
  // adds half of the last place that is kept, minus one if the last bit that is kept is 0, so that ties go to even; a
  // carry may reach the exponent
  const rounded = magnitude + 0xfff + ((magnitude >>> 13) & 1);
  return sign | ((rounded - 0x38000000) >>> 13);
}

/** The number that 16 bits stand for as a float16 */
export function fromFloat16Bits(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >>> 10) & 0x1f;
  const fraction = bits & 0x3ff;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  if (exponent === 0x1f) return fraction === 0 ? sign * Infinity : Number.NaN;
  return sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}
