/** A few of the cases that `limits-matrix.mjs` has: commands under limits of the system. */
import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { timeout, times } from './scale.js';

/** What takes minutes is for the long form. */
const every = 'address,processes,pids,memory,heap';
const script = fileURLToPath(new URL('limits-matrix.mjs', import.meta.url));

test.runIf(process.platform === 'linux')(
  'commands work where little is allowed, or say what they need, and end',
  { timeout: Math.max(timeout, 300_000) },
  async () => {
    const { stdout } = await promisify(execFile)(process.execPath, [
      script,
      '--short',
      '--only',
      times('memory,heap', every),
    ]);
    // what the script says of a failure is part of the rejection
    console.info(stdout.trim());
    expect(stdout).toMatch(/^\d+ cases, \d+ refused in a sentence: 0 failed$/m);
  },
);
