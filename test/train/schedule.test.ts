/** Learning rates at the steps where a schedule changes its course. */
import { describe, expect, test } from 'vitest';
import type { ScheduleConfig } from '#charnn/train/train-config.js';
import { decayStart, learningRate, Plateau } from '#charnn/train/update/schedule.js';

const base: ScheduleConfig = {
  ...{ schedule: 'constant', learningRate: 0.01, warmup: 4, decayShare: 0.4, finalRate: 0.1 },
  ...{ decay: 0.5, decayEvery: 2, patience: 1 },
};

function rate(change: Partial<ScheduleConfig>, step: number, more: object = {}): number {
  const at = { step, totalSteps: 100, epoch: 0, ...more };
  return learningRate({ ...base, ...change }, at, 1);
}

test.each(['constant', 'wsd', 'cosine', 'step', 'plateau'] as const)(
  '%s warms up linearly: the first step is not 0, the first one after warm-up is whole',
  (schedule) => {
    const rates = [0, 1, 2, 3, 4, 5].map((step) => rate({ schedule }, step) / base.learningRate);
    [0.2, 0.4, 0.6, 0.8, 1, 1].forEach((expected, i) => {
      expect(rates[i]).toBeCloseTo(expected, 12);
    });
    expect(rate({ schedule, warmup: 0 }, 0)).toBe(base.learningRate);
  },
);

test('wsd: whole up to where the decay starts, then linear to the final rate', () => {
  const schedule = 'wsd';
  expect(decayStart({ ...base, schedule })).toBeCloseTo(0.6, 12);
  expect(rate({ schedule }, 59)).toBeCloseTo(0.01, 12);
  expect(rate({ schedule }, 60)).toBeCloseTo(0.01, 12);
  // half of the decay: halfway between 1 and 0.1
  expect(rate({ schedule }, 80)).toBeCloseTo(0.0055, 12);
  expect(rate({ schedule }, 100)).toBeCloseTo(0.001, 12);
  expect(rate({ schedule }, 1000)).toBeCloseTo(0.001, 12);
});

test('cosine: whole up to a twentieth, half the way in the middle, final rate at the end', () => {
  const schedule = 'cosine';
  expect(decayStart({ ...base, schedule })).toBe(0.05);
  expect(rate({ schedule }, 5)).toBeCloseTo(0.01, 12);
  expect(rate({ schedule }, 52.5)).toBeCloseTo(0.0055, 12);
  expect(rate({ schedule }, 100)).toBeCloseTo(0.001, 12);
  expect(rate({ schedule }, 150)).toBeCloseTo(0.001, 12);
});

test('step: falls by the factor at every second epoch, not before', () => {
  const at = (epoch: number) => rate({ schedule: 'step' }, 50, { epoch }) / base.learningRate;
  expect([0, 1.99, 2, 3.99, 4].map(at)).toEqual([1, 1, 0.5, 0.5, 0.25]);
});

test('constant and plateau do not fall by the step; plateau takes its factor', () => {
  expect(rate({}, 99)).toBe(0.01);
  expect(decayStart(base)).toBe(1);
  const at = { step: 99, totalSteps: 100, epoch: 3 };
  expect(learningRate({ ...base, schedule: 'plateau' }, at, 0.25)).toBeCloseTo(0.0025, 12);
});

test.each(['wsd', 'cosine'] as const)(
  '%s: before the decay starts the rate does not depend on the number of steps',
  (schedule) => {
    for (const step of [0, 3, 4, 5]) {
      expect(rate({ schedule }, step, { totalSteps: undefined })).toBe(rate({ schedule }, step));
    }
  },
);

describe('plateau', () => {
  test('falls after more validations without progress than its patience, and waits anew', () => {
    const plateau = new Plateau({ ...base, schedule: 'plateau' });
    const factors = [true, false, false, false, true, false, false].map((improved) => {
      plateau.observe(improved);
      return plateau.factor;
    });
    expect(factors).toEqual([1, 1, 0.5, 0.5, 0.5, 0.5, 0.25]);
    expect(plateau.waited).toBe(0);
  });

  test('goes on from a factor and a count that were saved', () => {
    const plateau = new Plateau({ ...base, schedule: 'plateau' }, 0.5, 1);
    plateau.observe(false);
    expect(plateau.factor).toBe(0.25);
  });

  test('does nothing for other schedules', () => {
    const plateau = new Plateau(base);
    for (let i = 0; i < 9; i++) plateau.observe(false);
    expect([plateau.factor, plateau.waited]).toEqual([1, 0]);
  });
});
