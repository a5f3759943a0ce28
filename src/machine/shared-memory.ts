/** Memory that threads share, where the engine has it. */

/**
 * Takes zeroed memory that other threads can be given without a copy. A page that is opened from disk gets none of that
 * kind, and has no other threads: there the memory is its own.
 * @throws RangeError when there is no memory
 */
export function sharedBuffer(bytes: number): ArrayBufferLike {
  return typeof SharedArrayBuffer === 'undefined'
    ? new ArrayBuffer(bytes)
    : new SharedArrayBuffer(bytes);
}
