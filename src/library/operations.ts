/** The calls of a model that are running: a caller's signal ends its own call, `close` ends them all. */
import { setImmediate } from 'node:timers/promises';
import { CharnnError, fromSystem } from '../errors.js';
import { quote } from '../messages/quote.js';
import type { AbortSignalLike } from './abort.js';

/** Longer work in one piece would noticeably delay other work of the event loop. */
const sliceMs = 20;

interface Running {
  readonly controller: AbortController;
  /** Settles when it has ended and given everything back */
  end(): Promise<unknown>;
}

export class Operations {
  private readonly running = new Set<Running>();
  private closing: Promise<void> | undefined;

  /** @param name what the object is called in messages */
  constructor(private readonly name: string) {}

  /** Runs work with a single result; `fail` ends it with an error. */
  run<T>(
    given: AbortSignalLike | undefined,
    work: (signal: AbortSignal, fail: (error: unknown) => void) => Promise<T>,
  ): Promise<T> {
    const controller = new AbortController();
    const promise = (async () => {
      this.requireOpen();
      const stop = follow(given, controller);
      try {
        controller.signal.throwIfAborted();
        return await work(controller.signal, (error) => controller.abort(error));
      } catch (error) {
        throw this.worded(error, controller.signal);
      } finally {
        stop();
      }
    })();
    const entry: Running = { controller, end: () => promise.catch(() => {}) };
    if (this.closing === undefined) this.running.add(entry);
    promise.then(
      () => this.running.delete(entry),
      () => this.running.delete(entry),
    );
    return promise;
  }

  /** Runs work that yields values, no faster than they are asked for; it begins with the first request. */
  iterate<T>(
    given: AbortSignalLike | undefined,
    work: (signal: AbortSignal) => AsyncIterable<T>,
  ): AsyncGenerator<T, void, void> {
    const controller = new AbortController();
    const entry: Running = { controller, end: () => values.return().catch(() => {}) };
    const values = this.values(given, work, entry);
    return values;
  }

  /** Ends all work and waits until it has ended; later calls are refused. */
  async close(): Promise<void> {
    this.closing ??= (async () => {
      const closed = new CharnnError(`${this.name} has been closed in the meantime`);
      const ends = [...this.running].map(({ controller, end }) => {
        controller.abort(closed);
        return end();
      });
      await Promise.all(ends);
    })();
    await this.closing;
  }

  private async *values<T>(
    given: AbortSignalLike | undefined,
    work: (signal: AbortSignal) => AsyncIterable<T>,
    entry: Running,
  ): AsyncGenerator<T, void, void> {
    this.requireOpen();
    const { signal } = entry.controller;
    this.running.add(entry);
    const stop = follow(given, entry.controller);
    try {
      signal.throwIfAborted();
      for await (const value of work(signal)) {
        signal.throwIfAborted();
        yield value;
        signal.throwIfAborted();
      }
      signal.throwIfAborted();
    } catch (error) {
      throw this.worded(error, signal);
    } finally {
      stop();
      this.running.delete(entry);
    }
  }

  private requireOpen(): void {
    if (this.closing !== undefined) throw new CharnnError(`${this.name} is closed: load it again`);
  }

  private worded(error: unknown, signal: AbortSignal): unknown {
    if (signal.aborted) return signal.reason;
    return error instanceof CharnnError ? error : (fromSystem(error, quote) ?? error);
  }
}

/** Aborts a controller when a given signal is aborted; returns a function that stops listening. */
function follow(given: AbortSignalLike | undefined, controller: AbortController): () => void {
  if (given === undefined) return () => {};
  const abort = () => controller.abort(given.reason);
  if (given.aborted) abort();
  else given.addEventListener('abort', abort);
  return () => given.removeEventListener('abort', abort);
}

/** Returns a pause that lets pending events run now and then, among them the signal's. */
export function breather(signal: AbortSignal): () => void | Promise<void> {
  let next = performance.now() + sliceMs;
  return () => {
    if (performance.now() < next) return;
    return setImmediate().then(() => {
      signal.throwIfAborted();
      next = performance.now() + sliceMs;
    });
  };
}
