import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { symbolsOf } from '#charnn/text/code-points.js';
import { describeSeparator, findSeparator } from '#charnn/text/separator.js';
import { Vocabulary } from '#charnn/text/vocabulary.js';
import { otherTexts, randomFrom, recordTexts } from '../fixtures/records.mjs';

const root = join(import.meta.dirname, '..', '..');

function separatorOf(text: string): string | undefined {
  const vocabulary = Vocabulary.of('char', symbolsOf(text));
  return findSeparator(vocabulary.encode(text).ids, vocabulary);
}

for (const [name, { make, separator }] of Object.entries(recordTexts)) {
  test(`the separator of ${name} is found`, () => {
    for (const seed of [1, 2]) expect(separatorOf(make(seed))).toBe(separator);
  });
}

test('a text that is read from beginning to end has none', () => {
  for (const [name, make] of Object.entries(otherTexts)) {
    for (const seed of [1, 2]) expect([name, separatorOf(make(seed))]).toEqual([name, undefined]);
  }
});

test('nor have a novel, programs in TypeScript and C, and this README', () => {
  for (const file of [
    ...['data/moby-dick.txt', 'README.md', 'src/README.md', 'src/train/run.ts'],
    ...['src/backend/kernels/addon.c', 'src/backend/kernels/gemm.h', 'package-lock.json'],
  ]) {
    expect([file, separatorOf(readFileSync(join(root, file), 'utf8'))]).toEqual([file, undefined]);
  }
});

test('blank lines that always stand around a mark belong to the separator', () => {
  const text = recordTexts.poems.make(1, 100).replaceAll('\n***\n', '\n\n---\n\n');
  expect(separatorOf(text)).toBe('\n\n---\n\n');
});

test('the lines of CR LF are kept as they are, and with bytes too', () => {
  const text = recordTexts.recipes.make(1, 100).replaceAll('\n', '\r\n');
  expect(separatorOf(text)).toBe('\r\n%%\r\n');
  const vocabulary = Vocabulary.of('byte', Buffer.from(recordTexts.recipes.make(1, 100)));
  const { ids } = vocabulary.encode(recordTexts.recipes.make(1, 100));
  expect(findSeparator(ids, vocabulary)).toBe('\n%%\n');
});

test('one blank line separates only what begins alike', () => {
  const recipes = recordTexts.recipes.make(1, 100).replaceAll('%%\n', '\n');
  expect(separatorOf(recipes)).toBe('\n\n');
  expect(separatorOf(recipes.replaceAll('# ', ''))).toBeUndefined();
});

test('two blank lines separate poems whose stanzas are separated by one', () => {
  const poems = recordTexts.poems.make(1, 200).replaceAll('\n***\n', '\n\n\n');
  expect(separatorOf(poems)).toBe('\n\n\n');
});

test('lines of JSON and of one word are records, a wall of letters is none', () => {
  const random = randomFrom(1);
  const letters = (n: number) =>
    Array.from({ length: n }, () => 'acgt'[Math.floor(random() * 4)]).join('');
  const lines = (make: () => string) => Array.from({ length: 300 }, make).join('\n');
  expect(
    separatorOf(lines(() => `{"name":"${letters(5)}","text":"${letters(40)}. ${letters(9)}"}`)),
  ).toBe('\n');
  expect(separatorOf(lines(() => letters(5)))).toBe('\n');
  expect(separatorOf(lines(() => letters(60)))).toBeUndefined();
});

test('what is found is the same however long the text is', () => {
  const { make, separator } = recordTexts.recipes;
  expect(separatorOf(make(1, 12_000))).toBe(separator);
  expect(separatorOf(make(1, 5))).toBeUndefined();
});

test.for([
  ['\n', 'the end of a line'],
  ['\n%%\n', 'the line "%%"'],
  ['\r\n\r\n', 'a blank line'],
  ['\n\n\n', '2 blank lines'],
  ['\n\n---\n\n', 'the line "---"'],
  ['\u009b;', '"\\u009b;"'],
])('a separator is described: %j', ([separator, description]) => {
  expect(describeSeparator(separator)).toBe(description);
});
