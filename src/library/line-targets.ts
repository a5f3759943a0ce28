/** What a program passes to a model trained on pairs, and the results for each line. */
import type { InputLine } from './line-scores.js';

/** A source with the labels and vectors that the model was trained with */
export interface GivenSource {
  /** May be absent if a vector is given */
  readonly source?: InputLine | undefined;
  /** The value of each label, except for those that the option `label` gives for all lines */
  readonly labels?: Readonly<Record<string, string>> | undefined;
  /** The vector, or the list of vectors, that the model reads before the source */
  readonly vector?: ArrayLike<number> | readonly ArrayLike<number>[] | undefined;
}

/** A line to be converted */
export type ConvertInput = InputLine | GivenSource;

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
