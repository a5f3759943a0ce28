/**
 * Runs every kernel case under AddressSanitizer and UndefinedBehaviorSanitizer, and between closed pages:
 *
 *     npm run sanitize [-- --short] [--pages]
 *
 * --short: few sizes; --pages: closed pages alone.
 *
 * The tests' cases are TypeScript, so they are bundled first. It needs Linux and a C compiler with sanitizers.
 */
import { mkdirSync, rmSync } from 'node:fs';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { build } from 'rolldown';
import { makeFolder } from '../temporary-folder.mjs';

const builds = fileURLToPath(new URL('build/', import.meta.url));
mkdirSync(builds, { recursive: true });
const folder = makeFolder('main-', builds);
try {
  const file = `${folder}/main.mjs`;
  await build({
    input: fileURLToPath(new URL('main.ts', import.meta.url)),
    platform: 'node',
    external: [/^#charnn\//, 'rolldown', 'node-api-headers'],
    logLevel: 'warn',
    output: { file, format: 'es' },
  });
  await import(pathToFileURL(file).href);
} finally {
  rmSync(folder, { recursive: true, force: true });
}
