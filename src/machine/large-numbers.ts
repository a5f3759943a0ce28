/** Memory for many numbers, which the system has back once nothing refers to it any more. */

/**
 * Allocates zeros. A resizable buffer has pages of its own. Those of an ordinary buffer come from malloc(), which often
 * keeps them after the buffer is gone, so that a program that loads one model after another grows. V8 does not optimise
 * loops over single elements of a resizable buffer, so it is for numbers that are copied as a whole.
 * @throws RangeError when there is not enough memory
 */
export function largeNumbers(length: number): Float32Array {
  const bytes = 4 * length;
  return new Float32Array(new ArrayBuffer(bytes, { maxByteLength: bytes }), 0, length);
}
