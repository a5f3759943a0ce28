/** A few of the command lines that `command-lines.mjs` has thousands of, others each time. */
import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { timeout, times } from './scale.js';

const script = fileURLToPath(new URL('command-lines.mjs', import.meta.url));

test('the real binary, whatever is asked of it, ends in words and touches nothing else', {
  timeout,
}, async () => {
  const cases = `${times(20, 10_000)}`;
  const seed = `${Math.floor(Math.random() * 1000)}`;
  const { stdout } = await promisify(execFile)(process.execPath, [
    ...[script, '--cases', cases, '--seed', seed],
  ]);
  // what the script says of a failure is part of the rejection
  console.info(stdout.trim());
  expect(stdout).toMatch(new RegExp(`^${cases} command lines from 0 .*: 0 failed`));
});
