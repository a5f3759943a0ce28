/** The n-gram yardstick against its formula, worked out by hand and by brute force. */
import { expect, test } from 'vitest';
import { baseline } from '#charnn/evaluate/baseline.js';
import { NgramModel } from '#charnn/evaluate/ngram.js';
import { Random } from '#charnn/model/random.js';
import { Vocabulary } from '#charnn/text/vocabulary.js';

const ids = (list: number[]) => Uint8Array.from(list);

test('with no context it is the discounted frequency, over a uniform guess', () => {
  const model = new NgramModel(4, 0);
  model.learn(ids([0, 0, 0, 1, 1, 2]));
  // n = 6, t = 3; one count is 1, one is 2: d = 1 / (1 + 2)
  const p = (count: number) => (Math.max(0, count - 1 / 3) + (1 / 3) * 3 * 0.25) / 6;
  expect(model.cost(ids([0, 1]), false)).toBeCloseTo(-Math.log(p(2)), 12);
  expect(model.cost(ids([0, 3]), false)).toBeCloseTo(-Math.log(p(0)), 12);
});

test('its probabilities sum to 1 in every context', () => {
  const random = new Random(3);
  const text = ids(Array.from({ length: 500 }, () => Math.floor(random.uniform() ** 2 * 5)));
  const model = new NgramModel(5, 3);
  model.learn(text);
  for (const context of [[], [0], [1, 2], [4, 4, 4], [2, 0, 1, 3]]) {
    const cost = (next: number) => {
      const before = context.length > 0 ? model.cost(ids([9, ...context]), false) : 0;
      return model.cost(ids([9, ...context, next]), false) - before;
    };
    const total = [0, 1, 2, 3, 4].reduce((sum, next) => sum + Math.exp(-cost(next)), 0);
    expect(total).toBeCloseTo(1, 10);
  }
});

test('the probabilities of all characters at once are those of each, while it learns', () => {
  const random = new Random(4);
  const text = ids(Array.from({ length: 400 }, () => Math.floor(random.uniform() ** 2 * 5)));
  const [model, whole] = [new NgramModel(6, 3), new NgramModel(6, 3)];
  const into = new Float64Array(6);
  const lengths = new Set<number>();
  let nats = 0;
  for (let at = 0; at < text.length; at++) {
    lengths.add(model.predict(text, at, into));
    expect(into.reduce((a, b) => a + b)).toBeCloseTo(1, 10);
    if (at > 0) nats -= Math.log(into[text[at]]);
    model.learnOne(text, at);
  }
  expect(nats).toBeCloseTo(whole.cost(text, true), 8);
  expect(lengths).toEqual(new Set([-1, 0, 1, 2, 3]));
});

test('with a limit nothing new is counted when it is reached; what is known goes on being counted', () => {
  const text = [0, 1, 0, 1];
  const [limited, free] = [new NgramModel(3, 1, 4), new NgramModel(3, 1)];
  for (const model of [limited, free]) model.learn(ids(text));
  // 0 and 1, each alone and after the other: four counts
  const cost = (model: NgramModel, next: number) => model.cost(ids([9, next]), false);
  const [zero, two] = [cost(limited, 0), cost(limited, 2)];
  expect([zero, two]).toEqual([cost(free, 0), cost(free, 2)]);
  for (const model of [limited, free]) model.learn(ids([0, 0, 0, 2, 2, 2]));
  expect(cost(limited, 0)).toBeLessThan(zero);
  expect(cost(limited, 2)).toBeGreaterThan(two);
  expect(cost(free, 2)).toBeLessThan(two);
  const into = new Float64Array(3);
  for (const context of [0, 1, 2]) {
    limited.predict(ids([context, 0]), 1, into);
    expect(into.reduce((a, b) => a + b)).toBeCloseTo(1, 12);
  }
});

test('a character counts below the longest context once for each context it is new in', () => {
  const model = new NgramModel(3, 1);
  // 1 follows 0 three times: one continuation; 2 follows 0 and 1: two continuations; 0 follows 1 and 2
  model.learn(ids([0, 1, 0, 1, 0, 1, 2, 0, 2]));
  // without a context: continuations of 0: after nothing, after 1, after 2; of 1: after 0; of 2: after 1, 0
  // an unseen context, 9, leaves only these: n = 6, t = 3, one count is 1, one is 2
  const p = (count: number) => (count - 1 / 3 + (1 / 3) * 3 * (1 / 3)) / 6;
  expect(model.cost(ids([9, 1]), false)).toBeCloseTo(-Math.log(p(1)), 12);
  expect(model.cost(ids([9, 2]), false)).toBeCloseTo(-Math.log(p(2)), 12);
  expect(model.cost(ids([9, 0]), false)).toBeCloseTo(-Math.log(p(3)), 12);
});

test('a text it has learned from costs little, noise costs what a uniform guess does', async () => {
  const text = 'the quick brown fox jumps over the lazy dog. '.repeat(200);
  const counts = new Map([...text].map((c) => [c.codePointAt(0) as number, 1]));
  const vocabulary = Vocabulary.fromCounts('char', counts, 1);
  const all = vocabulary.encode(text).ids;
  const result = await baseline(vocabulary, all.subarray(0, 450), all);
  expect(result.ngram).toBeLessThan(0.1);
  expect(result.gzip).toBeLessThan(2);
  const random = new Random(5);
  const noise = Uint8Array.from({ length: 20_000 }, () => Math.floor(random.uniform() * 26));
  const uniform = await baseline(vocabulary, noise, undefined);
  expect(uniform.ngram).toBeGreaterThan(Math.log2(26) - 0.01);
  expect(uniform.ngram).toBeLessThan(Math.log2(26) + 0.5);
});
