import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { Readable } from 'node:stream';
import { afterAll } from 'vitest';

/** A folder that goes away after the tests of the calling file. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'charnn-text-'));
  afterAll(() => rmSync(folder, { recursive: true }));
  return folder;
}

/** Writes a file, with the folders above it. */
export function put(folder: string, name: string, content: string | Uint8Array): string {
  const path = join(folder, name);
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, content);
  return path;
}

/** A standard input that gives these pieces. */
export function input(...pieces: (string | Uint8Array)[]): Readable {
  return Readable.from(pieces.map((piece) => Buffer.from(piece)));
}
