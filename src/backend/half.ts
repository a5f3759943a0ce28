/** bfloat16, the upper half of a float32, to which the operands of matrix products are rounded in half precision. */

/**
 * Rounds numbers to bfloat16, to nearest, ties to even. Float64 numbers are first rounded to float32, as they would be
 * when stored for a float32 product.
 * @returns a copy of the same type
 */
export function roundedToHalf<Reals extends Float32Array | Float64Array>(x: Reals): Reals {
  const floats = Float32Array.from(x);
  const bits = new Uint32Array(floats.buffer);
  for (let i = 0; i < bits.length; i++) {
    if (Number.isNaN(floats[i])) continue;
    // adds half of the last place, minus one if the last bit is 0, so that ties go to even; a carry may reach the
    // exponent
    bits[i] = (bits[i] + 0x7fff + ((bits[i] >>> 16) & 1)) & 0xffff0000;
  }
  if (x instanceof Float32Array) return floats as Reals;
  return Float64Array.from(floats) as Reals;
}

/** The bits of numbers rounded to bfloat16 */
export function halfBits(x: ArrayLike<number>): Uint16Array {
  const bits = new Uint32Array(roundedToHalf(Float32Array.from(x)).buffer);
  return Uint16Array.from(bits, (word) => word >>> 16);
}

/** The numbers that bfloat16 bits stand for */
export function fromHalfBits(bits: Uint16Array): Float32Array {
  return new Float32Array(Uint32Array.from(bits, (half) => half << 16).buffer);
}
