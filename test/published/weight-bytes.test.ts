/** Weights in the formats of a page. */
import { describe, expect, test } from 'vitest';
import { float16Bits, fromFloat16Bits } from '#charnn/backend/float16.js';
import { roundedToInt8 } from '#charnn/backend/int8.js';
import { openDevice } from '#charnn/backend/open-device.js';
import { evaluate } from '#charnn/evaluate/evaluate.js';
import { namedTensors } from '#charnn/model/model-data.js';
import { modelOf, publishedModel } from '#charnn/published/published-model.js';
import { packWeights, unpackWeights } from '#charnn/published/weight-bytes.js';
import { buildModel } from '../small-model.js';

const model = buildModel({ symbols: 'abcdefgh \n', layers: 2, hidden: 24, embedding: 8, scale: 2 });
const { config, weights } = model;
const matrices = namedTensors(model).filter(({ parameter: { shape } }) => shape.length > 1);
const inMatrices = matrices.reduce((sum, { parameter: { size } }) => sum + size, 0);
const rows = matrices.reduce((sum, { parameter: { shape } }) => sum + shape[0], 0);
const all = namedTensors(model).reduce((sum, { parameter: { size } }) => sum + size, 0);

test('float32 comes back as it is', () => {
  const bytes = packWeights(config, weights, 'f32');
  expect(bytes.length).toBe(4 * all);
  expect(unpackWeights(config, bytes, 'f32')).toEqual(weights);
});

test('16 bits are each weight rounded', () => {
  const bytes = packWeights(config, weights, 'f16');
  expect(bytes.length).toBe(2 * all);
  const rounded = weights.map((weight) => fromFloat16Bits(float16Bits(weight)));
  expect(unpackWeights(config, bytes, 'f16')).toEqual(rounded);
});

test('8 bits are the rows of matrices as int8.ts defines them, and biases stay', () => {
  const bytes = packWeights(config, weights, 'int8');
  expect(bytes.length).toBe(inMatrices + 4 * rows + 4 * (all - inMatrices));
  const back = unpackWeights(config, bytes, 'int8');
  for (const { parameter, values } of namedTensors(model)) {
    const { start, size, shape } = parameter;
    const expected = shape.length > 1 ? Float32Array.from(roundedToInt8(values, shape[1])) : values;
    expect(back.subarray(start, start + size)).toEqual(expected);
  }
});

describe.each([
  ['f16', 0.01],
  ['int8', 0.1],
] as const)('%s', (format, most) => {
  test('changes the loss a little, and not by nothing', async () => {
    const text = 'abcdefgh gfedcba\nhag bad cafe\n'.repeat(20);
    const { ids } = model.vocabulary.encode(text);
    const device = await openDevice('reference');
    const [before, after] = [
      await evaluate(model, device, ids),
      await evaluate(modelOf(publishedModel(model, format, true)), device, ids),
    ];
    device.close();
    const cost = Math.abs(after.bitsPerCharacter - before.bitsPerCharacter);
    expect(cost).toBeGreaterThan(0);
    expect(cost).toBeLessThan(most);
  });
});

test('a weight that 16 bits cannot hold is refused by name', () => {
  const large = { ...model, weights: weights.slice() };
  large.weights[3] = 7e4;
  expect(() => publishedModel(large, 'f16', true)).toThrow(
    /^embedding\.weight has a weight of 70000, but numbers of 16 bits go only up to 65504: use weights f32$/,
  );
});

test('bytes of another model are refused', () => {
  const bytes = packWeights(config, weights, 'f32');
  expect(() => unpackWeights({ ...config, layers: 1 }, bytes, 'f32')).toThrow(/^the weights take/);
});
