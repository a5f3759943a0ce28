/** The reader of a response, who may be slow, but not forever, and may be gone. */
import type { ServerResponse } from 'node:http';

/** Milliseconds after which a reader who has taken nothing counts as gone */
const patienceMs = 30_000;

export class ResponseReader {
  gone = false;
  /** Whether the reader has not yet taken all that was written */
  waiting = false;
  private timer: ReturnType<typeof setTimeout> | undefined;
  private readonly listeners: (() => void)[] = [];

  /** @param onReady is called when the reader takes more, or has gone */
  constructor(
    private readonly response: ServerResponse,
    private readonly onReady: () => void,
  ) {
    response.on('drain', () => {
      clearTimeout(this.timer);
      this.waiting = false;
      onReady();
    });
    response.on('close', () => this.leave());
    if (response.destroyed) this.leave();
  }

  /** Calls a function when the reader has gone, or the response has ended. */
  onGone(listener: () => void): void {
    if (this.gone) listener();
    else this.listeners.push(listener);
  }

  write(text: string): void {
    if (this.gone || this.response.write(text) || this.waiting) return;
    this.waiting = true;
    this.timer = setTimeout(() => this.response.destroy(), patienceMs);
  }

  private leave(): void {
    clearTimeout(this.timer);
    this.gone = true;
    for (const listener of this.listeners) listener();
    this.onReady();
  }
}
