/** Memory that threads share, if the JavaScript engine supports it. */

/**
 * Allocates zeroed memory that can be passed to other threads without a copy. A web page that is opened from disk has
 * neither shared memory nor other threads, so it gets memory of its own.
 * @throws RangeError when there is not enough memory
 */
export function sharedBuffer(bytes: number): ArrayBufferLike {
  return typeof SharedArrayBuffer === 'undefined'
    ? new ArrayBuffer(bytes)
    : new SharedArrayBuffer(bytes);
}
