/** Ending work early: the type of a caller's signal, and ways to listen to it. */

/**
 * The part of an `AbortSignal` that the library needs, declared here so that types of Node.js or of browsers are not
 * required.
 */
export interface AbortSignalLike {
  readonly aborted: boolean;
  readonly reason?: unknown;
  addEventListener(type: 'abort', listener: () => void): void;
  removeEventListener(type: 'abort', listener: () => void): void;
}

export function isSignal(value: unknown): value is AbortSignalLike {
  if (typeof value !== 'object' || value === null) return false;
  const { aborted, addEventListener, removeEventListener } = value as Partial<AbortSignalLike>;
  return (
    typeof aborted === 'boolean' &&
    typeof addEventListener === 'function' &&
    typeof removeEventListener === 'function'
  );
}

/** Rejects with the reason of a signal as soon as it is aborted; `stop` ends the listening. */
export function whenAborted(signal: AbortSignalLike): { promise: Promise<never>; stop(): void } {
  let listener = () => {};
  const promise = new Promise<never>((_, reject) => {
    listener = () => reject(signal.reason);
    if (signal.aborted) listener();
    else signal.addEventListener('abort', listener);
  });
  // without this handler, a rejection that nobody awaits any more would end the process
  promise.catch(() => {});
  return { promise, stop: () => signal.removeEventListener('abort', listener) };
}

/** Yields the given values until the signal is aborted, even while it waits for the next value. */
export async function* abortable<T>(
  values: AsyncIterable<T> | Iterable<T>,
  signal: AbortSignalLike,
): AsyncGenerator<T, void, void> {
  const iterator =
    Symbol.asyncIterator in values ? values[Symbol.asyncIterator]() : values[Symbol.iterator]();
  const abort = whenAborted(signal);
  try {
    for (;;) {
      const { value, done } = await Promise.race([iterator.next(), abort.promise]);
      if (done) return;
      yield value;
    }
  } finally {
    abort.stop();
    // the end of the iterator is not awaited, because a stream may wait for input that never comes
    void Promise.resolve(iterator.return?.()).catch(() => {});
  }
}
