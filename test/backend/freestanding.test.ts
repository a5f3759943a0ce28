/** The addon's glue compiles with the few declarations in `freestanding/`, as for the package, without an SDK. */
import { spawnSync } from 'node:child_process';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { mpiSource } from '#charnn/backend/kernels/addon-targets.js';
import { hasCompiler } from '../sanitize/toolchain.js';

const kernels = fileURLToPath(new URL('../../src/backend/kernels', import.meta.url));
const { include_dir: headers } = createRequire(import.meta.url)('node-api-headers') as {
  readonly include_dir: string;
};

test.runIf(hasCompiler() && process.platform === 'linux').each(['addon.c', mpiSource])(
  'every function that %s calls is declared there',
  (source) => {
    const flags = ['-std=gnu11', '-fsyntax-only', '-Werror=implicit-function-declaration'];
    const folders = ['-I', kernels, '-isystem', join(kernels, 'freestanding'), '-isystem', headers];
    const { status, stderr } = spawnSync(
      process.env.CC ?? 'cc',
      [...flags, ...folders, join(kernels, source)],
      { encoding: 'utf8' },
    );
    expect(stderr).toBe('');
    expect(status).toBe(0);
  },
);
