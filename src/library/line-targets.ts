/** The results that a model trained on pairs gives a program for each line. */

export interface ConvertedTarget {
  readonly text: string;
  /** Natural logarithm of the probability of the target and its end */
  readonly logProbability: number;
  /** Mean cost in bits per character, or per symbol if targets consist of symbols, including the end */
  readonly bitsPerCharacter: number;
  /** Whether the model ended the target; otherwise the target was cut off at its max length. */
  readonly complete: boolean;
}

export interface LineTargets {
  /** The line without its end; if the line was given as bytes, these are decoded to text */
  readonly source: string;
  /** The targets, best first; none for a line that is empty or too long, or if `threshold` excludes all */
  readonly targets: readonly ConvertedTarget[];
  /** Number of characters of the source that the model does not know */
  readonly unknown: number;
}
