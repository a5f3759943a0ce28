/** Lists of numbers, either in memory or in a place from which they are read piece by piece. */

/** A list of numbers that is not in memory, or a part of such a list */
export interface StoredNumbers {
  readonly length: number;
  subarray(start: number, end: number): StoredNumbers;
  /** Reads all numbers of the list, or of this part of it. */
  read(): Float32Array;
}

export type Numbers = Float32Array | StoredNumbers;

/** The numbers of a list in memory: the list itself, or a copy if it is stored elsewhere */
export function inMemory(numbers: Numbers): Float32Array {
  return numbers instanceof Float32Array ? numbers : numbers.read();
}
