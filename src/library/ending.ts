/** How the library tells its own calls to end. */

/**
 * Tells the work of one call to end. This is separate from `abort.ts`, whose types are public and must not refer to
 * Node.js.
 */
export class Ending {
  private cause: { readonly reason: unknown } | undefined;
  private controller: AbortController | undefined;

  get isEnding(): boolean {
    return this.cause !== undefined;
  }

  get reason(): unknown {
    return this.cause?.reason;
  }

  /** Requests the end of the work; only the first reason counts. */
  end(reason: unknown): void {
    this.cause ??= { reason };
    this.controller?.abort(this.cause.reason);
  }

  /** @throws the reason for ending the work, if its end has been requested */
  check(): void {
    if (this.cause !== undefined) throw this.cause.reason;
  }

  /**
   * The end of the work as a signal. It is created when it is first needed, because a signal for each of many short
   * calls would cost memory.
   */
  get signal(): AbortSignal {
    if (this.controller === undefined) {
      this.controller = new AbortController();
      if (this.cause !== undefined) this.controller.abort(this.cause.reason);
    }
    return this.controller.signal;
  }
}
