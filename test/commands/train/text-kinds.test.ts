/** Texts of all kinds, through the real binary. */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { Folder, small, verses } from '../run.js';

const korean =
  '모든 인간은 태어날 때부터 자유로우며 그 존엄과 권리에 있어 동등하다. 인간은 천부적으로 이성과 양심을 부여받았으며 서로 형제애의 정신으로 행동하여야 한다. '.repeat(
    10,
  );

describe('what a text may be', () => {
  test('Korean: syllables in NFC, a smaller vocabulary of jamo in NFD', async () => {
    const folder = new Folder();
    expect((await folder.train(korean, '--normalize', 'nfc')).status).toBe(0);
    const composed = folder.json('charnn.json').vocabulary.symbols;
    expect(composed).toContain('인');
    expect((await folder.train(korean, '--normalize', 'nfd', '--force')).status).toBe(0);
    const jamo = folder.json('charnn.json').vocabulary.symbols;
    expect(jamo).not.toContain('인');
    expect(jamo.length).toBeLessThan(composed.length);
    // a prompt in the other form is made uniform first
    const sample = await folder.run(['sample', '--prompt', '인간', '-l', '5', '--seed', '1']);
    expect(sample.status).toBe(0);
    expect(sample.stderr).not.toContain('unknown');
  });

  test('emoji: whole code points, never half a surrogate pair', async () => {
    const folder = new Folder();
    expect((await folder.train('🦊🐻 fox and bear 🦊🐻\n'.repeat(30))).status).toBe(0);
    expect(folder.json('charnn.json').vocabulary.symbols).toContain('🦊');
    const { stdout } = await folder.run(['sample', '--seed', '2', '-l', '200', '--temp', '2']);
    expect(Array.from(stdout)).toHaveLength(200);
    expect(stdout).not.toContain('\ufffd');
  });

  test('a single character over and over', async () => {
    const folder = new Folder();
    expect((await folder.train('a'.repeat(200))).status).toBe(0);
    expect((await folder.run(['sample', '-l', '7', '--seed', '1'])).stdout).toBe('aaaaaaa');
  });

  test('CR LF and bare CR become LF, unless they are to be kept', async () => {
    const folder = new Folder();
    await folder.train('one\r\ntwo\rthree\n'.repeat(20));
    expect(folder.json('charnn.json').vocabulary.symbols).not.toContain('\r');
    await folder.train('one\r\ntwo\rthree\n'.repeat(20), '--keep-cr', '--force');
    expect(folder.json('charnn.json').vocabulary.symbols).toContain('\r');
  });

  test('bytes of any kind with --unit byte, written back as they are', async () => {
    const folder = new Folder();
    const bytes = Uint8Array.from({ length: 600 }, (_, i) => [0, 255, 128, 10][i % 4]);
    expect((await folder.train(bytes, '--unit', 'byte')).status).toBe(0);
    const { stdoutBytes } = await folder.run(['sample', '-l', '50', '--seed', '1']);
    expect(stdoutBytes).toHaveLength(50);
    expect([...new Set(stdoutBytes)].every((b) => [0, 255, 128, 10].includes(b))).toBe(true);
  });

  test('a folder: its text files in sorted order', async () => {
    const folder = new Folder();
    mkdirSync(join(folder.path, 'my poems'));
    folder.write('my poems/b.txt', 'second\n'.repeat(20));
    folder.write('my poems/a.txt', 'first\n'.repeat(20));
    folder.write('my poems/image.png', Uint8Array.of(0x89, 0x50, 0, 1, 2, 3));
    expect((await folder.run(['train', 'my poems', ...small, '-q'])).status).toBe(0);
    expect(folder.json('charnn.json').training.corpus.files).toBe(2);
  });

  test('a folder: not the models that lie in it', async () => {
    const folder = new Folder();
    await folder.train(verses(800), '-q');
    expect((await folder.run(['train', '.', ...small, '--force', '-q'])).status).toBe(0);
    expect(folder.json('charnn.json').training.corpus.files).toBe(1);
  });

  test('standard input, named or not', async () => {
    const folder = new Folder();
    expect((await folder.run(['train', '-', ...small], verses(800))).status).toBe(0);
    const first = folder.read('charnn.json');
    expect((await folder.run(['train', ...small, '--force'], verses(800))).status).toBe(0);
    expect(folder.read('charnn.json').equals(first)).toBe(true);
  });

  test('a text too short for the batch is made to fit, with a warning', async () => {
    const folder = new Folder();
    const { status, stderr } = await folder.train('short text.', '--batch-size', '50');
    expect(status).toBe(0);
    expect(stderr).toMatch(/warning: .*batch size 50 is lowered to 1/);
  });

  test('rare characters fold into the unknown symbol', async () => {
    const folder = new Folder();
    const { stderr } = await folder.train(`ξ${'many of these\n'.repeat(50)}`, '--min-count', '2');
    expect(folder.json('charnn.json').vocabulary.symbols).not.toContain('ξ');
    expect(stderr).toContain('1 rare character');
  });

  test('a validation text of its own, unknown characters counted', async () => {
    const folder = new Folder();
    folder.write('other.txt', `${verses(500)}ξξ`);
    const { status, stderr } = await folder.train(verses(800), '--val-file', 'other.txt');
    expect(status).toBe(0);
    expect(stderr).toMatch(/2 characters of other\.txt are unknown/);
  });
});

describe('what is refused, in one line', () => {
  const complaint = /^charnn: [^\n]+\n$/;

  test.each([
    ['an empty file', '', /empty/],
    ['a text of one character', 'a', /at least 2/],
    ['invalid UTF-8, with the position', Buffer.from('abc\xff', 'latin1'), /byte 3\b/],
    [
      'a program',
      Uint8Array.of(0x7f, 0x45, 0x4c, 0x46, 0xff, 0xfe, 0),
      /is an ELF program, not text/,
    ],
    ['binary data', Uint8Array.of(0x7f, 1, 2, 3, 0xff, 0xfe, 0), /byte 4\b.*binary data/],
  ])('%s', async (_, content, message) => {
    const folder = new Folder();
    const { status, stderr, stdout } = await folder.train(content);
    expect(status).toBe(1);
    expect(stderr).toMatch(complaint);
    expect(stderr).toMatch(message);
    expect(stdout).toBe('');
  });

  test('a missing file', async () => {
    const { status, stderr } = await new Folder().run(['train', 'no such.txt']);
    expect(status).toBe(1);
    expect(stderr).toMatch(complaint);
    expect(stderr).toContain('no such.txt');
  });

  test('a folder without text', async () => {
    const folder = new Folder();
    mkdirSync(join(folder.path, 'empty'));
    const { status, stderr } = await folder.run(['train', 'empty']);
    expect(status).toBe(1);
    expect(stderr).toMatch(complaint);
  });
});
