/** The model of the cost of training in several processes agrees with what is known of simple cases. */
import { expect, test } from 'vitest';
import { parameterTable } from '#charnn/model/parameters.js';
import { exchangeSeconds, stepSeconds, trafficOf, updateShare } from './cost-model.mjs';

const model = { cell: 'lstm', vocabulary: 64, layers: 2, hidden: 64, embedding: 32 } as const;
const bytes = 4 * parameterTable(model).flatSize;
const sum = (list: readonly number[]) => list.reduce((a, b) => a + b, 0);

test.each([2, 4])('%d processes exchange as much as an all-reduce of the gradients', (n) => {
  const allReduce = 2 * bytes * ((n - 1) / n);
  const adamw = sum(trafficOf(model, 'adamw', n));
  expect(adamw / allReduce).toBeGreaterThanOrEqual(1);
  expect(adamw / allReduce).toBeLessThan(1.05);
  // with Muon, gradients also move from the shares to the processes that update whole matrices
  const muon = sum(trafficOf(model, 'muon', n));
  expect(muon).toBeGreaterThan(adamw);
  expect(muon).toBeLessThan(allReduce + bytes);
});

test('processes share the updates, but matrices stay whole', () => {
  expect(updateShare(model, 'adamw', 4)).toBeCloseTo(1 / 4, 3);
  const largest = (64 * 64) / parameterTable(model).flatSize;
  expect(updateShare(model, 'muon', 64)).toBeGreaterThanOrEqual(largest);
});

test('a step takes its computing, latencies, and the time of the slower of network and processor', () => {
  const network = { bandwidth: 1e9, latency: 1e-4, secondsPerByte: 1e-9 };
  const perByte = (8 * 1514) / 1448 / 1e9;
  expect(exchangeSeconds([1e6, 0], network)).toBeCloseTo(2e-4 + 1e6 * perByte, 9);
  const fast = { ...network, bandwidth: 1e12 };
  expect(exchangeSeconds([1e6], fast)).toBeCloseTo(1e-4 + 1e-3, 9);
  const cost = { seconds: 0.05, updating: 0.01 };
  expect(stepSeconds(cost, 0.5, [], network)).toBeCloseTo(0.045, 9);
});
