/** A clock that leaves out sleep; time and the processor's are made ones here. */
import { expect, test } from 'vitest';
import { AwakeClock } from '#charnn/machine/awake-clock.js';

/** A clock and what moves its time: so many seconds pass, in which the process computes so many. */
function madeClock() {
  let [now, processorTime] = [5000, 700];
  const clock = new AwakeClock({ now: () => now, processorTime: () => processorTime });
  return {
    clock,
    pass(seconds: number, computed: number) {
      now += seconds * 1000;
      processorTime += computed * 1000;
    },
  };
}

test('time awake counts, computing or waiting, in small pieces', () => {
  const { clock, pass } = madeClock();
  for (let i = 0; i < 100; i++) {
    pass(0.2, i % 2);
    expect(clock.seconds).toBeCloseTo((i + 1) * 0.2);
  }
  expect(clock.takeSleep()).toBe(0);
});

test('a jump in which nothing is computed is sleep, told once', () => {
  const { clock, pass } = madeClock();
  pass(3, 6);
  expect(clock.seconds).toBeCloseTo(3);
  pass(7200, 2);
  expect(clock.seconds).toBeCloseTo(3);
  pass(2, 4);
  expect(clock.seconds).toBeCloseTo(5);
  expect(clock.takeSleep()).toBeCloseTo(7200);
  expect(clock.takeSleep()).toBe(0);
});

test('a long time in which the process computes is no sleep, though nobody looked', () => {
  const { clock, pass } = madeClock();
  pass(60, 50);
  expect(clock.seconds).toBeCloseTo(60);
  // as on a machine that many share
  pass(60, 15);
  expect(clock.seconds).toBeCloseTo(120);
  expect(clock.takeSleep()).toBe(0);
});

test('sleeps add up until they are taken', () => {
  const { clock, pass } = madeClock();
  pass(100, 0);
  expect(clock.seconds).toBe(0);
  pass(50, 0);
  expect(clock.takeSleep()).toBeCloseTo(150);
});
