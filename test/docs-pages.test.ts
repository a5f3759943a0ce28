/**
 * The pages in src/docs: every command that they show is run, in order, in a folder with the texts that they speak of,
 * and every message that they quote is what charnn says.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { expect, test } from 'vitest';
import { binary, Folder, verses } from './commands/run.js';

const docs = new URL('../src/docs/', import.meta.url);
const names = readdirSync(docs);
const library = new URL('../dist/index.js', import.meta.url).href;

const korean = Array.from(
  { length: 120 },
  (_, i) => `봄이 오면 ${i}번째 꽃이 피고, 강가의 새가 노래를 부른다.\n`,
).join('');

/** A folder with a command `charnn` and everything that the pages call a text */
function prepared(): Folder {
  const folder = new Folder();
  execFileSync('mkdir', ['bin', 'logs'], { cwd: folder.path });
  folder.write('bin/charnn', `#!/bin/sh\nexec '${process.execPath}' '${binary}' "$@"\n`);
  execFileSync('chmod', ['+x', 'bin/charnn'], { cwd: folder.path });
  const texts = ['book', 'poems', 'more-poems', 'en', 'de', 'mixed'];
  for (const name of texts) folder.write(`${name}.txt`, verses(5000));
  for (const name of ['logs/a.log', 'logs/b.log']) folder.write(name, verses(3000));
  folder.write('new.log', `${verses(2000)}!!! %% nothing like it $$\n`);
  folder.write('changed.txt', verses(4000));
  folder.write('시.txt', korean);
  folder.write('latin.txt', Buffer.from('caf\xe9 au lait\n', 'latin1'));
  // EUC-KR of 봄, many times
  folder.write('옛글.txt', Buffer.from('\xba\xbd\xc0\xcc \n'.repeat(200), 'latin1'));
  return folder;
}

/** Trainings by the clock would take as long as they say. */
const shortened = (script: string) =>
  script.replace(/--time \w+/g, '--steps 4').replace(/--steps 300/g, '--steps 4');

function runIn(folder: Folder, script: string) {
  const { CHARNN_MODEL: _, ...environment } = process.env;
  return spawnSync('bash', ['--norc', '-euo', 'pipefail', '-c', script], {
    cwd: folder.path,
    encoding: 'utf8',
    env: {
      ...environment,
      PATH: `${join(folder.path, 'bin')}${delimiter}${process.env.PATH}`,
      CHARNN_THREADS: '1',
    },
  });
}

function blocks(page: string, kind: string): string[] {
  const text = readFileSync(new URL(page, docs), 'utf8');
  return [...text.matchAll(new RegExp(`^\`\`\`${kind}\\n([\\s\\S]*?)^\`\`\`$`, 'gm'))].map(
    ([, block]) => block,
  );
}

test.each(names)(
  '%s: its commands work',
  (name) => {
    const folder = prepared();
    if (name === 'troubleshooting.md') {
      const made = runIn(folder, 'charnn train book.txt -o old.json --steps 3 -q --hidden 8');
      expect(made.status, made.stderr).toBe(0);
    }
    for (const script of blocks(name, 'sh')) {
      // head closes its pipe early
      const { status, stderr } = runIn(folder, `set +o pipefail\n${shortened(script)}`);
      expect(status, `${script}\n${stderr}`).toBe(0);
    }
    for (const code of blocks(name, 'js')) {
      folder.write('example.mjs', code.replace("'charnn'", `'${library}'`));
      const { status, stderr } = runIn(folder, `'${process.execPath}' example.mjs`);
      expect(status, stderr).toBe(0);
    }
    for (const block of blocks(name, 'text')) {
      const [command, ...said] = block.trimEnd().split('\n');
      const { stderr } = runIn(folder, command.replace(/^\$ /, ''));
      // the folder's name has a blank in it, for which messages quote it
      const shown = stderr
        .trimEnd()
        .replaceAll(/"?[^" ]*\/charnn test \w+\/([\w.]+)"?/g, '/home/ada/$1');
      expect(shown).toBe(said.join('\n'));
    }
  },
  300_000,
);

test('README.md leads to each of them', () => {
  const readme = readFileSync(new URL('../README.md', import.meta.url), 'utf8');
  for (const name of names) expect(readme).toContain(`(src/docs/${name})`);
});
