import { expect, test } from 'vitest';
import { partOfRows, Streams } from '#charnn/text/streams.js';

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

test.each([1, 2, 3])(
  'the rows of a part of a text are those of the whole text, of %d rows',
  (rows) => {
    const documents = { separator: [sep, sep], starts: [0, 7], beginning: begin };
    const whole = new Streams(ids, rows, 2, documents);
    const readRow = (streams: Streams, step: number, row: number) => {
      const { T } = streams.chunk(step);
      const [inputs, targets] = [new Int32Array(T), new Int32Array(T)];
      return { inputs, targets, marks: streams.read(step, row, 1, inputs, targets) };
    };
    for (let row = 0; row < rows; row++) {
      const { ids: own, part } = partOfRows(ids, rows, row, row + 1, 2);
      // the separator before the rows, the target of the last step, and after the last row what no row reads
      const unread = row === rows - 1 ? (ids.length - 1) % rows : 0;
      expect(own.length).toBeLessThanOrEqual(whole.length + 3 + unread);
      const streams = new Streams(own.slice(), rows, 2, documents, part);
      for (let step = 0; step < whole.chunksPerPass; step++) {
        expect(readRow(streams, step, row)).toEqual(readRow(whole, step, row));
      }
    }
  },
);
