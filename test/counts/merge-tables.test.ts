/** Two tables as one. */
import { expect, test } from 'vitest';
import { countText } from '#charnn/counts/count-text.js';
import { mergeTables } from '#charnn/counts/merge-tables.js';
import { NgramReader } from '#charnn/counts/ngram-reader.js';
import { entriesOf, type NgramTable } from '#charnn/counts/ngram-table.js';
import { Random } from '#charnn/model/random.js';
import { newIds } from '#charnn/text/ids.js';

function textOf(length: number, vocabulary: number, seed: number) {
  const random = new Random(seed);
  const ids = newIds(vocabulary, length);
  for (let i = 0; i < length; i++) {
    const again = i > 50 && random.uniform() < 0.6;
    ids[i] = again
      ? (ids[i - 1 - Math.floor(random.uniform() * 3)] + 1) % vocabulary
      : Math.floor(random.uniform() ** 2 * vocabulary);
  }
  return ids;
}

function plain({ levels, discounts }: NgramTable) {
  const lists = levels.map((level) =>
    Object.values(level).map((list) => (typeof list === 'number' ? list : Array.from(list))),
  );
  return { lists, discounts: Array.from(discounts) };
}

test.each([6, 300])(
  'a text in two parts is the text counted whole (%d characters)',
  (vocabulary) => {
    const text = textOf(3000, vocabulary, 3);
    const whole = countText(text, vocabulary, { context: 5 });
    for (const edge of [1, 700, 2900]) {
      const first = countText(text.subarray(0, edge), vocabulary, { context: 5 });
      const second = countText(text.subarray(Math.max(0, edge - 5)), vocabulary, {
        context: 5,
        first: Math.min(5, edge),
      });
      const merged = mergeTables([{ table: first }, { table: second }], vocabulary);
      expect(plain(merged)).toEqual(plain(whole));
    }
  },
);

test('characters are renumbered, and n-grams of those that are no more are left out', () => {
  const text = textOf(2000, 8, 4);
  const table = countText(text, 8, { context: 3 });
  // 2 and 5 are no more, and there is a new character before the last
  const renumbered = Int32Array.of(0, 1, -1, 2, 3, -1, 4, 6);
  const nothing = countText(newIds(7, 0), 7, { context: 3 });
  const merged = mergeTables([{ table, renumbered }, { table: nothing }], 7);
  const ids = Array.from(text);
  const kept = new Map<string, number>();
  for (let i = 3; i < ids.length; i++) {
    const ngram = ids.slice(i - 3, i + 1).map((id) => renumbered[id]);
    if (!ngram.includes(-1)) kept.set(ngram.join(), (kept.get(ngram.join()) ?? 0) + 1);
  }
  expect(merged.levels[3].entryCounts.length).toBe(kept.size);
  const [most, count] = [...kept].sort((a, b) => b[1] - a[1])[0];
  expect(Array.from(merged.levels[3].entryCounts)).toContain(count);
  const reader = new NgramReader(merged);
  const into = new Float64Array(7);
  reader.predict(most.split(',').map(Number), 3, into);
  expect(reader.matched).toBe(3);
  expect(into.reduce((sum, p) => sum + Math.exp(p), 0)).toBeCloseTo(1, 9);
});

test('tables from which something was left out stay within the limit', () => {
  const [one, two] = [1, 2].map((seed) =>
    countText(textOf(5000, 30, seed), 30, { context: 4, limit: 2000 }),
  );
  const merged = mergeTables([{ table: one }, { table: two }], 30, 2500);
  expect(entriesOf(merged)).toBeLessThanOrEqual(2500);
  expect(entriesOf(merged)).toBeGreaterThan(1000);
  expect(merged.cutoff).toBeGreaterThanOrEqual(one.cutoff);
  const reader = new NgramReader(merged);
  const into = new Float64Array(30);
  for (const history of [[], [3], [1, 2, 3, 4], [29, 29, 29, 29]]) {
    reader.predict(history, history.length, into);
    expect(into.reduce((sum, p) => sum + Math.exp(p), 0)).toBeCloseTo(1, 9);
  }
});
