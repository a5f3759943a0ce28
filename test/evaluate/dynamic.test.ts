/** Dynamic evaluation: what it reads before it learns, and that what it learns helps. */
import { describe, expect, test } from 'vitest';
import { Arena } from '#charnn/backend/arena.js';
import { ReferenceBackend } from '#charnn/backend/reference.js';
import { DynamicReader, dynamicDefaults } from '#charnn/evaluate/dynamic.js';
import { evaluate } from '#charnn/evaluate/evaluate.js';
import { availableBackends } from '../backends.js';
import { buildModel } from '../small-model.js';

const model = buildModel({ symbols: 'abcdefgh', layers: 2, hidden: 12 });
const text = model.vocabulary.encode('abcdabcdaabbccdd'.repeat(60)).ids;

describe.each(availableBackends)('%s', (_, makeBackend) => {
  test('without updates it is static evaluation', () => {
    const still = { ...dynamicDefaults, rate: 0, recall: 0 };
    const losses = new DynamicReader(makeBackend(), model, still).read(text);
    const expected = evaluate(model, makeBackend(), text);
    const mean = losses.reduce((a, b) => a + b, 0) / losses.length;
    expect(losses).toHaveLength(expected.characters);
    expect(mean).toBeCloseTo(expected.nats, 5);
  });

  test('a text that repeats itself costs less and less, and less than statically', () => {
    const reader = new DynamicReader(makeBackend(), model, { ...dynamicDefaults, rate: 3e-3 });
    const losses = reader.read(text);
    const mean = (part: Float32Array) => part.reduce((a, b) => a + b, 0) / part.length;
    expect(mean(losses.subarray(-200))).toBeLessThan(mean(losses.subarray(0, 200)) - 0.5);
    expect(evaluate(model, makeBackend(), text, { dynamic: true }).nats).toBeLessThan(
      evaluate(model, makeBackend(), text).nats,
    );
  });
});

test('every chunk is predicted before it is learned from: what follows does not matter to it', () => {
  const reader = () => new DynamicReader(new ReferenceBackend(new Arena()), model);
  const changed = text.slice();
  changed.fill(7, 500);
  expect(reader().read(text).subarray(0, 499)).toEqual(reader().read(changed).subarray(0, 499));
});

test('full recall brings the trained weights back after every update', () => {
  const make = (rate: number, recall: number) =>
    new DynamicReader(new ReferenceBackend(new Arena(), 'float64'), model, {
      ...{ rate, recall, seqLength: 20 },
    }).read(text);
  const still = make(0, 0);
  make(3e-3, 1).forEach((loss, i) => {
    expect(loss).toBeCloseTo(still[i], 6);
  });
});
