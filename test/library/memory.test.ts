/** Calls of the library hold no memory. The long form is CHARNN_FAULTS=long. */
import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { timeout, times } from '../faults/scale.js';

const script = fileURLToPath(new URL('calls.mjs', import.meta.url));
/** With the collector called, and a young generation that does not grow, what is left is what calls hold. */
const flags = ['--max-semi-space-size=1', '--expose-gc'];
/** How much the resident size may grow from the second tenth of the calls to the last */
const maxGrowth = 0.05;

test.each([
  ['sample', times(200, 1000), '200'],
  ['short', times(200, 1000), '200'],
  ['evaluate', times(200, 1000), '200'],
  ['text', times(200, 1000), '200'],
  ['load', times(30, 100), '20'],
])(
  'many calls of %s: the last tenth has the memory of the second',
  (kind, count, before) => {
    const words = [...flags, script, kind, String(count), before];
    const output = execFileSync(process.execPath, words, { encoding: 'utf8' });
    expect(JSON.parse(output).growth, output).toBeLessThanOrEqual(maxGrowth);
  },
  timeout,
);
