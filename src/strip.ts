/**
 * A build step of the package that removes comments and white space from the bundle of the program. Names are kept, so
 * that stack traces stay readable.
 */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { minifySync } from 'rolldown/experimental';

const scripts = fileURLToPath(new URL('bundle/', import.meta.url));

for (const name of readdirSync(scripts)) {
  const path = join(scripts, name);
  const { code, errors } = minifySync(name, readFileSync(path, 'utf8'), {
    ...{ module: true, compress: false, mangle: false },
    codegen: { removeWhitespace: true },
  });
  if (errors.length > 0) throw new Error(`${path} cannot be stripped: ${errors[0]?.message}`);
  writeFileSync(path, code);
}
