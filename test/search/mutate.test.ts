/** Mutations give cells that are new, can be trained, and are made from the cell that was given. */
import { expect, test } from 'vitest';
import { gradientErrors } from '#charnn/analyse/check-gradients.js';
import { libraryText } from '#charnn/cells/cell-library.js';
import { defineCell } from '#charnn/cells/definition.js';
import { print } from '#charnn/cells/print.js';
import { Random } from '#charnn/model/random.js';
import { mutate } from '#charnn/search/mutate.js';

/** Cells made one from the other, as a search does */
function line(start: string, seed: number, length: number): string[] {
  const random = new Random(seed);
  const seen = new Set([start]);
  const made = [start];
  while (made.length <= length) {
    const next = mutate(made[made.length - 1], random, (text) => seen.has(text));
    if (next === undefined) break;
    seen.add(next);
    made.push(next);
  }
  return made.slice(1);
}

test('a line of mutations has cells that differ, and each is written as it is read', () => {
  for (const name of ['lstm', 'gru', 'sru'] as const) {
    const made = line(libraryText(name), 3, 30);
    expect(made).toHaveLength(30);
    expect(new Set(made).size).toBe(30);
    for (const text of made) expect(print(defineCell(text))).toBe(text);
  }
});

test('the output of each depends on the input and on a state; equations without use are left out', () => {
  for (const text of line(libraryText('lstm'), 11, 40)) {
    const definition = defineCell(text);
    expect(definition.matrices.some(({ ofInput }) => ofInput)).toBe(true);
    for (const { name } of definition.equations) {
      if (!name.endsWith("'"))
        expect(text.match(new RegExp(`\\b${name}\\b`, 'g'))?.length).toBeGreaterThan(1);
    }
  }
});

test('the same seed makes the same cells, another seed others', () => {
  const start = libraryText('gru');
  expect(line(start, 5, 8)).toEqual(line(start, 5, 8));
  expect(line(start, 6, 8)).not.toEqual(line(start, 5, 8));
});

test('their gradients agree with differences', async () => {
  for (const text of line(libraryText('gru'), 21, 6)) {
    const size = { layers: 2, hidden: 4, embedding: 3, vocabulary: 5 };
    const errors = await gradientErrors({ cell: 'mutated', equations: text, ...size });
    for (const { tensor, error } of errors)
      expect(error, `${tensor} of\n${text}`).toBeLessThan(1e-5);
  }
});
