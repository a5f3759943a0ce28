/** Vectors as written in fields of tables: numbers between blanks or commas, or JSON lists. */
import { CharnnError } from '../errors.js';
import { limits } from '../limits.js';
import { quoteText } from '../messages/quote.js';
import type { VectorShape } from './conditions.js';

/**
 * Reads a vector, or a list of vectors.
 * @param field `0.5 1 -2`, `[0.5, 1, -2]` or `[[0.5, 1], [-2, 3]]`; an empty field has no vectors
 * @throws CharnnError for a field that is not a vector
 */
export function parseVectors(field: string, where: string): Float32Array[] {
  const text = field.trim();
  if (text === '' || text === 'null') return [];
  const value = text.startsWith('[')
    ? parsed(text)
    : text.split(/[\s,;]+/u).map((part) => Number(part));
  const vectors = vectorsFrom(value);
  if (vectors === undefined) throw notVectors(text, where);
  return vectors;
}

/** A list of numbers as a vector, or a list of such lists as vectors; undefined for any other value */
export function vectorsFrom(value: unknown): Float32Array[] | undefined {
  if (!isList(value)) return undefined;
  const all = Array.from(value);
  if (all.length === 0) return [];
  const lists = all.every(isList) ? all : [all];
  if (!lists.every(isVector)) return undefined;
  return lists.map((numbers) => Float32Array.from(numbers));
}

/** The error for a value that is not a vector or a list of vectors */
export function notVectors(value: string, where: string): CharnnError {
  return new CharnnError(
    `${where}: ${quoteText(value, 40)} is not a vector: give numbers, at most ${limits.vectorNumbers}, or a list of lists of them`,
  );
}

/**
 * The elements of a list of vectors, standardised as the training vectors were.
 * @throws CharnnError for vectors of another size
 */
export function scaledVectors(
  vectors: readonly Float32Array[],
  { size, mean, deviation }: VectorShape,
  where: string,
): Float32Array {
  const values = new Float32Array(vectors.length * size);
  vectors.forEach((vector, i) => {
    if (vector.length !== size) throw otherSize(vector.length, size, where);
    for (let f = 0; f < size; f++) values[i * size + f] = (vector[f] - mean) / deviation;
  });
  return values;
}

/** The error for a vector whose size differs from that of the others */
export function otherSize(size: number, usual: number, where: string): CharnnError {
  return new CharnnError(
    `${where} has a vector of ${size} numbers, but others have ${usual}: all must have the same size`,
  );
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function isList(value: unknown): value is ArrayLike<unknown> {
  return Array.isArray(value) || (ArrayBuffer.isView(value) && 'length' in value);
}

function isVector(numbers: ArrayLike<unknown>): numbers is ArrayLike<number> {
  const isNumber = (x: unknown) => typeof x === 'number' && Number.isFinite(Math.fround(x));
  const { length } = numbers;
  return length > 0 && length <= limits.vectorNumbers && Array.from(numbers).every(isNumber);
}
