/** How modules find the files of the package when they have been joined into bundles. */
import { readdirSync } from 'node:fs';
import { join, relative } from 'node:path';
import type { Plugin } from 'rolldown';

/** @returns whether a thread begins with the module: its name says so */
export function isThreadModule(name: string): boolean {
  return name.endsWith('-worker.js');
}

/**
 * The modules with which threads begin, whose names end in -worker.js.
 * @param modules the folder of all compiled modules
 */
export function threadModules(modules: string): string[] {
  return readdirSync(modules, { recursive: true, encoding: 'utf8' }).filter(
    (name) => isThreadModule(name) && !name.startsWith('bundle'),
  );
}

/**
 * A plugin for a bundle whose files lie in one folder beside the folders of the compiled modules. A module that reads a
 * file of the package finds it by its own address (`import.meta.url`), so that the plugin replaces it by the address
 * that the module has outside the bundle. The modules of threads are in the bundle themselves.
 * @param modules the folder of all compiled modules
 */
export function addressesFrom(modules: string): Plugin {
  return {
    name: 'addresses',
    transform(code, id) {
      if (!id.startsWith(modules)) return undefined;
      const own = join('..', relative(modules, id)).replaceAll('\\', '/');
      return code.replace(
        /new URL\('[\w./-]+\/([\w-]+-worker\.js)', import\.meta\.url\)|import\.meta\.url/g,
        (_, thread?: string) =>
          thread
            ? `new URL('./${thread}', import.meta.url)`
            : `new URL('${own}', import.meta.url).href`,
      );
    },
  };
}
