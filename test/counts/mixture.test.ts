/** Network and counts together: a distribution, whatever came before. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { countText } from '#charnn/counts/count-text.js';
import { exponentialBelow } from '#charnn/counts/exponential.js';
import { mergeTables } from '#charnn/counts/merge-tables.js';
import { classCount, Mixture } from '#charnn/counts/mixture.js';
import { Random } from '#charnn/model/random.js';
import { newIds } from '#charnn/text/ids.js';

function textOf(length: number, vocabulary: number, seed: number) {
  const random = new Random(seed);
  const ids = newIds(vocabulary, length);
  for (let i = 0; i < length; i++) {
    // the last character, which stands for all that are unknown, never occurs
    ids[i] = Math.floor(random.uniform() ** 3 * (vocabulary - 1));
  }
  return ids;
}

test.each([3, 60, 300, 3000])(
  'its probabilities sum to 1 after any history, unseen characters included (%d characters)',
  (vocabulary) => {
    const context = 5;
    const whole = countText(textOf(4000, vocabulary, 1), vocabulary, { context });
    const more = countText(textOf(1000, vocabulary, 2), vocabulary, { context });
    const pruned = countText(textOf(4000, vocabulary, 3), vocabulary, {
      context,
      limit: vocabulary + 700,
    });
    const merged = mergeTables([{ table: whole }, { table: more }], vocabulary);
    const scene = fc.record({
      table: fc.constantFrom(whole, merged, pruned),
      history: fc.array(fc.nat(vocabulary - 1), { maxLength: 9 }),
      seed: fc.nat(),
      share: fc.double({ min: 0.05, max: 1, noNaN: true }),
      scale: fc.double({ min: 0, max: 30, noNaN: true }),
    });
    fc.assert(
      fc.property(scene, ({ table, history, seed, share, scale }) => {
        const random = new Random(seed);
        const weights = Float64Array.from({ length: 2 * classCount(context) }, () =>
          random.uniform(),
        );
        const mixture = new Mixture({ table, weights }, share);
        const logits = Float32Array.from({ length: vocabulary }, () => scale * random.uniform());
        const end = history.length;
        let sum = 0;
        const probabilities = Array.from({ length: vocabulary }, (_, id) => {
          const p = Math.exp(-mixture.loss(logits, 0, history, end, id));
          sum += p;
          return p;
        });
        expect(Math.abs(sum - 1)).toBeLessThan(1e-6);
        // what is written is drawn from the same distribution
        mixture.mix(logits, 0, history, end);
        const max = Math.max(...logits);
        const total = logits.reduce((all, x) => all + Math.exp(x - max), 0);
        for (const [id, logit] of logits.entries()) {
          const p = Math.exp(logit - max) / total;
          expect(Math.abs(p - probabilities[id])).toBeLessThan(1e-5 * p + 1e-12);
        }
      }),
      { seed: 1, numRuns: vocabulary > 1000 ? 8 : 60 },
    );
  },
);

test('the exponential is right to nine digits, and 0 far out', () => {
  for (let x = 0; x > -43; x -= 0.00317) {
    expect(Math.abs(exponentialBelow(x) / Math.exp(x) - 1)).toBeLessThan(1e-9);
  }
  expect(exponentialBelow(0)).toBe(1);
  expect([exponentialBelow(-1e3), exponentialBelow(Number.NEGATIVE_INFINITY)]).toEqual([0, 0]);
  expect(exponentialBelow(Number.NaN)).toBe(0);
});
