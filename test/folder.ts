/** Temporary folders of test files, removed after their tests. */
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { afterAll } from 'vitest';
import { makeFolder } from './temporary-folder.mjs';

const folders: string[] = [];
afterAll(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
});

/** Makes a folder that is removed after the tests of the calling file. */
export function temporaryFolder(prefix = 'charnn-'): string {
  const folder = makeFolder(prefix);
  folders.push(folder);
  return folder;
}

/** Writes a file, with the folders above it, and returns its path. */
export function put(folder: string, name: string, content: string | Uint8Array): string {
  const path = join(folder, name);
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, content);
  return path;
}
