import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { expect, test } from 'vitest';
import { CharnnError } from '#charnn/errors.js';
import { type Corpus, type CorpusOptions, loadCorpus } from '#charnn/text/load-corpus.js';
import type { TextOptions } from '#charnn/text/unit.js';
import { Vocabulary } from '#charnn/text/vocabulary.js';
import { put, temporaryFolder } from '../folder.js';
import { input } from './files.js';

const root = temporaryFolder();
const char: TextOptions = { unit: 'char', keepCr: false };

function load(paths: readonly string[], options: Partial<CorpusOptions> = {}): Promise<Corpus> {
  return loadCorpus(paths, { text: char, minCount: 1, stdin: input(), ...options });
}

function loadText(
  text: string | Uint8Array,
  options: Partial<CorpusOptions> = {},
): Promise<Corpus> {
  return load(['-'], { stdin: input(text), ...options });
}

const textOf = ({ ids, vocabulary }: Corpus): string => vocabulary.decode(ids);

/** Code points from `first` on, without surrogates. */
function characters(first: number, count: number): string {
  let text = '';
  for (let code = first; count > 0; code++) {
    if (code >= 0xd800 && code <= 0xdfff) continue;
    text += String.fromCodePoint(code);
    count--;
  }
  return text;
}

test('a text becomes ids of its characters in ascending order', async () => {
  const corpus = await loadText('ba👍ab');
  expect(corpus.vocabulary.symbols).toEqual([0x61, 0x62, 0x1f44d]);
  expect([...corpus.ids]).toEqual([1, 0, 2, 0, 1]);
  expect(corpus.unknown).toBe(0);
});

test('files are joined in order, and what was read is counted and hashed', async () => {
  const a = put(root, 'join/a.txt', '\ufeffone\r');
  const b = put(root, 'join/b.txt', '\ufeff\ntwo');
  const corpus = await load([a, '-', b], { stdin: input('std', 'in') });
  expect(textOf(corpus)).toBe('one\nstdin\ntwo');
  expect(corpus.files).toBe(3);
  const bytes = Buffer.from('\ufeffone\rstdin\ufeff\ntwo');
  expect(corpus.bytes).toBe(bytes.length);
  expect(corpus.sha256).toBe(createHash('sha256').update(bytes).digest('hex'));
});

test('Korean has a large vocabulary of syllables, and a small one of jamo', async () => {
  const syllables = characters(0xac00, 11172);
  for (const written of ['NFC', 'NFD']) {
    const text = syllables.normalize(written);
    const nfc = await loadText(text, { text: { ...char, normalize: 'nfc' } });
    expect(nfc.vocabulary.size).toBe(11172 + 1);
    expect(textOf(nfc)).toBe(syllables);
    const nfd = await loadText(text, { text: { ...char, normalize: 'nfd' } });
    // 19 initial, 21 medial and 27 final
    expect(nfd.vocabulary.size).toBe(67 + 1);
    expect(nfd.ids).toBeInstanceOf(Uint8Array);
    expect(textOf(nfd)).toBe(syllables.normalize('NFD'));
  }
});

test.each([
  [255, Uint8Array],
  [256, Uint16Array],
  [257, Uint16Array],
  [65535, Uint16Array],
  [65536, Uint32Array],
  [70000, Uint32Array],
])('a text with %i different characters keeps every one, in the narrowest ids', async (n, type) => {
  // the first ones come often, so that much of the text was narrow when the ids had to widen
  const text = 'the quick brown fox '.repeat(5000) + characters(0x20, n) + 'jumps'.repeat(2000);
  const corpus = await loadText(text);
  expect(corpus.vocabulary.symbols.length).toBe(n);
  expect(corpus.ids).toBeInstanceOf(type);
  expect(textOf(corpus) === text).toBe(true);
});

test('rare characters are folded into the unknown symbol, and counted', async () => {
  const corpus = await loadText('aaabbbxyzab', { minCount: 4 });
  expect(corpus.vocabulary.symbols).toEqual([0x61, 0x62]);
  expect([...corpus.ids]).toEqual([0, 0, 0, 1, 1, 1, 2, 2, 2, 0, 1]);
  expect(corpus.unknown).toBe(3);
});

test('folding makes ids narrow again', async () => {
  const common = 'abc'.repeat(50_000);
  const corpus = await loadText(common + characters(0x4e00, 1000) + common, { minCount: 2 });
  expect(corpus.ids).toBeInstanceOf(Uint8Array);
  expect(corpus.unknown).toBe(1000);
  expect(textOf(corpus) === common + '\ufffd'.repeat(1000) + common).toBe(true);
});

test('a minimum that leaves nothing is an error that names the highest count', async () => {
  await expect(loadText('aab', { minCount: 3 })).rejects.toThrow(
    'minCount 3 leaves no character: the most frequent one occurs 2 times',
  );
});

