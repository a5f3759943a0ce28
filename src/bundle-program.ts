/**
 * A build step that joins the modules of the program and of the library into few files, because Node.js takes longer to
 * find and read some hundred modules than most commands take to run. The folder dist/bundle has the entries `main.js`
 * and `index.js`, the modules with which threads begin, and what these share.
 */
import { rmSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { build, type Plugin } from 'rolldown';
import { addressesFrom, isThreadModule, threadModules } from './bundled-addresses.js';

const modules = fileURLToPath(new URL('.', import.meta.url));
const folder = fileURLToPath(new URL('bundle/', import.meta.url));

/** The modules that threads read; the program reads them from the same file. */
const ofThreads = new Set<string>();

/**
 * A plugin of the bundler that finds the modules of threads. Together they get one file of their own, because a thread
 * starts in half the time if it does not have to read what only commands need.
 */
const threads: Plugin = {
  name: 'threads',
  buildEnd() {
    const found = [...this.getModuleIds()].filter((id) => isThreadModule(id));
    for (let id = found.pop(); id !== undefined; id = found.pop()) {
      if (ofThreads.has(id)) continue;
      ofThreads.add(id);
      found.push(...(this.getModuleInfo(id)?.importedIds ?? []));
    }
  },
};

rmSync(folder, { recursive: true, force: true });
await build({
  input: ['main.js', 'index.js', ...threadModules(modules)].map((name) => `${modules}${name}`),
  platform: 'node',
  // npm packages are not put into the bundle, but stay where npm installs them
  external: (id) => /^[a-z]/.test(id),
  logLevel: 'warn',
  plugins: [threads, addressesFrom(modules)],
  output: {
    dir: folder,
    format: 'es',
    entryFileNames: '[name].js',
    chunkFileNames: '[name]-[hash].js',
    // without comments and white space, and with short names of local variables, so that Node.js reads it faster;
    // functions keep their names, so that stack traces stay readable
    minify: {
      compress: false,
      mangle: { toplevel: false, keepNames: true },
      codegen: { removeWhitespace: true },
    },
    codeSplitting: {
      groups: [
        { name: 'threads', test: (id) => ofThreads.has(id), minShareCount: 3, priority: 1 },
        // only modules that several entries share are joined, so that what one command needs is read for that command only
        { name: 'shared', test: /dist/, minShareCount: 3 },
      ],
    },
  },
});
