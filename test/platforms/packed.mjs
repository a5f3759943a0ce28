/** The package as npm packs it, and installed in an empty folder. */
import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { run } from './processes.mjs';

export const root = fileURLToPath(new URL('../..', import.meta.url));

/** Packs charnn into a folder; returns the tarball's path. */
export function pack(folder) {
  run('npm', ['pack', '--silent', '--pack-destination', folder], { cwd: root });
  return join(
    folder,
    readdirSync(folder).find((file) => file.endsWith('.tgz')),
  );
}

/** Makes a project with a tarball as its dependency; returns the package's folder. */
export function installIn(folder, tarball) {
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'package.json'), '{ "private": true }');
  run('npm', ['install', '--no-audit', '--no-fund', '--ignore-scripts', tarball], { cwd: folder });
  return join(folder, 'node_modules/charnn');
}
