/** Running a program of a platform, whatever it takes to run it here. */
import { spawnSync } from 'node:child_process';
import { closeSync, mkdirSync, openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** Runs a command and returns its standard output; throws with all that it wrote when it fails. */
export function run(command, words, options = {}) {
  const { status, stdout, stderr, error } = spawnSync(command, words, {
    encoding: 'utf8',
    maxBuffer: 1 << 28,
    ...options,
  });
  if (status !== 0) {
    throw new Error(
      `${command} ${words.join(' ')} failed: ${error?.message ?? `${stdout}\n${stderr}`}`,
    );
  }
  return stdout;
}

export function isThere(command, ...words) {
  return spawnSync(command, words, { encoding: 'utf8' }).error === undefined;
}

/**
 * Runs a program and returns all that it wrote. Both streams go to one file, because wine gives a program of
 * Windows no pipes that its Node.js could use.
 */
export function runToFile(command, words, { folder, env = {} }) {
  mkdirSync(folder, { recursive: true });
  const path = join(folder, 'output.txt');
  const file = openSync(path, 'w');
  const { status, signal, error } = spawnSync(command, words, {
    cwd: folder,
    env: { ...process.env, NO_COLOR: '1', ...env },
    stdio: ['ignore', file, file],
  });
  closeSync(file);
  const output = readFileSync(path, 'utf8');
  if (status !== 0) {
    throw new Error(
      `${command} ${words.join(' ')} ended with ${status ?? signal ?? error?.message}:\n${output}`,
    );
  }
  return output;
}
