/** Waiting for what a running training does. */
import type { ChildProcess } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import type { Folder } from '../commands/run.js';

/** Looks until something holds; the test's own time limit ends it. */
export async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await setTimeout(5);
}

export function appearance(folder: Folder, name: string): Promise<void> {
  return until(() => existsSync(join(folder.path, name)));
}

/** What a child has written to standard error so far. */
export function complaints(child: ChildProcess): () => string {
  let text = '';
  child.stderr?.on('data', (chunk: Buffer) => {
    text += chunk;
  });
  return () => text;
}
