/** What the system refuses is said in a sentence that names the file, never as an internal error. */
import { spawn, spawnSync } from 'node:child_process';
import { accessSync, chmodSync, chownSync, constants, mkdirSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { binary, Folder, finished, small, verses } from '../commands/run.js';

const text = verses(1500);
const oneLine = /^charnn: [^\n]+\n$/;
const onPosix = process.platform !== 'win32';

const trained = (async () => {
  const folder = new Folder();
  await folder.train(text, '-q');
  symlinkSync('circle', join(folder.path, 'circle'));
  mkdirSync(join(folder.path, 'poems'));
  folder.write('poems/a.txt', text);
  return folder;
})();

describe.runIf(onPosix)('paths that lead nowhere', () => {
  const long = 'x'.repeat(300);
  const train = ['train', 'text.txt', ...small, '--force', '-o'];
  test.each([
    [2, 'a folder that is not there', [...train, 'new/'], '--output new/ is the name of a folder'],
    [2, 'a folder', [...train, 'poems'], '--output poems is a folder'],
    [2, 'a folder with its slash', [...train, 'poems/'], '--output poems/ is the name of a folder'],
    [1, 'a file as a folder', [...train, 'text.txt/m.json'], 'a part of its path is not a folder'],
    [1, 'links in a circle', [...train, 'circle'], 'symbolic links go round in circles'],
    [1, 'a folder in a circle', [...train, 'circle/m.json'], 'symbolic links go round in circles'],
    [2, 'a name too long', [...train, long], 'is too long a name'],
    [1, 'a folder too long', [...train, `${long}/m.json`], 'its name is too long'],
    [1, 'a page as a folder', ['report', '-o', 'text.txt/p.html'], 'is not a folder'],
    [2, 'a page in a folder', ['report', '-o', 'poems.html/'], 'is not the name of a page'],
    [1, 'a text in a circle', ['eval', 'circle'], 'symbolic links go round in circles'],
    [1, 'a text below a file', ['eval', 'text.txt/a'], 'a part of its path is not a folder'],
    [1, 'a text too long', ['eval', long], 'its name is too long'],
    [1, 'a model in a circle', ['sample', '-m', 'circle'], 'symbolic links go round in circles'],
    [1, 'a model below a file', ['sample', '-m', 'text.txt/a'], 'a part of its path is not'],
    [1, 'a model that is a folder', ['inspect', 'poems'], 'it is a folder'],
    [1, 'a file to import in a circle', ['import', 'circle', '-o', 'x.json'], 'round in circles'],
    [1, 'a folder to import', ['import', 'poems', '-o', 'x.json'], 'it is a folder'],
    [2, 'an export as a folder', ['export', '-o', 'poems'], '--output poems is a folder'],
    [1, 'an export to nowhere', ['export', '-o', 'text.txt/x.onnx'], 'is not a folder'],
    [1, 'a run in a circle', ['report', 'circle'], 'symbolic links go round in circles'],
    [1, 'a list in a circle', ['sample', '--complete', 'circle'], 'round in circles'],
    [1, 'a compressed file in a circle', ['decompress', 'circle'], 'round in circles'],
  ])('%i for %s', async (code, _, args, words) => {
    const { status, stderr } = await (await trained).run(args);
    expect([status, stderr]).toEqual([code, expect.stringContaining(words)]);
    expect(stderr).toMatch(oneLine);
  });

  test.each([
    ['train', `train text.txt ${small.join(' ')}`],
    [
      'train, with whole paths',
      `train "$OLDPWD/text.txt" ${small.join(' ')} -f -o "$OLDPWD/x.json"`,
    ],
    ['train --resume', 'train --resume'],
    ['eval', 'eval text.txt'],
    ['sample', 'sample'],
    ['sample on several threads', 'sample -n 9 -l 3 -m "$OLDPWD/charnn.json"'],
    ['report', 'report'],
    ['export', 'export'],
    ['compress', 'compress text.txt'],
  ])('a working directory that is gone: %s', async (_, line) => {
    const folder = await trained;
    const gone = 'mkdir -p gone; cd gone; rmdir ../gone; ';
    const { status, stderr } = await folder.shell(`${gone}charnn ${line}`);
    expect(stderr).not.toMatch(/internal error|\n {4}at /);
    if (status !== 0)
      expect([status, stderr]).toEqual([1, expect.stringMatching(/charnn: [^\n]+\n$/)]);
  });
});

const isRoot = process.getuid?.() === 0;
const nobody = 65534;

/** Root may list and write everything; whether another user may run the binary at all. */
function othersMayRun(): boolean {
  if (!onPosix) return false;
  try {
    accessSync(binary, constants.R_OK);
    const user = isRoot ? { uid: nobody, gid: nobody } : {};
    return spawnSync(process.execPath, [binary, '--version'], user).status === 0;
  } catch {
    return false;
  }
}

describe.runIf(othersMayRun())('a folder that cannot be listed', () => {
  const run = (folder: Folder, ...args: string[]) =>
    finished(
      spawn(process.execPath, [binary, ...args], {
        cwd: folder.path,
        stdio: ['ignore', 'pipe', 'pipe'],
        ...(isRoot && { uid: nobody, gid: nobody }),
      }),
    );

  test('takes a model, and is no text', async () => {
    const folder = new Folder();
    folder.write('text.txt', text);
    mkdirSync(join(folder.path, 'models'));
    if (isRoot) {
      chownSync(folder.path, nobody, nobody);
      chownSync(join(folder.path, 'models'), nobody, nobody);
    }
    chmodSync(join(folder.path, 'models'), 0o300);
    const trained = await run(folder, 'train', 'text.txt', ...small, '-o', 'models/m.json');
    expect([trained.status, trained.stderr]).toEqual([0, expect.not.stringContaining('charnn:')]);
    const refused = await run(folder, 'eval', 'models', '-m', 'models/m.json');
    expect([refused.status, refused.stderr]).toEqual([
      1,
      'charnn: cannot read models: permission denied\n',
    ]);
    chmodSync(join(folder.path, 'models'), 0o700);
  });
});

test.runIf(onPosix)('too few files may be open', async () => {
  const folder = await trained;
  for (const limit of [25, 40, 60, 80, 100]) {
    const { status, stderr } = await folder.shell(`ulimit -n ${limit}; charnn eval text.txt`);
    expect(stderr).not.toMatch(/internal error|\n {4}at /);
    if (status !== 0) expect(stderr).toMatch(/^charnn: [^\n]*too many files are open[^\n]*\n$/);
  }
});

test.each([
  ['the largest numbers', [1e308, 1e308]],
  ['their differences', [1e308, -1e308]],
  ['equal large numbers', [1e20, 1e20]],
  ['the smallest and the largest', [5e-324, 1.7e308]],
])('a history of %s is shown', async (_, losses) => {
  const folder = await trained;
  const { sha256: _hash, ...model } = folder.json('charnn.json');
  const history = losses.map((loss, i) => ({
    ...model.history[0],
    ...{ step: i + 1, epoch: loss, trainLoss: loss, validationLoss: loss, gradientNorm: loss },
  }));
  folder.write('large.json', JSON.stringify({ ...model, version: 1, history }));
  for (const args of [
    ['inspect', 'large.json'],
    ['report', 'large.json', '-o', 'large.html'],
  ]) {
    const { status, stderr } = await folder.run(args);
    expect([status, stderr]).toEqual([0, expect.not.stringContaining('charnn:')]);
  }
});
