import { defineConfig } from 'vitest/config';
import LongestFirst from './longest-first.js';

export default defineConfig({
  test: {
    root: new URL('..', import.meta.url).pathname,
    include: ['test/**/*.test.ts'],
    reporters: ['default', './test/closing-line.ts'],
    // on a machine that does something else as well
    testTimeout: 60_000,
    hookTimeout: 60_000,
    // the tests that train use threads of their own; others mostly wait
    maxWorkers: 3,
    sequence: { sequencer: LongestFirst },
  },
});
