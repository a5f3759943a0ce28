import { defineConfig } from 'vitest/config';
import LongestFirst from './longest-first.js';

/** Tests that replace a module; only modules that Vitest itself loads can be replaced. */
const replacing = ['test/train/schema.test.ts'];

export default defineConfig({
  test: {
    root: new URL('..', import.meta.url).pathname,
    reporters: ['default', './test/closing-line.ts'],
    // on a machine that does something else as well
    testTimeout: 60_000,
    hookTimeout: 60_000,
    // the tests that train use threads of their own; others mostly wait
    maxWorkers: 3,
    sequence: { sequencer: LongestFirst },
    projects: [
      {
        extends: true,
        test: {
          name: 'compiled',
          include: ['test/**/*.test.ts'],
          exclude: replacing,
          // no test changes what others see, so a worker can go from file to file
          isolate: false,
          // Node.js loads compiled modules faster than Vitest does
          server: { deps: { external: [/\/dist\//] } },
        },
      },
      { extends: true, test: { name: 'replacing', include: replacing } },
    ],
  },
});
