/**
 * A build step of the package that leaves out what only readers need: comments and white space in the scripts in dist,
 * the sources of which are not in the package. Names stay, so that traces of errors can be read.
 */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { minifySync } from 'rolldown/experimental';

const scripts = fileURLToPath(new URL('.', import.meta.url));
/** The bundles of pages, which are minified already and contain licences */
const bundles = join('pages', 'client');

for (const name of readdirSync(scripts, { recursive: true, encoding: 'utf8' })) {
  if (!name.endsWith('.js') || name.startsWith(bundles)) continue;
  const path = join(scripts, name);
  const { code, errors } = minifySync(name, readFileSync(path, 'utf8'), {
    ...{ module: true, compress: false, mangle: false },
    codegen: { removeWhitespace: true },
  });
  if (errors.length > 0) throw new Error(`${path} cannot be stripped: ${errors[0]?.message}`);
  writeFileSync(path, code);
}
