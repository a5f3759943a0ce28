/** Numbers of 16 bits, against the definition of the format. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { float16Bits, fromFloat16Bits, largestFloat16 } from '#charnn/backend/float16.js';

/** All finite numbers of the format from 0 on, by the definition of IEEE 754: (-1)^s · 2^(e - 15) · 1.f */
const numbers: number[] = [];
for (let fraction = 0; fraction < 1024; fraction++) numbers.push((fraction / 1024) * 2 ** -14);
for (let exponent = 1; exponent < 31; exponent++) {
  for (let fraction = 0; fraction < 1024; fraction++) {
    numbers.push((1 + fraction / 1024) * 2 ** (exponent - 15));
  }
}

test('each number of the format comes back, with both signs', () => {
  const wrong = numbers.filter(
    (number, bits) =>
      fromFloat16Bits(bits) !== number ||
      float16Bits(number) !== bits ||
      float16Bits(-number) !== (bits | 0x8000) ||
      !Object.is(fromFloat16Bits(bits | 0x8000), -number),
  );
  expect(wrong).toEqual([]);
  expect(numbers.at(-1)).toBe(largestFloat16);
});

test('halves between two numbers go to the even one, everything else to the nearest', () => {
  for (let bits = 0; bits + 1 < numbers.length; bits += 7) {
    const half = (numbers[bits] + numbers[bits + 1]) / 2;
    const even = bits % 2 === 0 ? bits : bits + 1;
    expect(float16Bits(half)).toBe(even);
    const word = new Float32Array([half]);
    const steps = new Uint32Array(word.buffer);
    steps[0]++;
    expect(float16Bits(word[0])).toBe(bits + 1);
    steps[0] -= 2;
    expect(float16Bits(word[0])).toBe(bits);
  }
});

test('any number is rounded to one that no other is closer to', () => {
  fc.assert(
    fc.property(fc.float({ noNaN: true, min: -60000, max: 60000 }), (x) => {
      const rounded = fromFloat16Bits(float16Bits(x));
      const bits = float16Bits(Math.abs(x));
      for (const other of [bits - 1, bits + 1]) {
        if (numbers[other] === undefined) continue;
        expect(Math.abs(Math.abs(x) - Math.abs(rounded))).toBeLessThanOrEqual(
          Math.abs(Math.abs(x) - numbers[other]),
        );
      }
    }),
  );
});

test('what is beyond the format is an infinity, and what is no number stays none', () => {
  expect(float16Bits(65519.99)).toBe(0x7bff);
  expect(float16Bits(65520)).toBe(0x7c00);
  expect(float16Bits(-1e30)).toBe(0xfc00);
  expect(fromFloat16Bits(0xfc00)).toBe(-Infinity);
  expect(fromFloat16Bits(float16Bits(Number.NaN))).toBeNaN();
});
