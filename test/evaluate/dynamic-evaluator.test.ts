/** Dynamic evaluation: what it reads before it learns, and that what it learns helps. */
import { describe, expect, test } from 'vitest';
import { DynamicEvaluator, dynamicDefaults } from '#charnn/evaluate/dynamic-evaluator.js';
import { evaluate } from '#charnn/evaluate/evaluate.js';
import { availableDevices, referenceBackend } from '../backends.js';
import { buildModel } from '../small-model.js';

const model = buildModel({ symbols: 'abcdefgh', layers: 2, hidden: 12 });
const text = model.vocabulary.encode('abcdabcdaabbccdd'.repeat(60)).ids;

describe.each(availableDevices)('%s', (_, open) => {
  test('without updates it is static evaluation', async () => {
    const still = { ...dynamicDefaults, learningRate: 0, recall: 0 };
    const losses = await new DynamicEvaluator(open().operations, model, still).read(text);
    const expected = await evaluate(model, open(), text);
    const mean = losses.reduce((a, b) => a + b, 0) / losses.length;
    expect(losses).toHaveLength(expected.characters);
    expect(mean).toBeCloseTo(expected.nats, 5);
  });

  test('a text that repeats itself costs less and less, and less than statically', async () => {
    const reader = new DynamicEvaluator(open().operations, model, {
      ...{ ...dynamicDefaults, learningRate: 3e-3 },
    });
    const losses = await reader.read(text);
    const mean = (part: Float32Array) => part.reduce((a, b) => a + b, 0) / part.length;
    expect(mean(losses.subarray(-200))).toBeLessThan(mean(losses.subarray(0, 200)) - 0.5);
    const adapted = await evaluate(model, open(), text, { dynamic: true });
    expect(adapted.nats).toBeLessThan((await evaluate(model, open(), text)).nats);
  });
});

test('every chunk is predicted before it is learned from: what follows does not matter to it', async () => {
  const reader = () => new DynamicEvaluator(referenceBackend(), model);
  const changed = text.slice();
  changed.fill(7, 500);
  const [first, second] = [await reader().read(text), await reader().read(changed)];
  expect(first.subarray(0, 499)).toEqual(second.subarray(0, 499));
});

test('full recall brings the trained weights back after every update', async () => {
  const make = (rate: number, recall: number) =>
    new DynamicEvaluator(referenceBackend('float64'), model, {
      ...{ learningRate: rate, recall, seqLength: 20 },
    }).read(text);
  const still = await make(0, 0);
  (await make(3e-3, 1)).forEach((loss, i) => {
    expect(loss).toBeCloseTo(still[i], 6);
  });
});
