/** The weights of a mixture: of a text that is drawn from known weights, these come out. */
import { expect, test } from 'vitest';
import { countText } from '#charnn/counts/count-text.js';
import { fitWeights } from '#charnn/counts/fit-weights.js';
import { classCount, classOf, Mixture, mixtureOf, usualWeights } from '#charnn/counts/mixture.js';
import { NgramReader } from '#charnn/counts/ngram-reader.js';
import { Random } from '#charnn/model/random.js';
import { newIds } from '#charnn/text/ids.js';

const V = 9;

/** n positions of two predictions, and characters drawn from their product of powers */
function drawn(n: number, weightsOf: (i: number) => readonly [number, number]) {
  const random = new Random(11);
  const logits = Float32Array.from({ length: n * V }, () => 4 * random.uniform());
  const counted = Float32Array.from({ length: n * V }, () => -5 * random.uniform());
  const targets = Array.from({ length: n }, (_, i) => {
    const [a, b] = weightsOf(i);
    const weights = Array.from({ length: V }, (_, id) =>
      Math.exp(a * logits[i * V + id] + b * counted[i * V + id]),
    );
    let left = random.uniform() * weights.reduce((x, y) => x + y);
    let id = 0;
    while (id < V - 1 && left >= weights[id]) left -= weights[id++];
    return id;
  });
  const classes = Uint16Array.from({ length: n }, (_, i) => i % 3);
  return { vocabulary: V, logits, counted, classes, targets };
}

test('weights are found again, by class, and a class without positions takes the common ones', () => {
  const truth = [
    [0.9, 0.2],
    [0.4, 0.8],
    [0.6, 0.5],
  ] as const;
  const data = drawn(12_000, (i) => truth[i % 3]);
  const weights = fitWeights(data, 5);
  truth.flat().forEach((weight, i) => {
    expect(weights[i]).toBeCloseTo(weight, 1);
  });
  const common = Array.from(weights.subarray(6, 8));
  expect(Array.from(weights.subarray(8))).toEqual(common);
  expect(common[0]).toBeGreaterThan(0.4);
  expect(common[0]).toBeLessThan(0.9);
});

test('without positions the weights are the usual ones, and a prediction that says nothing is harmless', () => {
  const nothing = drawn(0, () => [1, 1]);
  expect(Array.from(fitWeights(nothing, 2))).toEqual([...usualWeights, ...usualWeights]);
  const flat = { ...drawn(900, () => [1, 0]), counted: new Float32Array(900 * V) };
  expect(fitWeights(flat, 3).every((weight) => Number.isFinite(weight))).toBe(true);
});

test('a mixture is the product of powers; with no share it is the network', () => {
  const ids = newIds(V, 600);
  for (let i = 0; i < ids.length; i++) ids[i] = (i * i) % V;
  const table = countText(ids, V, { context: 3 });
  const weights = new Float64Array(2 * classCount(3)).map((_, i) => 0.3 + (i % 7) / 10);
  const mixture = new Mixture({ table, weights });
  const reader = new NgramReader(table);
  const random = new Random(2);
  const logits = Float32Array.from({ length: 2 * V }, () => random.uniform() * 3);
  const counted = new Float64Array(V);
  for (const history of [[], [8], [0, 1, 4], [5, 5, 5]]) {
    reader.predict(history, history.length, counted);
    const at = 2 * classOf(reader.matched, reader.seen);
    const expected = Array.from(
      counted,
      (p, id) => weights[at] * logits[V + id] + weights[at + 1] * p,
    );
    const mixed = logits.slice();
    mixture.mix(mixed, V, history, history.length);
    expected.forEach((value, id) => {
      expect(mixed[V + id]).toBeCloseTo(value, 5);
    });
    const total = Array.from({ length: V }, (_, id) =>
      Math.exp(-mixture.loss(logits, V, history, history.length, id)),
    ).reduce((a, b) => a + b);
    expect(total).toBeCloseTo(1, 9);
  }
  expect(mixtureOf({ table, weights }, 0)).toBeUndefined();
  const none = new Mixture({ table, weights }, 1e-9);
  const nearly = logits.slice();
  none.mix(nearly, 0, [1, 2], 2);
  for (let id = 0; id < V; id++) expect(nearly[id]).toBeCloseTo(logits[id], 4);
});

test('classes tell apart how long the known context is and how often it was seen', () => {
  const found = new Set<number>();
  for (let matched = 0; matched <= 4; matched++) {
    for (const seen of [1, 2, 3, 4, 5, 9, 40, 1e6]) found.add(classOf(matched, seen));
  }
  expect(found.size).toBe(classCount(4));
  expect(Math.max(...found)).toBe(classCount(4) - 1);
});
