/** The counts of a model in its file: what is said of them in a field of its own, and their bytes. */

import { classCount } from '../counts/mixture.js';
import { maxContext } from '../counts/ngram-runs.js';
import type { NgramTable } from '../counts/ngram-table.js';
import { headOf, packTable, type TableHead, unpackTable } from '../counts/pack-table.js';
import { CharnnError } from '../errors.js';
import type { Fields } from '../json/fields.js';
import { limits, ranges } from '../limits.js';
import { requireMemory } from '../machine/memory.js';

/** What the bytes are called among the tensors */
export const countsName = 'counts';

/** The field of a table, and its bytes */
export function countsField(table: NgramTable, weights?: Float64Array) {
  const field = { ...headOf(table), ...(weights && { weights: Array.from(weights) }) };
  return { field, blob: { name: countsName, bytes: packTable(table) } };
}

const count = { ...ranges.whole, holds: (x: number) => ranges.whole.holds(x) && x <= 0xffffffff };

/**
 * Checks what a file says of a table.
 * @throws CharnnError naming the field that is wrong
 */
export function readTableHead(fields: Fields): TableHead {
  const context = fields.integer('context', 1, maxContext);
  const { readable } = limits.counts;
  const sizes = (key: string) => {
    const list = numbers(fields, key, context + 1, (x) => count.holds(x));
    if (list.reduce((a, b) => a + b, 0) > readable) fields.fail(key, `${readable} at the most`);
    return list;
  };
  return {
    context,
    cutoff: fields.within('cutoff', count),
    // each is taken off a count of 1, of 2, and of 3 and more
    discounts: numbers(
      fields,
      'discounts',
      3 * (context + 1),
      (x, i) => x >= 0.1 && x <= (i % 3) + 1,
    ),
    contexts: sizes('contexts'),
    entries: sizes('entries'),
  };
}

/** Bytes of memory that a table and its trie take for each of its contexts and entries, at the most */
const bytesEach = 36;

/**
 * @param bytes what `countsField` has packed
 * @throws CharnnError where they are damaged, or memory does not suffice
 */
export function readTable(
  fields: Fields,
  head: TableHead,
  bytes: Uint8Array,
  vocabulary: number,
): NgramTable {
  const where = fields.name('data');
  const size = [...head.contexts, ...head.entries].reduce((a, b) => a + b, 0);
  if (2 * size <= bytes.length) requireMemory(bytesEach * size, where);
  return unpackTable(bytes, head, vocabulary, where);
}

/** The weights with which counts are mixed in. */
export function readWeights(fields: Fields, { context }: TableHead): Float64Array {
  const valid = (x: number) => x >= 0 && x <= 100;
  return Float64Array.from(numbers(fields, 'weights', 2 * classCount(context), valid));
}

function numbers(
  fields: Fields,
  key: string,
  length: number,
  holds: (x: number, i: number) => boolean,
): number[] {
  const list = fields.array(key);
  if (list.length !== length) {
    throw new CharnnError(`${fields.name(key)} must be ${length} numbers, not ${list.length}`);
  }
  const strange = list.findIndex(
    (x, i) => typeof x !== 'number' || !Number.isFinite(x) || !holds(x, i),
  );
  if (strange >= 0) {
    throw new CharnnError(
      `${fields.name(`${key}[${strange}]`)} is out of range: ${JSON.stringify(list[strange])}`,
    );
  }
  return list as number[];
}

/** n-grams of different lengths that a character of a text adds, at the most, about: contexts and entries */
const eachCharacter = 2.5;
/** Bytes that each takes in a file */
const bytesInFile = 4;

/** About what the counts of a text take in a file, at the most. */
export function countsBytes(characters: number): number {
  return bytesInFile * Math.min(2 * limits.counts.entries, eachCharacter * characters);
}
