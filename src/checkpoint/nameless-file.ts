/** Temporary files without a name, which the system deletes when the process ends, for whatever reason. */
import { randomBytes } from 'node:crypto';
import { type FileHandle, open, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { resolveLinks, temporaryName } from './atomic.js';

/** Creates a temporary file, which only this process uses, in the folder of the given file. */
export async function openNameless(path: string): Promise<FileHandle> {
  const target = await resolveLinks(path);
  const name = join(dirname(target), temporaryName(target, randomBytes(4).toString('hex')));
  const file = await open(name, 'wx+', 0o600);
  // if the system cannot remove an open file, the next training run at this path removes it
  await rm(name, { force: true }).catch(() => {});
  return file;
}
