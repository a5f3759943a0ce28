/**
 * Finds the control groups (cgroups, versions 1 and 2) that this process is in. It is subject to the limits of each
 * enclosing group, so all groups up to the root are examined. In a container, the paths that the system reports may be
 * those of the host; the root mounted there is then the container's own group.
 */
import { readFileSync } from 'node:fs';

/** How the system's files are read; tests pass their own. */
export interface SystemFiles {
  /** @returns the text of a file; undefined if it cannot be read */
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
 * @param controller name of a controller of version 1, such as `memory`; version 2 has one tree for all controllers
 * @returns the folders of the groups that this process is in, from its own to the root, of both versions; not all of
 * them need exist
 */
export function controlGroups(controller: string, files: SystemFiles = systemFiles): string[] {
  const text = files.read('/proc/self/cgroup') ?? '';
  const found: string[] = [];
  for (const [, controllers, path] of text.matchAll(/^\d+:([^:]*):(.*)$/gm)) {
    if (controllers === '') found.push(...upwards(mount, path));
    // if several controllers share a hierarchy of control groups, there is a link to it with the name of each
    else if (controllers.split(',').includes(controller)) {
      found.push(...upwards(`${mount}/${controller}`, path));
    }
  }
  return found;
}

function upwards(root: string, path: string): string[] {
  // a group whose path contains ".." is outside the part of the hierarchy that is mounted
  const names = path.split('/').filter((name) => name !== '');
  if (names.includes('..')) return [root];
  return Array.from(
    { length: names.length + 1 },
    (_, i) => `${[root, ...names.slice(0, names.length - i)].join('/')}`,
  );
}
