/** The commands that README.md and the pages in src/docs show, and a folder in which they can be run. */
import { spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, readFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { binary, Folder, verses } from './commands/run.js';

export const root = fileURLToPath(new URL('..', import.meta.url));

/** The contents of the fenced blocks of a kind, in order */
export function blocks(text: string, kind: string): string[] {
  return [...text.matchAll(new RegExp(`^\`\`\`${kind}\\n([\\s\\S]*?)^\`\`\`$`, 'gm'))].map(
    ([, block]) => block,
  );
}

export const readDocument = (path: string) => readFileSync(join(root, path), 'utf8');

/** A folder with texts, and with these programs, scripts for bash by name. */
export function folderOfTexts(programs: Readonly<Record<string, string>>): Folder {
  const folder = new Folder();
  for (const name of ['bin', 'logs', 'data']) mkdirSync(join(folder.path, name));
  for (const [name, script] of Object.entries(programs)) {
    folder.write(`bin/${name}`, `#!/bin/bash -e\n${script}\n`);
    chmodSync(join(folder.path, 'bin', name), 0o755);
  }
  const texts = ['book', 'poems', 'more-poems', 'en', 'de', 'mixed', 'other', 'new', 'more'];
  for (const name of texts) folder.write(`${name}.txt`, verses(5000));
  for (const name of ['logs/a.log', 'logs/b.log']) folder.write(name, verses(40_000));
  folder.write('new.log', `${verses(2000)}!!! %% nothing like it $$\n`);
  folder.write('data/moby-dick.txt', verses(5000));
  return folder;
}

/** A call of charnn with a script's arguments */
export const callCharnn = `'${process.execPath}' '${binary}' "$@"`;

/** Runs a script in a folder, whose programs come before all others, with a home that is the folder. */
export function runScript(folder: Folder, script: string) {
  const { CHARNN_MODEL: _, ...environment } = process.env;
  return spawnSync('bash', ['--norc', '-euo', 'pipefail', '-c', script], {
    cwd: folder.path,
    encoding: 'utf8',
    env: {
      ...environment,
      PATH: `${join(folder.path, 'bin')}${delimiter}${process.env.PATH}`,
      HOME: folder.path,
      CHARNN_THREADS: '1',
    },
  });
}
