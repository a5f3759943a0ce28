/** What a model of pairs gives a program for lines. */

export interface ConvertedTarget {
  readonly text: string;
  /** Natural logarithm of the probability that the model gives the target and its end */
  readonly logProbability: number;
  /** Mean cost of a character, or of a symbol where targets are made of symbols, the end included */
  readonly bitsPerCharacter: number;
  /** Whether the model ended it; otherwise it was cut off at its max length. */
  readonly complete: boolean;
}

export interface LineTargets {
  /** The line without its end; of a line that was given as bytes, their text */
  readonly source: string;
  /** Best first; none for a line that is empty or too long, or where `threshold` leaves out all */
  readonly targets: readonly ConvertedTarget[];
  /** Number of characters of the source that the model does not know */
  readonly unknown: number;
}
