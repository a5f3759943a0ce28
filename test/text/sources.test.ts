import { execFileSync } from 'node:child_process';
import { chmodSync, createReadStream, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { gzipSync } from 'node:zlib';
import { expect, test } from 'vitest';
import { CharnnError, UsageError } from '#charnn/errors.js';
import { quote } from '#charnn/messages/quote.js';
import type { FolderReport } from '#charnn/text/folders.js';
import { plainReading } from '#charnn/text/reading-options.js';
import { findSources, type Source } from '#charnn/text/sources.js';
import { put, temporaryFolder } from '../folder.js';
import { input } from './files.js';

const root = temporaryFolder();

async function textOf(source: Source): Promise<string> {
  const pieces: Buffer[] = [];
  for await (const piece of source.read()) pieces.push(Buffer.from(piece));
  return Buffer.concat(pieces).toString();
}

async function texts(paths: readonly string[], stdin = input()): Promise<string[]> {
  const found: string[] = [];
  for (const source of await findSources(paths, stdin)) found.push(await textOf(source));
  return found;
}

test('files and standard input are read in the order given', async () => {
  const a = put(root, 'order/a.txt', 'A');
  const b = put(root, 'order/b.txt', 'B');
  expect(await texts([b, '-', a, b], input('st', 'din'))).toEqual(['B', 'stdin', 'A', 'B']);
});

test('a folder stands for its text files at any depth, in the order of their names', async () => {
  const folder = join(root, 'folder');
  for (const name of ['b.txt', 'a/z.txt', 'a/b/c', 'B.txt', 'é.txt', '10', '9']) {
    put(folder, name, name);
  }
  expect(await texts([folder])).toEqual(['10', '9', 'B.txt', 'a/b/c', 'a/z.txt', 'b.txt', 'é.txt']);
});

test('dot-files and binary files of a folder are passed over', async () => {
  const folder = join(root, 'mixed');
  put(folder, '.hidden', 'no');
  put(folder, '.git/config', 'no');
  put(folder, 'image.png', Buffer.from([0x89, 0x50, 0, 1]));
  put(folder, 'late.bin', Buffer.concat([Buffer.alloc(8191, 'a'), Buffer.from([0])]));
  put(folder, 'text', Buffer.concat([Buffer.alloc(8192, 'a'), Buffer.from([0])]));
  put(folder, 'empty', '');
  const found = await findSources([folder], input());
  expect(found.map(({ name }) => name)).toEqual([join(folder, 'empty'), join(folder, 'text')]);
});

test('a binary file that is named itself is read', async () => {
  expect(await texts([put(root, 'named.bin', 'a\0b')])).toEqual(['a\0b']);
});

test('links are followed, but never round in circles', async () => {
  const folder = join(root, 'links');
  put(folder, 'a/one.txt', 'one');
  put(folder, 'b/two.txt', 'two');
  symlinkSync('..', join(folder, 'a/up'));
  symlinkSync('../b', join(folder, 'a/b'));
  symlinkSync('../a', join(folder, 'b/a'));
  symlinkSync('self', join(folder, 'self'));
  symlinkSync('nowhere', join(folder, 'dangling'));
  symlinkSync(put(root, 'elsewhere', 'three'), join(folder, 'c'));
  expect(await texts([folder])).toEqual(['two', 'one', 'three']);
});

test('a folder without a text file is an error that says so', async () => {
  const folder = join(root, 'no text');
  put(folder, '.hidden', 'no');
  put(folder, 'x.bin', '\0');
  await expect(findSources([folder], input())).rejects.toThrow(
    `the folder ${JSON.stringify(folder)} has no text file`,
  );
});

test('a missing file is named', async () => {
  const missing = join(root, 'missing.txt');
  const found = findSources([missing], input());
  await expect(found).rejects.toThrow(CharnnError);
  await expect(found).rejects.toThrow(`cannot read ${missing}: there is no such file or folder`);
});

test('a file that vanishes after it was found is an error', async () => {
  const path = put(root, 'fleeting.txt', 'x');
  const [source] = await findSources([path], input());
  execFileSync('rm', [path]);
  await expect(textOf(source)).rejects.toThrow(`cannot read ${path}: there is no such file`);
});

// root reads everything
test.skipIf(process.getuid?.() === 0)('a file that may not be read is an error', async () => {
  const path = put(root, 'secret.txt', 'x');
  chmodSync(path, 0);
  await expect(texts([path])).rejects.toThrow(`cannot read ${path}: permission denied`);
});

test('an error while standard input is read is reported', async () => {
  const broken = new Readable({
    read() {
      this.destroy(new Error('gone'));
    },
  });
  await expect(texts(['-'], broken)).rejects.toThrow('cannot read standard input: gone');
  // what `charnn train - < folder` meets
  await expect(texts(['-'], createReadStream(root))).rejects.toThrow('it is a folder');
});

test('standard input twice, and no path at all, are wrong usage', async () => {
  await expect(findSources(['-', '-'], input())).rejects.toThrow(UsageError);
  const stdin = input('once');
  expect(await texts(['-'], stdin)).toEqual(['once']);
  await expect(texts(['-'], stdin)).rejects.toThrow(UsageError);
  await expect(findSources([], input())).rejects.toThrow(UsageError);
});

test.skipIf(process.platform === 'win32')('a named pipe is read, its size unknown', async () => {
  const pipe = join(root, 'pipe');
  execFileSync('mkfifo', [pipe]);
  const [source] = await findSources([pipe], input());
  expect(source.size).toBeUndefined();
  const [text] = await Promise.all([textOf(source), writeTo(pipe, 'through the pipe')]);
  expect(text).toBe('through the pipe');
});

async function writeTo(path: string, text: string): Promise<void> {
  const { writeFile } = await import('node:fs/promises');
  await writeFile(path, text);
}

test('names with spaces, line breaks and any script work', async () => {
  const names = ['two words', 'line\nbreak', '한글.txt', '-', '"quoted"', '👍'];
  for (const name of names) {
    const path = put(join(root, 'names'), name, name);
    expect(await texts([path])).toEqual([name]);
  }
  expect(await texts([join(root, 'names')])).toEqual([...names].sort());
});

test('a plain name is shown as it is, any other quoted and without control characters', () => {
  for (const plain of ['a.txt', '/data/moby-dick.txt', 'C:/x', '한글.txt', 'naïve+1', '👍']) {
    expect(quote(plain)).toBe(plain);
  }
  expect(quote('two words')).toBe('"two words"');
  expect(quote('')).toBe('""');
  expect(quote('a\nb\x1b[31m')).toBe('"a\\nb\\u001b[31m"');
  expect(quote('\x7f\x9b\u202e\u2028\ufeff')).toBe('"\\u007f\\u009b\\u202e\\u2028\\ufeff"');
  expect(quote('say "hi"')).toBe('"say \\"hi\\""');
  expect(quote('\ud800')).toBe('"\\ud800"');
});

test('a folder reports what it passes over, and why; UTF-16 and gzip are read', async () => {
  const folder = join(root, 'reported');
  put(folder, 'a.txt', 'a');
  put(folder, 'deep/b.txt', Buffer.from('\ufeffb', 'utf16le'));
  put(folder, 'c.txt.gz', gzipSync('c'));
  put(folder, 'd.docx', Buffer.from('PK\x03\x04....word/document.xml', 'latin1'));
  put(folder, 'e.png', Buffer.from('\x89PNG\r\n', 'latin1'));
  put(folder, 'f.bin', 'x\0');
  put(folder, 'g.txt', Buffer.from('unmarked', 'utf16le'));
  put(folder, 'model.json', '{"format":"charnn"');
  const reports: FolderReport[] = [];
  const onFolder = (report: FolderReport) => reports.push(report);
  const found = await findSources([folder], input(), { onFolder });
  expect(found.map(({ name }) => name)).toEqual(
    ['a.txt', 'c.txt.gz', 'deep/b.txt'].map((name) => join(folder, name)),
  );
  expect(reports).toEqual([
    {
      folder,
      files: 3,
      skipped: [
        { name: 'd.docx', why: 'a Word document' },
        { name: 'e.png', why: 'a PNG image' },
        { name: 'f.bin', why: 'binary data' },
        { name: 'g.txt', why: 'perhaps a text in UTF-16 without a byte-order mark' },
      ],
    },
  ]);
  // as it was when older trainings recorded their texts
  const before = await findSources([folder], input(), { reading: plainReading });
  expect(before.map(({ name }) => name)).toEqual(
    [
      ...['a.txt', 'c.txt.gz'].filter((name) => !readFileSync(join(folder, name)).includes(0)),
      ...['d.docx', 'e.png'],
    ].map((name) => join(folder, name)),
  );
});

test.skipIf(process.platform === 'win32')('file names need not be UTF-8', async () => {
  const folder = join(root, 'latin1');
  put(folder, 'b.txt', 'b');
  const strange = Buffer.concat([Buffer.from(`${folder}/`), Buffer.from('caf\xe9.txt', 'latin1')]);
  writeFileSync(strange, 'é');
  expect(await texts([folder])).toEqual(['b', 'é']);
  const found = await findSources([folder], input());
  expect(found[1].name).toBe(`"${folder}/caf\\xe9.txt"`);
  // what Node.js makes of the name on a command line
  expect(await texts([join(folder, 'caf\ufffd.txt')])).toEqual(['é']);
});
