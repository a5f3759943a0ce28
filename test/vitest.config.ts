import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    root: new URL('..', import.meta.url).pathname,
    include: ['test/**/*.test.ts'],
    reporters: ['default', './test/closing-line.ts'],
    // on a machine that does something else as well
    testTimeout: 60_000,
    hookTimeout: 60_000,
    // the tests that train use threads of their own
    maxWorkers: 2,
  },
});
