import { expect, test } from 'vitest';
import { Streams } from '#charnn/text/streams.js';

const [sep, begin] = [9, 7];
//                          0  1  2    3    4  5    6  7  8  9    10 11
const ids = Uint8Array.from([1, 2, sep, sep, 3, sep, 4, 5, 6, sep, 1, 2]);

function read(documents: { separator: number[]; starts: number[] }, rows = 1) {
  const streams = new Streams(ids, rows, 20, { ...documents, beginning: begin });
  const { T } = streams.chunk(0);
  const inputs = new Int32Array(T * rows);
  const targets = new Int32Array(T * rows);
  const resets = streams.read(0, 0, rows, inputs, targets)?.resets;
  return { inputs: Array.from(inputs), targets: Array.from(targets), resets };
}

test('a record begins after the separator, which the one before still predicts', () => {
  const { inputs, targets, resets } = read({ separator: [sep], starts: [0] });
  expect(targets).toEqual([2, sep, sep, 3, sep, 4, 5, 6, sep, 1, 2]);
  expect(inputs).toEqual([1, 2, begin, begin, 3, begin, 4, 5, 6, begin, 1]);
  expect(resets?.map(({ t }) => t)).toEqual([2, 3, 5, 9]);
});

test('a separator of several characters counts as a whole, a file begins where it does', () => {
  const { inputs, resets } = read({ separator: [sep, sep], starts: [0, 7, 8] });
  expect(inputs).toEqual([1, 2, sep, begin, 3, sep, begin, begin, 6, sep, 1]);
  expect(resets).toEqual([3, 6, 7].map((t) => ({ t, rows: [0] })));
});

test('rows have their own beginnings, in the order of steps', () => {
  // streams of 5: inputs 0 to 4 and 5 to 9
  const { resets } = read({ separator: [sep], starts: [0, 4] }, 2);
  expect(resets).toEqual([
    { t: 0, rows: [1] },
    { t: 2, rows: [0] },
    { t: 3, rows: [0] },
    { t: 4, rows: [1] },
  ]);
});
