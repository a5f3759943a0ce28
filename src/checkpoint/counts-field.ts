/**
 * Reads and writes the n-gram counts of a model: a field of the file describes them, and their bytes are among the
 * tensors.
 */

import { classCount } from '../counts/mixture.js';
import { maxContext } from '../counts/ngram-layout.js';
import type { NgramTable } from '../counts/ngram-table.js';
import { headOf, packTable, type TableHead, unpackTable } from '../counts/pack-table.js';
import { CharnnError } from '../errors.js';
import type { Fields } from '../json/fields.js';
import { limits, ranges } from '../limits.js';
import { requireMemory } from '../machine/memory.js';

/** Name of the byte array with the n-gram counts in a file's list of tensors */
export const countsName = 'counts';

/** Makes the field that describes a table of n-gram counts, and the table's bytes. */
export function countsField(table: NgramTable, weights?: Float64Array) {
  const field = { ...headOf(table), ...(weights && { weights: Array.from(weights) }) };
  return { field, blob: { name: countsName, bytes: packTable(table) } };
}

const count = { ...ranges.whole, holds: (x: number) => ranges.whole.holds(x) && x <= 0xffffffff };

/**
 * Reads and checks the description of a table of n-gram counts.
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
    // for each length of context there are three discounts: for a count of 1, of 2, and of 3 or more
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

/** Max bytes of memory that each context and each entry of a table of n-gram counts takes, including its trie */
const bytesEach = 36;

/**
 * Reads a table of n-gram counts.
 * @param bytes packed by `countsField`
 * @throws CharnnError when they are damaged, or memory does not suffice
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

/** Reads the mixing weights of network and counts. */
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

/** Estimated max number of contexts and entries that each character of a text adds to the n-gram counts */
const eachCharacter = 2.5;
/** Estimated bytes that each context or entry of the n-gram counts takes in a file */
const bytesInFile = 4;

/** Estimated max bytes that the n-gram counts of a text take in a file */
export function countsBytes(characters: number): number {
  return bytesInFile * Math.min(2 * limits.counts.entries, eachCharacter * characters);
}
