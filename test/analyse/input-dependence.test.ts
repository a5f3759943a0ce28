/** On which characters a prediction depends, against theory. */
import { describe, expect, test } from 'vitest';
import { inputDependence } from '#charnn/analyse/input-dependence.js';
import type { ModelConfig } from '#charnn/model/model-config.js';
import { parameterTable } from '#charnn/model/parameters.js';
import { Random } from '#charnn/model/random.js';
import { availableDevices } from '../backends.js';
import { orthogonal } from './matrices.js';

const [H, V, K] = [16, 5, 20];
const config: ModelConfig = { cell: 'rnn', layers: 1, hidden: H, embedding: 0, vocabulary: V };
const text = Uint8Array.from({ length: 120 }, (_, i) => (i * i) % V);

/** A network without input, whose state stays 0, where tanh is the identity */
function weightsWith(recurrent: readonly number[]) {
  const table = parameterTable(config);
  const random = new Random(3);
  const weights = new Float64Array(table.flatSize);
  const given: Readonly<Record<string, readonly number[]>> = {
    'rnn.weight_hh_l0': recurrent,
    'output.weight': Array.from({ length: V * H }, () => random.normal()),
  };
  for (const { name, start } of table.parameters) weights.set(given[name] ?? [], start);
  return weights;
}

describe.each(availableDevices)('%s', (_, openScope) => {
  test.each([0.7, 1, 1.2])('with recurrent matrix %d Q it follows the power', async (s) => {
    const weights = weightsWith(orthogonal(new Random(11), H).map((x) => s * x));
    const places = { first: 40, count: 20, K };
    const norms = await inputDependence(openScope(), config, weights, text, places);
    for (let i = 0; i < places.count; i++) {
      const own = norms.subarray(i * K, (i + 1) * K);
      own.forEach((norm, lag) => {
        expect(Math.abs(norm / own[0] / s ** lag - 1), `lag ${lag + 1}`).toBeLessThan(1e-3);
      });
    }
  });

  test('without a recurrent matrix it is on the last character alone', async () => {
    const weights = weightsWith(new Array(H * H).fill(0));
    const places = { first: K - 1, count: 3, K };
    const norms = await inputDependence(openScope(), config, weights, text, places);
    for (let i = 0; i < places.count; i++) {
      expect(norms[i * K]).toBeGreaterThan(0.01);
      expect([...norms.subarray(i * K + 1, (i + 1) * K)]).toEqual(new Array(K - 1).fill(0));
    }
  });
});
