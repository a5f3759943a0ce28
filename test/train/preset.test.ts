/** What is picked for a text and a time: that it is sensible at the edges and between them. */
import { describe, expect, test } from 'vitest';
import {
  type PresetInputs,
  preset,
  type SizeName,
  sizeNames,
  sizes,
} from '#charnn/train/length/preset.js';

const book: PresetInputs = {
  characters: 1_000_000,
  size: undefined,
  length: undefined,
  charactersPerStep: () => 2048,
  speed: undefined,
};
const timed = (seconds: number, characters = 1_000_000) =>
  preset({ ...book, characters, length: { kind: 'seconds', seconds }, speed: 40_000 });

test('more time never makes a smaller model, nor does more text', () => {
  const rank = (name: SizeName) => sizeNames.indexOf(name);
  const times = [1, 10, 60, 600, 3600, 36_000, 360_000];
  const texts = [100, 20_000, 500_000, 5_000_000, 1e9];
  for (const characters of texts) {
    const ranks = times.map((seconds) => rank(timed(seconds, characters).name));
    expect(ranks).toEqual(ranks.toSorted((a, b) => a - b));
  }
  for (const seconds of times) {
    const ranks = texts.map((characters) => rank(timed(seconds, characters).name));
    expect(ranks).toEqual(ranks.toSorted((a, b) => a - b));
  }
});

test('a minute with a book is for size small, ten are for medium', () => {
  expect(timed(60).name).toBe('small');
  expect(timed(600).name).toBe('medium');
});

test('the larger size learns by heart sooner, so an hour is more than a book is worth', () => {
  const { length, epochs } = timed(3600);
  expect(length.kind).toBe('epochs');
  expect(epochs).toBeLessThan(10);
  expect(timed(180).length.kind).toBe('seconds');
  // nor is a length that is not given
  expect(preset({ ...book, size: 'medium' }).epochs).toBeCloseTo(epochs, 1);
});

describe('without a length', () => {
  test('a book is read ten times', () => {
    expect(preset(book).length).toEqual({ kind: 'epochs', epochs: 10 });
  });

  test('a small text more often and a large one less, with dropout to match', () => {
    const small = preset({ ...book, characters: 50_000 });
    const large = preset({ ...book, characters: 1e9 });
    expect(small.epochs).toBeCloseTo(12);
    expect(large.epochs).toBeCloseTo(0.06);
    expect(small.dropout).toBeGreaterThan(preset(book).dropout);
    expect(large.dropout).toBe(0);
  });

  test.each([2, 100, 1e12])('a text of %d characters has a length above 0', (characters) => {
    const { length, epochs } = preset({ ...book, characters });
    expect(length.kind === 'epochs' && length.epochs).toBeGreaterThan(0);
    expect(Number.isFinite(epochs)).toBe(true);
  });
});

test('more time than a text is worth becomes as many epochs as it is worth', () => {
  const { length, epochs } = timed(36_000, 50_000);
  expect(length).toEqual({ kind: 'epochs', epochs: 15 });
  expect(epochs).toBeCloseTo(15);
  expect(timed(180).length).toEqual({ kind: 'seconds', seconds: 180 });
});

test('dropout is a number that reads well', () => {
  for (const size of sizeNames) {
    for (const characters of [50_000, 1_000_000]) {
      for (const epochs of [1, 2, 5, 10, 30, 50]) {
        const { dropout } = preset({
          ...book,
          characters,
          size,
          length: { kind: 'epochs', epochs },
        });
        expect(String(dropout)).toMatch(/^0(\.\d{1,2})?$/);
      }
    }
  }
});

test('what is asked for is what is picked', () => {
  const picked = preset({ ...book, size: 'large', length: { kind: 'steps', steps: 100 } });
  expect(picked.size).toBe(sizes.large);
  expect(picked.length).toEqual({ kind: 'steps', steps: 100 });
  expect(picked.epochs).toBeCloseTo(0.2048);
});
