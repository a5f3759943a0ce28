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
  const lists = text.startsWith('[')
    ? listsOf(text)
    : [text.split(/[\s,;]+/u).map((part) => Number(part))];
  if (lists === undefined || !lists.every(isVector)) {
    const shown = text.length > 40 ? `${text.slice(0, 40)}…` : text;
    throw new CharnnError(
      `${where}: ${quoteText(shown)} is not a vector: give numbers, at most ${limits.vectorNumbers}, or a list of lists of them`,
    );
  }
  return lists.map((numbers) => Float32Array.from(numbers));
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

function listsOf(text: string): number[][] | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  const list = value as unknown[];
  return (list.every(Array.isArray) ? list : [list]) as number[][];
}

function isVector(numbers: readonly unknown[]): boolean {
  const isNumber = (x: unknown) => typeof x === 'number' && Number.isFinite(Math.fround(x));
  return numbers.length > 0 && numbers.length <= limits.vectorNumbers && numbers.every(isNumber);
}
