/** A training by the clock is planned from its speed; the clock is a made one here. */
import { expect, test } from 'vitest';
import { StepBudget } from '#charnn/train/length/step-budget.js';
import { plainTraining } from '#charnn/train/train-config.js';

const secondsAStep = 0.01;
const day = 86_400;

/** Trains as the plan has it. */
function train(evalEvery: number | undefined, secondsAValidation: number) {
  let seconds = 0;
  const length = new StepBudget(
    {
      ...plainTraining,
      ...{ batchSize: 10, seqLength: 100, threads: 1, backend: 'reference', evalEvery },
      schedule: 'wsd',
      decayShare: 0.6,
      length: { kind: 'seconds', seconds: 1000 },
    },
    { chunksPerPass: 100, validation: (secondsAValidation / secondsAStep) * 3000 },
    0,
    undefined,
    {
      get seconds() {
        return seconds;
      },
      takeSleep: () => 0,
    },
  );
  let step = 0;
  let validations = 0;
  while (!length.isOver(step) && seconds < day) {
    const count = length.stepsToRun(step);
    step += count;
    seconds += count * secondsAStep;
    length.observe(step);
    if (length.isOver(step) || length.isValidationDue(step)) {
      seconds += secondsAValidation;
      length.validated(secondsAValidation);
      validations++;
    }
  }
  return { seconds, step, validations };
}

test.each([
  ['rare and cheap', 20_000, 0.5],
  ['as usual', undefined, 1],
  ['dear', undefined, 30],
  ['frequent', 200, 1],
  ['most of the time', 200, 10],
])('with validations that are %s the time is kept to 3 %%', (_, evalEvery, secondsAValidation) => {
  const { seconds, step, validations } = train(evalEvery, secondsAValidation);
  expect(seconds).toBeGreaterThan(970);
  expect(seconds).toBeLessThan(1030);
  expect(step * secondsAStep + validations * secondsAValidation).toBeCloseTo(seconds);
});
