/** The running calls of a model: a caller's signal ends its own call, and `close` ends all of them. */
import { setImmediate } from 'node:timers/promises';
import { CharnnError, fromSystem } from '../errors.js';
import { quote } from '../messages/quote.js';
import type { AbortSignalLike } from './abort.js';
import { Ending } from './ending.js';

/** Max milliseconds of work between two pauses; more would noticeably delay other work of the event loop. */
const sliceMs = 20;

interface Running {
  readonly ending: Ending;
  /** Ends the work; the promise settles when the work has ended and released everything */
  end(): Promise<unknown>;
}

export class Operations {
  private readonly running = new Set<Running>();
  private closing: Promise<void> | undefined;

  /** @param name what messages call the owner of the calls, such as `the model` */
  constructor(private readonly name: string) {}

  /** Runs work with a single result, and ends it early when the signal is aborted or `close` is called. */
  run<T>(given: AbortSignalLike | undefined, work: (ending: Ending) => Promise<T>): Promise<T> {
    const ending = new Ending();
    const promise = (async () => {
      this.requireOpen();
      const stop = follow(given, ending);
      try {
        ending.check();
        return await work(ending);
      } catch (error) {
        throw this.worded(error, ending);
      } finally {
        stop();
      }
    })();
    const entry: Running = { ending, end: () => promise.catch(() => {}) };
    if (this.closing === undefined) this.running.add(entry);
    promise.then(
      () => this.running.delete(entry),
      () => this.running.delete(entry),
    );
    return promise;
  }

  /** Runs work that yields values, no faster than they are requested; it begins with the first request. */
  iterate<T>(
    given: AbortSignalLike | undefined,
    work: (ending: Ending) => AsyncIterable<T>,
  ): AsyncGenerator<T, void, void> {
    const entry: Running = { ending: new Ending(), end: () => values.return().catch(() => {}) };
    const values = this.values(given, work, entry);
    return values;
  }

  /** Ends all work and waits until it has ended; later calls are refused. */
  async close(): Promise<void> {
    this.closing ??= (async () => {
      const closed = new CharnnError(`${this.name} has been closed in the meantime`);
      const ends = [...this.running].map(({ ending, end }) => {
        ending.end(closed);
        return end();
      });
      await Promise.all(ends);
    })();
    await this.closing;
  }

  private async *values<T>(
    given: AbortSignalLike | undefined,
    work: (ending: Ending) => AsyncIterable<T>,
    entry: Running,
  ): AsyncGenerator<T, void, void> {
    this.requireOpen();
    const { ending } = entry;
    this.running.add(entry);
    const stop = follow(given, ending);
    try {
      ending.check();
      for await (const value of work(ending)) {
        ending.check();
        yield value;
        ending.check();
      }
      ending.check();
    } catch (error) {
      throw this.worded(error, ending);
    } finally {
      stop();
      this.running.delete(entry);
    }
  }

  private requireOpen(): void {
    if (this.closing !== undefined) throw new CharnnError(`${this.name} is closed: load it again`);
  }

  private worded(error: unknown, ending: Ending): unknown {
    if (ending.isEnding) return ending.reason;
    return error instanceof CharnnError ? error : (fromSystem(error, quote) ?? error);
  }
}

const nothing = () => {};

/** Ends work when the caller's signal is aborted; returns a function that stops listening. */
function follow(given: AbortSignalLike | undefined, ending: Ending): () => void {
  if (given === undefined) return nothing;
  const abort = () => ending.end(given.reason);
  if (given.aborted) abort();
  else given.addEventListener('abort', abort);
  return () => given.removeEventListener('abort', abort);
}

/**
 * Returns a function that now and then pauses the work, so that pending events are handled, among them one that ends
 * the work.
 */
export function breather(ending: Ending): () => undefined | Promise<void> {
  let next = performance.now() + sliceMs;
  return () => {
    if (performance.now() < next) return undefined;
    return setImmediate().then(() => {
      ending.check();
      next = performance.now() + sliceMs;
    });
  };
}
