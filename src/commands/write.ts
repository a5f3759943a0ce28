import { once } from 'node:events';

/**
 * Writes to standard output; waits while the reader is slower, and lets signals and errors through.
 */
export async function write(bytes: Uint8Array | string): Promise<void> {
  if (bytes.length === 0) return;
  if (!process.stdout.write(bytes)) await once(process.stdout, 'drain');
  else await new Promise((resolve) => setImmediate(resolve));
}
