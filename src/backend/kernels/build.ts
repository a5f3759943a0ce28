/**
 * Build step: compiles the kernels into dist/backend/kernels. Without a C compiler the native back end
 * is left out and said so; that is no error, charnn runs without it.
 */
import { spawnSync } from 'node:child_process';
import { copyFileSync, existsSync, mkdirSync, readdirSync, rmSync, statSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../../..', import.meta.url));
const sources = join(root, 'src/backend/kernels');
const target = join(root, 'dist/backend/kernels');

/** Whether a built file is at least as new as all sources. */
function isUpToDate(file: string): boolean {
  if (!existsSync(file)) return false;
  const built = statSync(file).mtimeMs;
  const names = readdirSync(sources).filter((name) => /\.(c|h|gyp)$/.test(name));
  return names.every((name) => statSync(join(sources, name)).mtimeMs <= built);
}

function buildNative(): void {
  const file = join(target, 'charnn.node');
  if (isUpToDate(file)) return;
  rmSync(file, { force: true });
  const nodeGyp = createRequire(import.meta.url).resolve('node-gyp/bin/node-gyp.js');
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    [nodeGyp, 'rebuild', '--directory', sources, '--jobs', 'max'],
    { encoding: 'utf8' },
  );
  const built = join(sources, 'build/Release/charnn.node');
  if (status === 0 && existsSync(built)) {
    mkdirSync(target, { recursive: true });
    copyFileSync(built, file);
    rmSync(join(sources, 'build'), { recursive: true });
    return;
  }
  if (process.env.CHARNN_BUILD_LOG) console.error(stdout + stderr);
  console.error(
    'charnn: native kernels are missing: they could not be compiled. Training will be slower; for full speed install a C compiler, make and python3, and run npm rebuild (CHARNN_BUILD_LOG=1 shows what failed)',
  );
}

buildNative();
