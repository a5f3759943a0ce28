/** Pairs in a text: found, divided by their source, and read in batches. */
import { expect, test } from 'vitest';
import { PairBatches } from '#charnn/model/pairs/pair-batches.js';
import {
  findPairs,
  type PairTable,
  pairCount,
  splitPairs,
} from '#charnn/model/pairs/pair-table.js';
import { Vocabulary } from '#charnn/text/vocabulary.js';

const words = Array.from({ length: 300 }, (_, i) => (i * 7919 + 13).toString(3 + (i % 5)));
const text = words.map((word, i) => `${word}\tx${i % 11}\n${word}\ty\n`).join('');
const vocabulary = Vocabulary.of(
  'char',
  Array.from(text, (c) => c.codePointAt(0) as number),
);
const { ids } = vocabulary.encode(text);
const marks = { tab: vocabulary.id(9), newline: vocabulary.id(10) };
const { pairs } = findPairs(ids, marks);

const sourcesOf = ({ starts, lengths }: PairTable) =>
  Array.from(starts, (at, i) => vocabulary.decode(ids.subarray(at, at + lengths[2 * i])));

test('a source has all its targets on one side, and the seed decides on which', () => {
  const { train, validation } = splitPairs(ids, pairs, 0.2, 1);
  expect(pairCount(train) + pairCount(validation)).toBe(600);
  const held = new Set(sourcesOf(validation));
  expect(sourcesOf(train).some((source) => held.has(source))).toBe(false);
  expect(held.size).toBeGreaterThan(30);
  expect(held.size).toBeLessThan(90);
  const other = splitPairs(ids, pairs, 0.2, 2).validation;
  expect(sourcesOf(other)).not.toEqual(sourcesOf(validation));
  expect(sourcesOf(splitPairs(ids, pairs, 0.2, 1).validation)).toEqual(sourcesOf(validation));
});

test('either side has a source where there are two, however small the fraction', () => {
  const two = findPairs(vocabulary.encode('1\tx\n2\ty\n').ids, marks).pairs;
  const { ids: twoIds } = vocabulary.encode('1\tx\n2\ty\n');
  for (const fraction of [0.0001, 0.5, 0.9999]) {
    const { train, validation } = splitPairs(twoIds, two, fraction, 3);
    expect([pairCount(train), pairCount(validation)]).toEqual([1, 1]);
  }
  expect(pairCount(splitPairs(twoIds, two, 0, 3).validation)).toBe(0);
});

/** The lines of a batch, as they stand in the text */
function linesOf(batches: PairBatches, step: number, parts = 1): string[] {
  return Array.from({ length: parts }, (_, part) => {
    const share = (rows: number) => {
      const first = Math.floor((rows * part) / parts);
      return { first, size: Math.floor((rows * (part + 1)) / parts) - first };
    };
    const { B, S, source, places, targets } = batches.read(step, share);
    const lines = Array.from({ length: B }, (_, b) => {
      const characters = Array.from({ length: S }, (_, s) => source[s * B + b]);
      return `${vocabulary.decode(characters)}\t`;
    });
    places.forEach((place, n) => {
      lines[place % B] += vocabulary.decode([targets[n]]);
    });
    return lines;
  }).flat();
}

test('in training, a batch mixes targets of different lengths, but long ones with long ones only', () => {
  const targets = ['no', 'yes', 'x'.repeat(100), 'x'.repeat(120), 'x'.repeat(500)];
  const many = Array.from({ length: 200 }, (_, i) => `s${i + 100}\t${targets[i % 5]}\n`).join('');
  const own = Vocabulary.of(
    'char',
    Array.from(many, (c) => c.codePointAt(0) as number),
  );
  const { ids: ownIds } = own.encode(many);
  const ends = { tab: own.id(9), newline: own.id(10) };
  const { pairs: found } = findPairs(ownIds, ends);
  const lengthsIn = (seed: number | undefined) => {
    const batches = new PairBatches(ownIds, found, ends, 16, seed);
    const { maxBatch, maxTargetRows } = batches.sizes((rows) => rows);
    return Array.from({ length: batches.batchesPerPass }, (_, step) => {
      const { B, T, places } = batches.read(step, (rows) => ({ first: 0, size: rows }));
      expect(B).toBeLessThanOrEqual(maxBatch);
      expect(T * B).toBeLessThanOrEqual(Math.min(maxTargetRows, 16 * 64));
      const lengths = Array.from(
        { length: B },
        (_, b) => places.filter((at) => at % B === b).length,
      );
      return [...new Set(lengths)].sort((a, b) => a - b);
    });
  };
  const mixed = lengthsIn(1);
  expect(mixed.filter(([least]) => least < 100).every((of) => `${of}` === '3,4')).toBe(true);
  expect(mixed.some((of) => `${of}` === '101,121')).toBe(true);
  expect(mixed.filter((of) => of.includes(501)).every((of) => of.length === 1)).toBe(true);
  // without a seed, targets are in the order of their lengths: at most one batch has both of the short ones
  expect(lengthsIn(undefined).filter((of) => `${of}` === '3,4').length).toBeLessThanOrEqual(1);
});

test('a pass has every pair once, in batches of one length that are a function of the step', () => {
  const batches = new PairBatches(ids, pairs, marks, 8, 5);
  const passOf = (number: number) =>
    Array.from({ length: batches.batchesPerPass }, (_, i) =>
      linesOf(batches, number * batches.batchesPerPass + i),
    );
  const [first, second] = [passOf(0), passOf(1)];
  const all = text
    .split('\n')
    .slice(0, -1)
    .map((line) => `${line}\n`);
  for (const pass of [first, second]) {
    expect(pass.flat().sort()).toEqual(all.toSorted());
    for (const lines of pass) {
      expect(lines.length).toBeLessThanOrEqual(8);
      expect(new Set(lines.map((line) => line.indexOf('\t'))).size).toBe(1);
    }
  }
  expect(second).not.toEqual(first);
  const fresh = new PairBatches(ids, pairs, marks, 8, 5);
  expect(linesOf(fresh, batches.batchesPerPass + 3)).toEqual(second[3]);
  expect(linesOf(fresh, 3, 3)).toEqual(first[3]);
});
