/** What commands leave behind where they cannot write, or are ended while they do: nothing but whole files. */
import { existsSync, mkdirSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { beforeAll, describe, expect, test } from 'vitest';
import { Folder, finished, small, verses } from '../commands/run.js';
import { until } from './running.js';

const sizes = small.join(' ');
const onPosix = process.platform !== 'win32';
const made = new Folder();
const names = async (folder: Folder) =>
  (await folder.shell('ls -A')).stdout.split('\n').filter((name) => name !== '');

beforeAll(async () => {
  await made.train(verses(1500), '-q');
  expect((await made.run(['export', '-q'])).status).toBe(0);
});

/** A folder with a text, a model and its export */
function withModel(): Folder {
  const folder = new Folder();
  for (const name of ['text.txt', 'charnn.json', 'charnn.safetensors']) {
    folder.write(name, made.read(name));
  }
  return folder;
}

describe('a name that means standard output', () => {
  test.each([
    ['a model', `train text.txt ${sizes} -o -`],
    ['a model', `train text.txt ${sizes} -f -o -`],
    ['the record of a search', 'search text.txt -o -'],
  ])('is no name of %s: %s', async (what, line) => {
    const folder = withModel();
    const before = await names(folder);
    const { status, stdout, stderr } = await folder.shell(`charnn ${line}`);
    expect([status, stdout, stderr]).toEqual([
      2,
      '',
      `charnn: --output - would be standard output, and ${what} is not written there: name a file\n`,
    ]);
    expect(await names(folder)).toEqual(before);
  });
});

test.runIf(onPosix)("a search's page is not written over its record", async () => {
  const folder = withModel();
  symlinkSync('s.html', join(folder.path, 'link.html'));
  mkdirSync(join(folder.path, 'below'));
  for (const page of ['s.html', './s.html', 'below/../s.html', 'link.html']) {
    const args = ['search', 'text.txt', '--time', '5s', '-o', 's.html', '--page', page];
    const { status, stderr } = await folder.run(args);
    expect([status, stderr]).toEqual([2, expect.stringContaining('--page and --output both name')]);
  }
  expect(await names(folder)).not.toContain('s.html');
});

test.runIf(onPosix)('where no byte can be written, not even a lock is left', async () => {
  const folder = withModel();
  const before = await names(folder);
  for (const line of [
    `train text.txt ${sizes} -q -o new.json`,
    'import charnn.safetensors -o new.json',
    'search text.txt --time 5s -o new.json',
    'export -o new.onnx',
    'publish -q -o new.html',
  ]) {
    const { status, stderr } = await folder.shell(`(ulimit -f 0; charnn ${line}) 2>&1 | cat >&2`);
    expect([line, status, stderr]).toEqual([
      line,
      1,
      expect.stringMatching(
        /charnn: cannot write [^\n]*larger than this process may write[^\n]*\n$/,
      ),
    ]);
    expect(await names(folder)).toEqual(before);
  }
});

describe.runIf(onPosix)('a signal', () => {
  const signals = [
    ['SIGINT', 130],
    ['SIGTERM', 143],
    ['SIGHUP', 129],
  ] as const;

  test.each(signals)(
    '%s ends an import that waits, and takes its lock away',
    async (name, code) => {
      const folder = withModel();
      await folder.shell('mkfifo waiting');
      const before = await names(folder);
      const child = folder.start(['import', 'waiting', '-o', 'new.json']);
      const outcome = finished(child);
      const lock = join(folder.path, '.new.json.lock');
      await until(() => existsSync(lock));
      child.kill(name);
      expect((await outcome).status).toBe(code);
      expect(await names(folder)).toEqual(before);
    },
  );

  test.each([
    ['import', ['import', 'charnn.safetensors', '-o', 'new.json']],
    ['export', ['export', '-o', 'new.onnx']],
    ['publish', ['publish', '-q', '-o', 'new.html']],
    ['report', ['report', '-q', '-o', 'new.html']],
    ['visualize', ['visualize', 'text.txt', '-q', '-o', 'new.html']],
    ['gradients', ['gradients', 'text.txt', '-q', '-o', 'new.html']],
    ['train', ['train', 'text.txt', ...small, '-q', '-o', 'new.json']],
  ])('that comes while %s writes leaves no part of the file', async (_, args) => {
    const folder = withModel();
    const before = await names(folder);
    // the signal comes when the new file has just been created, and the writing stops there
    folder.write(
      'ending.mjs',
      `import fs from 'node:fs/promises';
      import { syncBuiltinESMExports } from 'node:module';
      const { open } = fs;
      fs.open = async (path, flags, mode) => {
        const file = await open(path, flags, mode);
        if (flags !== 'wx') return file;
        for (let i = 0; i < 2; i++) {
          process.kill(process.pid, 'SIGTERM');
          await new Promise((resolve) => setTimeout(resolve, 100));
        }
        return new Promise(() => setTimeout(() => {}, 60_000));
      };
      syncBuiltinESMExports();`,
    );
    const preload = pathToFileURL(join(folder.path, 'ending.mjs')).href;
    const line = args.map((word) => `'${word}'`).join(' ');
    const { status } = await folder.shell(
      `export NODE_OPTIONS='--import=${preload}'; charnn ${line}`,
    );
    expect(status).toBe(143);
    expect(await names(folder)).toEqual([...before, 'ending.mjs'].sort());
  });
});
