/** What is picked for pairs: the weight decay that keeps few of them from being memorised, and the learning rate. */
import { expect, test } from 'vitest';
import { pairPreset } from '#charnn/train/length/pair-preset.js';
import type { TrainLength } from '#charnn/train/train-config.js';

const picked = (pairs: number, length?: TrainLength, speed?: number) =>
  pairPreset({ pairs, layerSteps: pairs * 20, length, speed });
const epochs = (count: number): TrainLength => ({ kind: 'epochs', epochs: count });

test('the more often few pairs are read, the stronger is the decay, up to a limit', () => {
  const decays = [1, 15, 100, 200, 10_000].map((n) => picked(800, epochs(n)).weightDecay);
  expect(decays).toEqual([0.003, 0.045, 0.3, 0.6, 0.6]);
});

test('without a length, the fewer pairs there are, the more often they are read', () => {
  const lengths = [800, 4_000, 20_000, 200_000].map((pairs) => picked(pairs));
  expect(lengths.map((one) => one.epochs)).toEqual([200, 100, 20, 15]);
  expect(lengths.map(({ weightDecay }) => weightDecay)).toEqual([0.6, 0.3, undefined, undefined]);
});

test('a time that is longer than the pairs are worth becomes a number of passes', () => {
  const { length, weightDecay } = picked(800, { kind: 'seconds', seconds: 36_000 }, 100_000);
  expect(length).toEqual(epochs(200));
  expect(weightDecay).toBe(0.6);
  expect(picked(800, { kind: 'seconds', seconds: 1 }, 100_000).length.kind).toBe('seconds');
});

test('many pairs are learned at a lower rate', () => {
  expect([800, 4_999, 5_000, 200_000].map((pairs) => picked(pairs).rateFactor)).toEqual([
    1, 1, 0.25, 0.25,
  ]);
});
