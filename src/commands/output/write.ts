/** Writes to standard output, no faster than it is read. */
import { once } from 'node:events';

/** Writes, and waits if the reader is slower, so that signals and errors can be handled meanwhile. */
export async function write(bytes: Uint8Array | string): Promise<void> {
  if (bytes.length === 0) return;
  if (!process.stdout.write(bytes)) await once(process.stdout, 'drain');
  else await new Promise((resolve) => setImmediate(resolve));
}

/** Max number of bytes that are written at once */
const maxPending = 1 << 16;

/** Writes lines to standard output. Lines that arrive together are written together, but none is held back. */
export class LineWriter {
  private pending: Uint8Array[] = [];
  private size = 0;
  private scheduled: NodeJS.Immediate | undefined;

  /** Writes a line made of these parts, which must not change until it has been written. */
  async line(...parts: readonly (string | Uint8Array)[]): Promise<void> {
    for (const part of [...parts, '\n']) {
      const bytes = typeof part === 'string' ? Buffer.from(part) : part;
      this.pending.push(bytes);
      this.size += bytes.length;
    }
    if (this.size >= maxPending) this.flush();
    else this.scheduled ??= setImmediate(() => this.flush());
    if (process.stdout.writableNeedDrain) await once(process.stdout, 'drain');
  }

  async end(): Promise<void> {
    this.flush();
    if (process.stdout.writableNeedDrain) await once(process.stdout, 'drain');
  }

  private flush(): void {
    clearImmediate(this.scheduled);
    this.scheduled = undefined;
    if (this.size === 0) return;
    process.stdout.write(Buffer.concat(this.pending));
    this.pending = [];
    this.size = 0;
  }
}
