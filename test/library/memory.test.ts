/** Calls of the library hold no memory. The long form is CHARNN_FAULTS=long. */
import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { timeout, times } from '../faults/scale.js';

const script = fileURLToPath(new URL('calls.mjs', import.meta.url));
/**
 * How much the resident size may grow from the second tenth of the calls to the last. Plain, it contains garbage: V8
 * doubles its young generation, by 8 MB of some 85, when enough objects have survived its collections, and whether
 * that happens within these calls is chance.
 */
const ways = [
  ['after garbage was collected', ['--max-semi-space-size=1', '--expose-gc'], 0.05],
  ['as it is', [], 0.15],
] as const;

describe.each(ways)('%s', (_, flags, maxGrowth) => {
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
});
