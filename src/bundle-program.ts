/**
 * A build step that joins the modules of the program and of the library into few files, because Node.js takes longer to
 * find and read some hundred modules than most commands take to run. The folder dist/bundle has the entries `main.js`
 * and `index.js`, the modules with which threads begin, and what these share.
 */
import { rmSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { build } from 'rolldown';
import { addressesFrom, threadModules } from './bundled-addresses.js';

const modules = fileURLToPath(new URL('.', import.meta.url));
const folder = fileURLToPath(new URL('bundle/', import.meta.url));

rmSync(folder, { recursive: true, force: true });
await build({
  input: ['main.js', 'index.js', ...threadModules(modules)].map((name) => `${modules}${name}`),
  platform: 'node',
  // npm packages are not put into the bundle, but stay where npm installs them
  external: (id) => /^[a-z]/.test(id),
  logLevel: 'warn',
  plugins: [addressesFrom(modules)],
  output: {
    dir: folder,
    format: 'es',
    entryFileNames: '[name].js',
    chunkFileNames: '[name]-[hash].js',
    // only modules that several entries share are joined, so that what one command needs is read for that command only
    codeSplitting: { groups: [{ name: 'shared', test: /dist/, minShareCount: 3 }] },
  },
});
