/** How the library tells its own calls to end. */

/**
 * Tells the work of one call that it is to end. It lies apart from `abort.ts`, whose types are public and know nothing of
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

  /** Ends the work; only the first reason counts. */
  end(reason: unknown): void {
    this.cause ??= { reason };
    this.controller?.abort(this.cause.reason);
  }

  /** @throws the reason, if the work is to end */
  check(): void {
    if (this.cause !== undefined) throw this.cause.reason;
  }

  /** The same as a signal. It is made when it is first asked for: a signal for each of many short calls costs memory. */
  get signal(): AbortSignal {
    if (this.controller === undefined) {
      this.controller = new AbortController();
      if (this.cause !== undefined) this.controller.abort(this.cause.reason);
    }
    return this.controller.signal;
  }
}
