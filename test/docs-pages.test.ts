/**
 * The pages in src/docs: every command that they show is run, in order, in a folder with the texts that they speak of,
 * and every message that they quote is what charnn says.
 */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { Folder } from './commands/run.js';
import { blocks, callCharnn, folderOfTexts, readDocument, root, runScript } from './documents.js';

const docs = readdirSync(join(root, 'src/docs')).filter((name) => name.endsWith('.md'));
const library = new URL('../dist/index.js', import.meta.url).href;

const korean = Array.from(
  { length: 120 },
  (_, i) => `봄이 오면 ${i}번째 꽃이 피고, 강가의 새가 노래를 부른다.\n`,
).join('');

/** A folder with everything that the pages call a text */
function prepared(): Folder {
  const folder = folderOfTexts({ charnn: callCharnn });
  folder.write('changed.txt', 'another text. '.repeat(300));
  folder.write('시.txt', korean);
  folder.write('latin.txt', Buffer.from('caf\xe9 au lait\n', 'latin1'));
  // EUC-KR of 봄, many times
  folder.write('옛글.txt', Buffer.from('\xba\xbd\xc0\xcc \n'.repeat(200), 'latin1'));
  return folder;
}

/** Trainings by the clock would take as long as they say; test/commands/lecture.test.ts runs the lecture. */
const shortened = (script: string) =>
  script
    .replace(/--time \w+/g, '--steps 4')
    .replace(/--steps 300/g, '--steps 4')
    .replace(/^charnn lecture .*/gm, '$& --help');

test.each(docs)(
  '%s: its commands work',
  (name) => {
    const folder = prepared();
    const page = readDocument(`src/docs/${name}`);
    if (name === 'troubleshooting.md') {
      const made = runScript(folder, 'charnn train book.txt -o old.json --steps 3 -q --hidden 8');
      expect(made.status, made.stderr).toBe(0);
    }
    for (const script of blocks(page, 'sh')) {
      // head closes its pipe early
      const { status, stderr } = runScript(folder, `set +o pipefail\n${shortened(script)}`);
      expect(status, `${script}\n${stderr}`).toBe(0);
      expect(stderr).not.toMatch(/^charnn: /m);
    }
    for (const code of blocks(page, 'js')) {
      folder.write('example.mjs', code.replace("'charnn'", `'${library}'`));
      const { status, stderr } = runScript(folder, `'${process.execPath}' example.mjs`);
      expect(status, stderr).toBe(0);
    }
    for (const block of blocks(page, 'text')) {
      const [command, ...said] = block.trimEnd().split('\n');
      const { stderr } = runScript(folder, command.replace(/^\$ /, ''));
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
  for (const name of docs) expect(readDocument('README.md')).toContain(`(src/docs/${name})`);
});
