/**
 * The control groups that this process is in, of version 1 and 2. A limit of any group around it holds for
 * it too, so each group is looked at up to the root. In a container the paths that the system tells may be
 * those of the host; the root that is mounted there is then the container's own group.
 */
import { readFileSync } from 'node:fs';

/** Where the system's files are found; tests have some of their own. */
export interface SystemFiles {
  /** @returns the text of a file; undefined where it cannot be read */
  read(path: string): string | undefined;
}

export const systemFiles: SystemFiles = {
  read(path) {
    try {
      return readFileSync(path, 'latin1');
    } catch {
      return undefined;
    }
  },
};

const mount = '/sys/fs/cgroup';

/**
 * @param controller of version 1, as `memory`; version 2 has one tree for all of them
 * @returns the folders of the groups that this process is in, from its own to the root, of both versions;
 * not all of them need exist
 */
export function controlGroups(controller: string, files: SystemFiles = systemFiles): string[] {
  const text = files.read('/proc/self/cgroup') ?? '';
  const found: string[] = [];
  for (const [, controllers, path] of text.matchAll(/^\d+:([^:]*):(.*)$/gm)) {
    if (controllers === '') found.push(...upwards(mount, path));
    // what is mounted for two controllers at once has a link for each of them
    else if (controllers.split(',').includes(controller)) {
      found.push(...upwards(`${mount}/${controller}`, path));
    }
  }
  return found;
}

function upwards(root: string, path: string): string[] {
  // a path with ".." leads out of what is mounted
  const names = path.split('/').filter((name) => name !== '');
  if (names.includes('..')) return [root];
  return Array.from(
    { length: names.length + 1 },
    (_, i) => `${[root, ...names.slice(0, names.length - i)].join('/')}`,
  );
}
