/** The counts and their predictions, beside an implementation in another language and beside each other. */
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { countText, usualContext } from '#charnn/counts/count-text.js';
import { maxContextFor } from '#charnn/counts/ngram-layout.js';
import { NgramReader } from '#charnn/counts/ngram-reader.js';
import { entriesOf, type NgramTable } from '#charnn/counts/ngram-table.js';
import { Random } from '#charnn/model/random.js';
import { newIds } from '#charnn/text/ids.js';

interface Case {
  readonly name: string;
  readonly order: number;
  readonly vocabulary: number;
  readonly text: readonly number[];
  readonly discounts: readonly (readonly number[])[];
  readonly nats: number;
  readonly rows: readonly { readonly history: number[]; readonly probabilities: number[] }[];
}

const cases = JSON.parse(
  readFileSync(new URL('../fixtures/kneser-ney.json', import.meta.url), 'utf8'),
) as Case[];

function idsOf(text: readonly number[], vocabulary: number) {
  const ids = newIds(vocabulary, text.length);
  ids.set(text);
  return ids;
}

function skewedText(length: number, vocabulary: number, seed: number) {
  const random = new Random(seed);
  const draw = () => Math.floor(random.uniform() ** 3 * vocabulary);
  const text: number[] = [];
  // what has been drawn comes back, so that there are long n-grams
  while (text.length < length) {
    if (text.length < 40 || random.uniform() < 0.7) text.push(draw());
    else {
      const from = Math.floor(random.uniform() * (text.length - 30));
      text.push(...text.slice(from, from + 1 + Math.floor(random.uniform() * 20)));
    }
  }
  return idsOf(text.slice(0, length), vocabulary);
}

test.each(cases)('$name, order $order: as the reference has it', (given) => {
  const { order, vocabulary, text, discounts, rows, nats } = given;
  const ids = idsOf(text, vocabulary);
  const table = countText(ids, vocabulary, { context: order - 1 });
  discounts.flat().forEach((discount, i) => {
    expect(table.discounts[i]).toBeCloseTo(discount, 12);
  });
  const reader = new NgramReader(table);
  const into = new Float64Array(vocabulary);
  for (const { history, probabilities } of rows) {
    reader.predict(history, history.length, into);
    probabilities.forEach((p, id) => {
      expect(Math.exp(into[id])).toBeCloseTo(p, 9);
      expect(reader.cost(history, history.length, id)).toBeCloseTo(into[id], 10);
    });
  }
  let cost = 0;
  for (let at = 0; at < ids.length; at++) cost -= reader.cost(ids, at, ids[at]);
  expect(cost / nats).toBeCloseTo(1, 9);
});

test.each([2, 3, 30, 128, 255, 256, 300, 10_000, 70_000, 1_114_113])(
  'after any history the probabilities sum to 1, with %d characters',
  (vocabulary) => {
    const random = new Random(vocabulary);
    const text = skewedText(3000, vocabulary, vocabulary);
    const context = Math.min(6, maxContextFor(vocabulary));
    const into = new Float64Array(vocabulary);
    for (const limit of [1_000_000_000, vocabulary + 500]) {
      const table = countText(text, vocabulary, { context, limit });
      const reader = new NgramReader(table);
      // a distribution over all of Unicode takes its time
      const trials = vocabulary > 100_000 ? 3 : 12;
      for (let trial = 0; trial < trials; trial++) {
        const at = Math.floor(random.uniform() * text.length);
        const history = Array.from(text.subarray(Math.max(0, at - 8), at));
        if (trial % 3 === 0) history.push(Math.floor(random.uniform() * vocabulary));
        if (trial === 1) history.length = 0;
        reader.predict(history, history.length, into);
        expect(into.every((p) => p > Number.NEGATIVE_INFINITY)).toBe(true);
        expect(into.reduce((sum, log) => sum + Math.exp(log), 0)).toBeCloseTo(1, 6);
      }
    }
  },
);

function plain(table: NgramTable) {
  return table.levels.map((level) =>
    Object.values(level).map((list) => (typeof list === 'number' ? list : Array.from(list))),
  );
}

test.each([7, 300])(
  'how many positions are sorted at a time changes nothing (%d characters)',
  (vocabulary) => {
    const text = skewedText(4000, vocabulary, 5);
    const context = Math.min(6, maxContextFor(vocabulary));
    const whole = countText(text, vocabulary, { context });
    for (const batch of [1, 37, 1000]) {
      expect(plain(countText(text, vocabulary, { context, batch }))).toEqual(plain(whole));
    }
  },
);

test('with a limit, what occurs least is left out, and all that occurs more often stays', () => {
  const text = skewedText(6000, 20, 9);
  const whole = countText(text, 20, { context: 5 });
  const limit = Math.floor(entriesOf(whole) / 3);
  const pruned = countText(text, 20, { context: 5, limit });
  expect(pruned.cutoff).toBeGreaterThan(0);
  expect(entriesOf(pruned)).toBeLessThanOrEqual(limit);
  expect(pruned.discounts).toEqual(whole.discounts);
  // the longest n-grams have the counts of the text
  const often = (table: NgramTable, above: number) =>
    Array.from(table.levels[5].entryCounts)
      .filter((count) => count > above)
      .sort();
  expect(often(pruned, 0)).toEqual(often(whole, pruned.cutoff));
  // it predicts nearly as well
  const cost = (table: NgramTable) => {
    const reader = new NgramReader(table);
    let sum = 0;
    for (let at = 3000; at < 4000; at++) sum -= reader.cost(text, at, text[at]);
    return sum;
  };
  expect(cost(pruned)).toBeGreaterThan(cost(whole));
  expect(cost(pruned)).toBeLessThan(1000 * Math.log(20));
});

test('contexts are as long as the text is worth and a number of 64 bits holds', () => {
  expect(usualContext(10_000, 65)).toBeLessThan(usualContext(1_000_000, 65));
  for (const vocabulary of [2, 65, 257, 2000, 10_000, 1_114_113]) {
    expect(usualContext(1e9, vocabulary)).toBeLessThanOrEqual(maxContextFor(vocabulary));
    expect(maxContextFor(vocabulary)).toBeGreaterThanOrEqual(3);
  }
  expect(maxContextFor(257)).toBe(7);
  expect(() => countText(newIds(257, 9), 257, { context: 8 })).toThrow('too long');
});
