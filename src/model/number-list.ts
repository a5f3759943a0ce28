/** Lists of numbers, either in memory or in a place from which they are read piece by piece. */

/** A list that is not in memory, or a part of one */
export interface StoredNumbers {
  readonly length: number;
  subarray(start: number, end: number): StoredNumbers;
  /** Reads all numbers of the list, or of this part of it. */
  read(): Float32Array;
}

export type Numbers = Float32Array | StoredNumbers;

/** The numbers themselves: the list, or a copy of one that is not in memory */
export function inMemory(numbers: Numbers): Float32Array {
  return numbers instanceof Float32Array ? numbers : numbers.read();
}
