/** Calls of the library hold no memory. The long form is CHARNN_FAULTS=long. */
import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { timeout, times } from '../faults/scale.js';

const script = fileURLToPath(new URL('calls.mjs', import.meta.url));
const maxGrowth = 0.05;
/** Garbage is collected before each reading: how much of it V8 lets lie is not the library's business. */
const steadyHeap = ['--max-semi-space-size=1', '--expose-gc'];

test.each([
  ['sample', times(200, 1000), '200'],
  ['evaluate', times(200, 1000), '200'],
  ['load', times(30, 100), '20'],
])(
  'many calls of %s: the last tenth has the memory of the second',
  (kind, count, before) => {
    const output = execFileSync(
      process.execPath,
      [...steadyHeap, script, kind, String(count), before],
      {
        encoding: 'utf8',
      },
    );
    expect(JSON.parse(output).growth, output).toBeLessThanOrEqual(maxGrowth);
  },
  timeout,
);
