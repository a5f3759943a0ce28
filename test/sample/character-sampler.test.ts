/** What is drawn follows the model's distribution under each filter. */
import { describe, expect, test } from 'vitest';
import { Random } from '#charnn/model/random.js';
import { CharacterSampler, type FilterOptions } from '#charnn/sample/character-sampler.js';
import { chiSquared, chiSquaredLimit } from './chi-squared.js';

const symbols = 20;
const random = new Random(5);
// the last logit is the unknown symbol's: high, and never to be drawn
const logits = Float32Array.from({ length: symbols + 1 }, (_, id) =>
  id < symbols ? 2 * random.normal() : 9,
);

/** softmax(logits / temperature) over the ids that `keep` leaves, ids in falling order of probability */
function distribution(
  temperature: number,
  keep: (p: number, rank: number, before: number, all: readonly number[]) => boolean,
): number[] {
  const weights = Array.from(logits.subarray(0, symbols), (z) => Math.exp(z / temperature));
  const total = weights.reduce((a, b) => a + b, 0);
  const p = weights.map((w) => w / total);
  const order = p.map((_, id) => id).sort((a, b) => p[b] - p[a]);
  let before = 0;
  const kept = new Array<number>(symbols).fill(0);
  order.forEach((id, rank) => {
    if (keep(p[id], rank, before, p)) kept[id] = p[id];
    before += p[id];
  });
  const mass = kept.reduce((a, b) => a + b, 0);
  return kept.map((x) => x / mass);
}

/** The set that locally typical sampling keeps, from its definition. */
function typicalSet(p: readonly number[], mass: number): Set<number> {
  const entropy = p.reduce((sum, x) => sum - x * Math.log(x), 0);
  const distance = (id: number) => Math.abs(-Math.log(p[id]) - entropy);
  const order = p.map((_, id) => id).sort((a, b) => distance(a) - distance(b));
  const kept = new Set<number>();
  for (let sum = 0; sum < mass; ) {
    const id = order[kept.size];
    kept.add(id);
    sum += p[id];
  }
  return kept;
}

const filters: readonly [string, Partial<FilterOptions>, number, number[]][] = [
  ['temperature 1', {}, 1, distribution(1, () => true)],
  ['temperature 0.5', {}, 0.5, distribution(0.5, () => true)],
  ['temperature 2', {}, 2, distribution(2, () => true)],
  ['top-k', { topK: 4 }, 1, distribution(1, (_, rank) => rank < 4)],
  ['top-p', { topP: 0.7 }, 1, distribution(1, (_, __, before) => before < 0.7)],
  ['min-p', { minP: 0.2 }, 1, distribution(1, (p, _, __, all) => p >= 0.2 * Math.max(...all))],
  [
    'typical',
    { typical: 0.6 },
    1,
    distribution(1, (p, _, __, all) => typicalSet(all, 0.6).has(all.indexOf(p))),
  ],
  ['temperature, then top-p', { topP: 0.8 }, 2, distribution(2, (_, __, before) => before < 0.8)],
];

describe('drawn characters follow the distribution (chi-squared, level 0.001)', () => {
  test.each(filters)('%s', (_, options, temperature, expected) => {
    const draws = 20_000;
    const chooser = new CharacterSampler(symbols, { greedy: false, ...options });
    const source = new Random(11);
    const counts = new Array<number>(symbols).fill(0);
    for (let i = 0; i < draws; i++) counts[chooser.sample(logits, 0, temperature, source)]++;
    const { statistic, degrees } = chiSquared(counts, expected);
    expect(statistic).toBeLessThan(chiSquaredLimit(degrees));
  });

  test('constrained: of what is permitted, then top-p', () => {
    const permitted = Uint8Array.from({ length: symbols }, (_, id) => (id % 3 === 0 ? 0 : 1));
    const draws = 20_000;
    for (const topP of [undefined, 0.6]) {
      const chooser = new CharacterSampler(symbols, { greedy: false, topP });
      const whole = filters[0][3].map((p, id) => p * permitted[id]);
      const mass = whole.reduce((a, b) => a + b);
      const order = whole.map((_, id) => id).sort((a, b) => whole[b] - whole[a]);
      let before = 0;
      const kept = new Array<number>(symbols).fill(0);
      for (const id of order) {
        if (before < (topP ?? 1) * mass) kept[id] = whole[id];
        before += whole[id];
      }
      const left = kept.reduce((a, b) => a + b);
      const source = new Random(12);
      const counts = new Array<number>(symbols).fill(0);
      for (let i = 0; i < draws; i++) counts[chooser.sample(logits, 0, 1, source, permitted)]++;
      const { statistic, degrees } = chiSquared(
        counts,
        kept.map((p) => p / left),
      );
      expect(statistic).toBeLessThan(chiSquaredLimit(degrees));
    }
  });

  test('the test itself notices another distribution', () => {
    const expected = filters[1][3];
    const counts = filters[0][3].map((p) => Math.round(20_000 * p));
    const { statistic, degrees } = chiSquared(counts, expected);
    expect(statistic).toBeGreaterThan(chiSquaredLimit(degrees));
  });
});

test('filters act one after the other, each on what is left', () => {
  const chooser = new CharacterSampler(symbols, { greedy: false, topK: 3, topP: 1e-9 });
  const greedy = new CharacterSampler(symbols, { greedy: true });
  const source = new Random(1);
  for (let i = 0; i < 50; i++) {
    expect(chooser.sample(logits, 0, 5, source)).toBe(greedy.sample(logits, 0, 1, source));
  }
});

test('greedy is the argmax, the unknown symbol apart, the lowest id in a tie', () => {
  const chooser = new CharacterSampler(symbols, { greedy: true });
  const known = Array.from(logits.subarray(0, symbols));
  expect(chooser.sample(logits, 0, 1, random)).toBe(known.indexOf(Math.max(...known)));
  expect(chooser.sample(new Float32Array(symbols + 1), 0, 1, random)).toBe(0);
});

test('what is not permitted is not drawn, whatever its probability', () => {
  const permitted = new Uint8Array(symbols);
  permitted[3] = permitted[7] = 1;
  for (const options of [{ greedy: false }, { greedy: true }, { greedy: false, topK: 1 }]) {
    const chooser = new CharacterSampler(symbols, options);
    for (let i = 0; i < 50; i++) {
      expect([3, 7]).toContain(chooser.sample(logits, 0, 1, random, permitted));
    }
  }
});
