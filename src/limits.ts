/**
 * The single table of limits and ranges. Writers observe the same limits as readers, so that nothing is written that
 * would be refused later, and an option of the command line has the range of the field that records it.
 */

export const limits = {
  layers: 64,
  /** Max units of a layer, and max width of an embedding */
  width: 16384,
  vocabulary: 1_114_113,
  parameters: 2 ** 30,
  threads: 1024,
  tensors: 1024,
  /** Max characters of a separator between records */
  separator: 1000,
  /** Max characters of a source or a target */
  pairLength: 1000,
  /** Max number of labels, of values per label, and of characters in a value or in a label's name */
  labels: 32,
  labelValues: 65_536,
  labelLength: 1000,
  /** Max number of elements of a vector that a model reads before a source */
  vectorNumbers: 65_536,
  /**
   * Max bytes of all fields of a file together, without tensor data; parsed JSON takes many times its size in memory.
   */
  headBytes: 2 ** 25,
  /** Max number of validations that a model's history records; a longer history is thinned. */
  history: 2048,
  /** Limits of a regular expression that records are to match */
  expression: {
    characters: 20_000,
    /** Max depth of nested groups in a regular expression */
    depth: 200,
    states: 100_000,
    /** Max parts of a regular expression after its counted repeats are expanded */
    work: 400_000,
    /**
     * Max product of the number of characters in the vocabulary and the number of different characters and character
     * classes in the regular expression
     */
    masks: 2 ** 24,
    /** Max number of values that the cached states of a regular expression's automaton may hold in memory */
    remembered: 2 ** 22,
  },
  /** Limits of a model's n-gram counts */
  counts: {
    /** Max number of n-grams that remain after counting */
    entries: 2 ** 22,
    /** Max number of n-grams, and of their contexts, in a model file that is read */
    readable: 2 ** 26,
  },
  /** Limits of compressed files: `compress` never exceeds them, so a header that does is damaged. */
  compressed: {
    headerBytes: 2 ** 20,
    contentBytes: 2 ** 31,
    layers: 1,
    width: 256,
    vocabulary: 257,
    streams: 32,
    /** Min number of characters in each of the streams into which a text is divided for compression */
    streamCharacters: 2048,
    chunk: 16,
    rate: 0.01,
  },
} as const;

/** A range of numbers, in which the value of an option or of a field in a file must be */
export interface Range {
  /** The allowed values in words, which complete a message that begins with "must be" */
  readonly expected: string;
  holds(x: number): boolean;
}

const maxInteger = Number.MAX_SAFE_INTEGER;

export function integersFrom(from: number, to: number = maxInteger): Range {
  return {
    expected:
      to === maxInteger ? `an integer of at least ${from}` : `an integer from ${from} to ${to}`,
    holds: (x) => Number.isInteger(x) && x >= from && x <= to,
  };
}

function reals(expected: string, holds: (x: number) => boolean): Range {
  return { expected, holds: (x) => Number.isFinite(x) && holds(x) };
}

export const ranges = {
  /** Any finite number: because of rounding, the loss of a character that is certain may be slightly below 0. */
  finite: reals('a finite number', () => true),
  positive: reals('a number above 0', (x) => x > 0),
  notNegative: reals('a number of at least 0', (x) => x >= 0),
  /** A number x with 0 ≤ x < 1 */
  properFraction: reals('a number from 0 to below 1', (x) => x >= 0 && x < 1),
  /** A number x with 0 < x ≤ 0.95 */
  decayFraction: reals('a number above 0, at most 0.95', (x) => x > 0 && x <= 0.95),
  /** A number x with 0 ≤ x ≤ 1 */
  fraction: reals('a number from 0 to 1', (x) => x >= 0 && x <= 1),
  /** A number x with 0 < x ≤ 1 */
  positiveFraction: reals('a number above 0 and up to 1', (x) => x > 0 && x <= 1),
  count: integersFrom(1),
  whole: integersFrom(0),
} as const;
