import { expect, test } from 'vitest';
import { CharnnError } from '#charnn/errors.js';
import { fitToCorpus, splitCorpus } from '#charnn/text/split.js';
import { Streams } from '#charnn/text/streams.js';

test('validation is the last share of the text, on the same memory', () => {
  const ids = new Uint8Array(new SharedArrayBuffer(100)).map((_, i) => i);
  for (const share of [0.1, 0.29, 0.5, 0.99]) {
    const { train, validation } = splitCorpus(ids, share);
    expect(validation.length).toBe(Math.round(100 * share));
    expect([...train, ...validation]).toEqual([...ids]);
    expect(train.buffer).toBe(ids.buffer);
    expect(validation.buffer).toBe(ids.buffer);
  }
});

test('a share of 0 leaves validation empty', () => {
  const { train, validation } = splitCorpus(new Uint8Array(7), 0);
  expect([train.length, validation.length]).toEqual([7, 0]);
});

test('training is never empty', () => {
  for (let length = 1; length < 10; length++) {
    const { train, validation } = splitCorpus(new Uint16Array(length), 0.999);
    expect(train.length).toBe(1);
    expect(validation.length).toBe(length - 1);
  }
});

test('a batch that the text fills stays as it is, without a warning', () => {
  expect(fitToCorpus(2501, { batchSize: 50, seqLength: 50 })).toEqual({
    batchSize: 50,
    seqLength: 50,
  });
});

test.each([
  [2500, 49, 50],
  [101, 2, 50],
  [100, 1, 50],
  [51, 1, 50],
  [50, 1, 49],
  [2, 1, 1],
])('a text of %i characters gets %i of 50 rows and %i of 50 steps', (length, rows, steps) => {
  const { warning, ...shape } = fitToCorpus(length, { batchSize: 50, seqLength: 50 });
  expect(shape).toEqual({ batchSize: rows, seqLength: steps });
  expect(warning).toContain(`only ${length} characters for 50 rows of 50 steps`);
  expect(warning).toContain(`batch size 50 is lowered to ${rows}`);
  if (steps < 50) expect(warning).toContain(`sequence length 50 is lowered to ${steps}`);
  else expect(warning).not.toContain('sequence length');
});

test('whatever is asked, the streams of the fitted batch are as long as a chunk', () => {
  for (let length = 2; length < 60; length++) {
    for (let batchSize = 1; batchSize < 12; batchSize++) {
      for (let seqLength = 1; seqLength < 12; seqLength++) {
        const fit = fitToCorpus(length, { batchSize, seqLength });
        const streams = new Streams(new Uint8Array(length), fit.batchSize, fit.seqLength);
        expect(streams.length).toBeGreaterThanOrEqual(fit.seqLength);
        const asAsked = fit.batchSize === batchSize && fit.seqLength === seqLength;
        expect(fit.warning === undefined).toBe(asAsked);
        const fits = Math.floor((length - 1) / batchSize) >= seqLength;
        expect(asAsked).toBe(fits || (batchSize === 1 && seqLength < length));
      }
    }
  }
});

test('a text of fewer than two characters is hopeless', () => {
  for (const length of [0, 1]) {
    const fit = (): unknown => fitToCorpus(length, { batchSize: 1, seqLength: 1 });
    expect(fit).toThrow(CharnnError);
    expect(fit).toThrow('at least 2 are needed');
  }
});
