/** The parts of compression: each is exact, and worth what it should be. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { EscapeCoder } from '#charnn/compress/escape-coder.js';
import { exponential, Frequencies } from '#charnn/compress/frequencies.js';
import { Mixer } from '#charnn/compress/mixer.js';
import { RangeDecoder, RangeEncoder } from '#charnn/compress/range-coder.js';
import { eachCharacter, isText, layoutOf } from '#charnn/compress/stream-layout.js';
import { bytesOfSymbols, symbolsOfBytes } from '#charnn/compress/symbols.js';
import { logarithm } from '#charnn/counts/logarithm.js';

describe('range coder', () => {
  test('gives back any symbols of any frequencies', () => {
    const step = fc.record({
      frequencies: fc.array(fc.integer({ min: 1, max: 2 ** 30 }), { minLength: 1, maxLength: 6 }),
      choice: fc.nat(),
    });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
        const coded = steps.map(({ frequencies, choice }) => {
          const id = choice % frequencies.length;
          const sums = frequencies.map((_, i) =>
            frequencies.slice(0, i).reduce((a, b) => a + b, 0),
          );
          const total = sums[sums.length - 1] + frequencies[frequencies.length - 1];
          return { before: sums[id], frequency: frequencies[id], total };
        });
        const encoder = new RangeEncoder();
        for (const { before, frequency, total } of coded) encoder.encode(before, frequency, total);
        const decoder = new RangeDecoder(encoder.finish());
        for (const { before, frequency, total } of coded) {
          const target = decoder.target(total);
          expect(target >= before && target < before + frequency).toBe(true);
          decoder.decode(before, frequency, total);
        }
      }),
      { seed: 1, numRuns: 300 },
    );
  });

  test('a carry runs through bytes of ones', () => {
    const encoder = new RangeEncoder();
    const total = 2 ** 32;
    const steps = [];
    // always the last part: low creeps up to the top of the range
    for (let i = 0; i < 3000; i++) steps.push(i % 50 === 49 ? 0 : total - 1);
    for (const before of steps) encoder.encode(before, 1, total);
    const decoder = new RangeDecoder(encoder.finish());
    for (const before of steps) {
      expect(decoder.target(total)).toBe(before);
      decoder.decode(before, 1, total);
    }
  });

  test('bytes that end as early as they can give back the same symbols, and are up to six fewer', () => {
    const saved = new Set<number>();
    for (let length = 0; length < 200; length++) {
      const [long, trimmed] = [new RangeEncoder(), new RangeEncoder(true)];
      const symbols = Array.from({ length }, (_, i) => (i * i + length) % 7);
      for (const symbol of symbols) {
        for (const encoder of [long, trimmed]) encoder.encode(symbol * 3, 3, 21);
      }
      const [whole, bytes] = [long.finish(), trimmed.finish()];
      saved.add(whole.length - bytes.length);
      const decoder = new RangeDecoder(bytes, true);
      for (const symbol of symbols) {
        expect(Math.floor(decoder.target(21) / 3)).toBe(symbol);
        decoder.decode(symbol * 3, 3, 21);
      }
      // of bytes that are not there no more is read than was left out
      const more = () => {
        for (let i = 0; i < 60; i++) decoder.decode(0, 1, 2 ** 20);
      };
      expect(more).toThrow(/ends before its content is complete/);
    }
    expect(Math.min(...saved)).toBeGreaterThanOrEqual(4);
    expect(Math.max(...saved)).toBe(6);
  });

  test('costs what information theory says', () => {
    const encoder = new RangeEncoder();
    let bits = 0;
    for (let i = 0; i < 20_000; i++) {
      const often = i % 10 !== 0;
      encoder.encode(often ? 0 : 900, often ? 900 : 100, 1000);
      bits -= Math.log2(often ? 0.9 : 0.1);
    }
    expect(encoder.finish().length).toBeLessThan(bits / 8 + 10);
  });
});

test('the exponential is right to nine digits, and 0 far out', () => {
  for (let x = 0; x < 40; x += 0.0137) {
    expect(Math.abs(exponential(x) / Math.exp(-x) - 1)).toBeLessThan(1e-9);
  }
  expect([exponential(1e3), exponential(Number.POSITIVE_INFINITY)]).toEqual([0, 0]);
});

test('the logarithm is right to ten digits, from tiny to huge', () => {
  for (let x = 1e-300; x < 1e300; x *= 1.37) {
    expect(Math.abs(logarithm(x) - Math.log(x))).toBeLessThan(
      1e-10 * Math.abs(Math.log(x)) + 1e-10,
    );
  }
  expect(logarithm(1)).toBe(0);
});

test('a mixture learns which of two predictions to trust, by set', () => {
  const symbols = Array.from({ length: 4000 }, (_, i) => (i * i) % 5);
  const input = () => ({
    logs: new Float64Array(5),
    weights: Float64Array.of(0.5, 0.5),
    set: 0,
  });
  const inputs = [input(), input()];
  const mixer = new Mixer(5, inputs, 2e-3);
  const frequencies = new Frequencies(5);
  const share: number[] = [];
  symbols.forEach((symbol, i) => {
    const set = i % 2;
    // in set 0 the first knows the symbol, in set 1 the second does; the other one is wrong
    inputs.forEach((one, k) => {
      one.set = set;
      one.logs.fill(-3);
      one.logs[k === set ? symbol : (symbol + 1) % 5] = 0;
    });
    mixer.mix();
    frequencies.set(mixer.mixed, 0);
    share.push(frequencies.values[symbol] / frequencies.total);
    mixer.learn(symbol, frequencies);
  });
  expect(share[0]).toBeLessThan(0.6);
  expect(Math.min(...share.slice(-10))).toBeGreaterThan(0.9);
});

test('frequencies follow the probabilities, none below 1', () => {
  const frequencies = new Frequencies(4);
  frequencies.set(Float32Array.of(9, 1, 0, -90, 1), 1);
  const { values, total } = frequencies;
  expect(total).toBe(values.reduce((a, b) => a + b));
  expect(values[2]).toBe(1);
  expect(values[1] / values[0]).toBeCloseTo(Math.exp(-1), 5);
  expect(frequencies.before(2)).toBe(values[0] + values[1]);
});

test('literals come back, and those that recur become cheap', () => {
  const symbols = [0x1f600, 0xd, 0x1100ff, ...new Array(200).fill(0xac00), 0];
  const encoder = new RangeEncoder();
  const literals = new EscapeCoder();
  for (const symbol of symbols) literals.encode(symbol, encoder);
  const bytes = encoder.finish();
  expect(bytes.length).toBeLessThan(60);
  const [decoder, again] = [new RangeDecoder(bytes), new EscapeCoder()];
  expect(symbols.map(() => again.decode(decoder))).toEqual(symbols);
});

test('any bytes are symbols of either unit and come back; text is code points', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 60 }), fc.string({ unit: 'binary' }), (bytes, text) => {
      const mixed = Buffer.concat([bytes, Buffer.from(text), bytes]);
      for (const unit of ['byte', 'char'] as const) {
        const back = bytesOfSymbols(symbolsOfBytes(mixed, unit), unit);
        expect(Buffer.from(back).equals(mixed)).toBe(true);
      }
      const utf8 = Buffer.from(text.toWellFormed());
      const codePoints = Array.from(text.toWellFormed(), (c) => c.codePointAt(0));
      expect(Array.from(symbolsOfBytes(utf8, 'char'))).toEqual(codePoints);
    }),
    { seed: 1, numRuns: 500 },
  );
});

test('every character has one place in the streams', () => {
  for (const [characters, streams] of [
    [1, 1],
    [7, 3],
    [9, 3],
    [5, 4],
  ]) {
    const layout = layoutOf(characters, streams, 2);
    const places: number[] = [];
    eachCharacter(layout, (_, position) => places.push(position));
    expect(places).toHaveLength(characters);
    const text: number[] = [];
    for (let stream = 0; stream < streams; stream++) {
      for (let i = 0; i <= layout.length; i++) {
        if (isText(layout, stream, i)) text.push(stream * layout.length + i);
      }
    }
    expect(text).toEqual(places);
  }
});
