/**
 * The length of a chunk on the command line: a number of steps, or `full` for the whole piece of text that is measured.
 */
import { count, ValueError, type ValueType } from '../../options/types.js';

export type ChunkLength = number | 'full';

const expected = `full, or ${count.expected}`;

export const chunkLength: ValueType<ChunkLength> = {
  expected,
  parse(text) {
    if (text.toLowerCase() === 'full') return 'full';
    const number = /^\d+$/.test(text) ? Number(text) : 0;
    if (count.accepts(number)) return number;
    throw new ValueError(`must be ${expected}, not ${JSON.stringify(text)}`);
  },
  accepts: (value): value is ChunkLength => value === 'full' || count.accepts(value),
};