test('a given vocabulary is kept, and what it does not know is counted', async () => {
  const vocabulary = Vocabulary.of('char', [0x61, 0x62, 0xd55c]);
  const corpus = await loadText('ab한글c', { vocabulary, minCount: 5 });
  expect(corpus.vocabulary).toBe(vocabulary);
  expect([...corpus.ids]).toEqual([0, 1, 2, 3, 3]);
  expect(corpus.unknown).toBe(2);
});

test('a given vocabulary of another unit is refused', async () => {
  const vocabulary = Vocabulary.of('byte', [0x61]);
  await expect(loadText('a', { vocabulary })).rejects.toThrow(CharnnError);
});

test('bytes are symbols of their own, whatever they are', async () => {
  const bytes = Uint8Array.from({ length: 256 }, (_, i) => 255 - i);
  const corpus = await loadText(bytes, { text: { unit: 'byte', keepCr: true } });
  expect(corpus.vocabulary.size).toBe(257);
  expect([...corpus.ids]).toEqual([...bytes]);
  expect([...corpus.vocabulary.decodeBytes(corpus.ids)]).toEqual([...bytes]);
  const folded = await loadText(bytes, { text: { unit: 'byte', keepCr: false } });
  expect(folded.vocabulary.size).toBe(256);
});

test('a text longer than every buffer, cut anywhere, comes out whole', async () => {
  const text = 'abc 한글 👍 e\u0301\r\n\u0301 é\r'.repeat(60_000);
  const path = put(root, 'long.txt', text);
  const lines = text.replace(/\r\n?/g, '\n');
  expect(textOf(await load([path])) === lines).toBe(true);
  const nfc = await load([path], { text: { ...char, normalize: 'nfc' } });
  expect(textOf(nfc) === lines.normalize('NFC')).toBe(true);
});

test('ids are on memory that a worker thread reads without a copy', async () => {
  const { ids } = await loadText('abcabc');
  expect(ids.buffer).toBeInstanceOf(SharedArrayBuffer);
  const worker = new Worker(
    `const { parentPort, workerData: ids } = require('node:worker_threads');
     const seen = [...ids];
     ids[0] = 9;
     parentPort.postMessage(seen);`,
    { eval: true, workerData: ids },
  );
  const seen = await new Promise((resolve, reject) => {
    worker.once('message', resolve);
    worker.once('error', reject);
  });
  expect(seen).toEqual([0, 1, 2, 0, 1, 2]);
  expect(ids[0]).toBe(9);
});

test('one character is a text', async () => {
  const corpus = await loadText('x');
  expect([...corpus.ids]).toEqual([0]);
  expect(corpus.vocabulary.size).toBe(2);
});

test('nothing to read is an error that says what is empty', async () => {
  const empty = put(root, 'empty/a.txt', '');
  const mark = put(root, 'empty/b.txt', '\ufeff');
  await expect(load([empty])).rejects.toThrow(CharnnError);
  await expect(load([empty])).rejects.toThrow(`${empty} is empty`);
  await expect(load([mark])).rejects.toThrow(`${mark} is empty`);
  await expect(loadText('')).rejects.toThrow('standard input is empty');
  await expect(load([join(root, 'empty')])).rejects.toThrow('the text of these 2 files is empty');
});

test('what is not UTF-8 is reported with file and byte, far into the file too', async () => {
  const text = Buffer.from('한글 '.repeat(200_000));
  const path = put(root, 'bad name.txt', Buffer.concat([text, Uint8Array.of(0xe9, 0x20)]));
  await expect(load([path])).rejects.toThrow(CharnnError);
  await expect(load([path])).rejects.toThrow(
    `${JSON.stringify(path)} is not valid UTF-8 at byte ${text.length} (0xe9)`,
  );
  const cut = put(root, 'cut.txt', text.subarray(0, text.length - 2));
  await expect(load([cut, path])).rejects.toThrow(`${cut} ends inside a UTF-8 character`);
});

test('progress ends at the number of bytes, its total known for files and not for pipes', async () => {
  const path = put(root, 'progress.txt', 'x'.repeat(3_000_000));
  const calls: [number, number | undefined][] = [];
  const onProgress = (read: number, total: number | undefined): void => {
    calls.push([read, total]);
  };
  await load([path, path], { onProgress });
  expect(calls.length).toBeGreaterThanOrEqual(6);
  expect(calls.at(-1)).toEqual([6_000_000, 6_000_000]);
  expect(calls.map(([read]) => read)).toEqual(calls.map(([read]) => read).sort((a, b) => a - b));
  await loadText('abc', { onProgress });
  expect(calls.at(-1)).toEqual([3, undefined]);
});
