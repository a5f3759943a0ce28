/** The n-gram model that learns while it reads, against its formula and beside the one that counts a text at once. */
import { expect, test } from 'vitest';
import { countText } from '#charnn/counts/count-text.js';
import { GrowingNgrams } from '#charnn/counts/growing-ngrams.js';
import { NgramReader } from '#charnn/counts/ngram-reader.js';
import { Random } from '#charnn/model/random.js';

const ids = (list: number[]) => Uint8Array.from(list);

function learned(text: Uint8Array, vocabulary: number, options: GrowingOptions) {
  const model = new GrowingNgrams(vocabulary, options);
  for (let at = 0; at < text.length; at++) model.learn(text, at);
  return model;
}

/** What a character costs after some others, of which the first has never been seen */
function cost(model: GrowingNgrams, vocabulary: number, history: number[], next: number) {
  const into = new Float64Array(vocabulary);
  model.predict(ids([9, ...history]), history.length + 1, into);
  return -Math.log(into[next]);
}

type GrowingOptions = ConstructorParameters<typeof GrowingNgrams>[1];

function skewed(length: number, vocabulary: number, seed: number) {
  const random = new Random(seed);
  return ids(Array.from({ length }, () => Math.floor(random.uniform() ** 2 * vocabulary)));
}

test('with one discount and no context it is the discounted frequency, over a uniform guess', () => {
  const options = { context: 0, discounting: 'one' } as const;
  const model = learned(ids([0, 0, 0, 1, 1, 2]), 4, options);
  // n = 6, t = 3; one count is 1, one is 2: d = 1 / (1 + 2)
  const p = (count: number) => (Math.max(0, count - 1 / 3) + (1 / 3) * 3 * 0.25) / 6;
  expect(cost(model, 4, [], 1)).toBeCloseTo(-Math.log(p(2)), 12);
  expect(cost(model, 4, [], 3)).toBeCloseTo(-Math.log(p(0)), 12);
});

test('a character counts below the longest context once for each context it is new in', () => {
  const options = { context: 1, discounting: 'one' } as const;
  // 1 follows 0 three times: one continuation; 2 follows 0 and 1: two continuations; 0 follows 1 and 2
  const model = learned(ids([0, 1, 0, 1, 0, 1, 2, 0, 2]), 3, options);
  // without a context: continuations of 0: after nothing, after 1, after 2; of 1: after 0; of 2: after 1, 0
  // an unseen context, 9, leaves only these: n = 6, t = 3, one count is 1, one is 2
  const p = (count: number) => (count - 1 / 3 + (1 / 3) * 3 * (1 / 3)) / 6;
  expect([0, 1, 2].map((next) => Math.exp(-cost(model, 3, [], next)))).toEqual(
    [3, 1, 2].map((count) => expect.closeTo(p(count), 12)),
  );
});

test.each([0, 1, 3, 6])(
  'what it has learned predicts as what is counted at once, with contexts of %d',
  (context) => {
    const text = skewed(900, 6, 5);
    const model = learned(text, 7, { context });
    const reader = new NgramReader(countText(text, 7, { context }));
    const [grown, counted] = [new Float64Array(7), new Float64Array(7)];
    for (let at = 0; at < text.length; at += 7) {
      model.predict(text, at, grown);
      reader.predict(text, at, counted);
      expect(Array.from(grown, Math.log)).toEqual(
        Array.from(counted, (log) => expect.closeTo(log, 9)),
      );
      expect([model.matched, model.seen]).toEqual([reader.matched, reader.seen]);
    }
  },
);

test.each(['one', 'three'] as const)(
  'the probabilities sum to 1 and are those of what is learned at once, with %s discounts',
  (discounting) => {
    const text = skewed(400, 5, 4);
    const options = { context: 3, discounting };
    const [model, whole] = [new GrowingNgrams(6, options), new GrowingNgrams(6, options)];
    const into = new Float64Array(6);
    const lengths = new Set<number>();
    let nats = 0;
    for (let at = 0; at < text.length; at++) {
      model.predict(text, at, into);
      lengths.add(model.matched);
      expect(into.reduce((a, b) => a + b)).toBeCloseTo(1, 10);
      if (at > 0) nats -= Math.log(into[text[at]]);
      model.learn(text, at);
    }
    expect(nats).toBeCloseTo(whole.costWhileLearning(text), 8);
    expect(lengths).toEqual(new Set([-1, 0, 1, 2, 3]));
  },
);

test('with a limit nothing new is counted when it is reached; what is known goes on being counted', () => {
  const text = ids([0, 1, 0, 1]);
  // 0 and 1, each alone and after the other: four counts
  const limited = learned(text, 3, { context: 1, maxCounts: 4 });
  const free = learned(text, 3, { context: 1 });
  const of = (model: GrowingNgrams, next: number) => cost(model, 3, [], next);
  const [zero, two] = [of(limited, 0), of(limited, 2)];
  expect([zero, two]).toEqual([of(free, 0), of(free, 2)]);
  const more = ids([0, 0, 0, 2, 2, 2]);
  for (const model of [limited, free]) for (let at = 0; at < 6; at++) model.learn(more, at);
  expect(of(limited, 0)).toBeLessThan(zero);
  expect(of(limited, 2)).toBeGreaterThan(two);
  expect(of(free, 2)).toBeLessThan(two);
  const into = new Float64Array(3);
  for (const context of [0, 1, 2]) {
    limited.predict(ids([context, 0]), 1, into);
    expect(into.reduce((a, b) => a + b)).toBeCloseTo(1, 12);
  }
});
