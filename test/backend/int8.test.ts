/** The definition of weights of 8 bits. */
import { expect, test } from 'vitest';
import { quantizeRows, roundedToInt8 } from '#charnn/backend/int8.js';
import { Random } from '#charnn/model/random.js';

test('the largest number of a row is ±127, the others as near as integers come, ties to even', () => {
  // a scale of 1/2, so that halves of it lie between two integers
  const { values, scales, columns } = quantizeRows(
    [63.5, -63.5, 0, 0.25, 0.75, 1.25, -0.25, 0.3],
    8,
  );
  expect([...values]).toEqual([127, -127, 0, 0, 2, 2, 0, 1]);
  expect([...scales]).toEqual([0.5]);
  expect(columns).toBe(8);
});

test('every row has a scale of its own, and is off by half of it at most', () => {
  const [rows, columns] = [7, 33];
  const random = new Random(1);
  const matrix = Array.from(
    { length: rows * columns },
    (_, i) => random.normal() * 10 ** Math.floor(i / columns),
  );
  const { values, scales } = quantizeRows(matrix, columns);
  const rounded = roundedToInt8(matrix, columns);
  for (let row = 0; row < rows; row++) {
    const [start, end] = [row * columns, (row + 1) * columns];
    const peak = Math.max(...matrix.slice(start, end).map(Math.abs));
    expect(scales[row]).toBe(Math.fround(Math.fround(peak) / 127));
    expect(Math.max(...values.slice(start, end).map(Math.abs))).toBe(127);
    for (let i = start; i < end; i++) {
      expect(Math.abs(rounded[i] - matrix[i])).toBeLessThan(0.5001 * scales[row]);
    }
  }
});

test('a row of zeros stays one, and what is no finite number shows in its row alone', () => {
  const { scales } = quantizeRows(
    [0, -0, 1e-38, 0, 3, Number.NaN, 1, Number.POSITIVE_INFINITY, 2, 4],
    2,
  );
  expect([...scales]).toEqual([0, 0, Number.NaN, Number.NaN, Math.fround(4 / 127)]);
  expect([...roundedToInt8([0, 0, Number.NaN, 1], 2)]).toEqual([0, 0, Number.NaN, Number.NaN]);
});
