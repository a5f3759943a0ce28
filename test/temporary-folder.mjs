/** Temporary folders of tests, benchmarks and scripts. Nothing else in the tests makes one. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/**
 * Makes an empty folder, which whoever asked for it removes.
 * @param {string} prefix beginning of its name
 * @param {string} parent the folder that it lies in
 * @returns {string} its path
 */
export function makeFolder(prefix = 'charnn-', parent = tmpdir()) {
  return mkdtempSync(join(parent, prefix));
}

/**
 * Makes an empty folder that is removed when the process ends.
 * @param {string} prefix beginning of its name
 * @returns {string} its path
 */
export function folderOfProcess(prefix = 'charnn-') {
  const folder = makeFolder(prefix);
  process.on('exit', () => rmSync(folder, { recursive: true, force: true }));
  return folder;
}
