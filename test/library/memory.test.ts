/** Calls of the library hold no memory. The long form is CHARNN_FAULTS=long. */
import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { timeout, times } from '../faults/scale.js';

const script = fileURLToPath(new URL('calls.mjs', import.meta.url));
const maxGrowth = 0.05;
/** V8's young generation grows while it warms up, which would hide what calls hold. */
const steadyHeap = '--max-semi-space-size=1';

test.each([
  ['sample', times(200, 1000)],
  ['evaluate', times(200, 1000)],
  ['load', times(30, 100)],
])(
  'many calls of %s: the last tenth has the memory of the second',
  (kind, count) => {
    const output = execFileSync(process.execPath, [steadyHeap, script, kind, String(count)], {
      encoding: 'utf8',
    });
    expect(JSON.parse(output).growth, output).toBeLessThanOrEqual(maxGrowth);
  },
  timeout,
);
