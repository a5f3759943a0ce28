/** How n-grams are counted and mixed in coding, which depends on the version of the file to the last digit. */
import { firstVersion } from '../checkpoint/versions.js';
import type { Discounting } from '../counts/growing-ngrams.js';
import { classCount, classOf } from '../counts/mixture.js';

export interface CountingFormat {
  /** Number of characters of the longest context */
  readonly context: number;
  readonly discounting: Discounting;
  /** Max entries of the n-gram model: more than books of many megabytes have, and less than half a GiB a replica */
  readonly maxCounts: number;
  /** Number of sets of weights; which set is used depends on the longest known context and on how often it was seen */
  readonly sets: number;
  setOf(matched: number, seen: number): number;
  /** Initial weights: of the network, of the counts, and of the counts of a model that brings some */
  readonly beginning: {
    readonly network: number;
    readonly grown: number;
    readonly grownBesideGiven: number;
  };
  /** Learning rate of the weights */
  readonly rate: number;
  /** Whether counts are mixed in even if the network does not learn */
  readonly isAlwaysMixed: boolean;
  /** Whether a replica counts each of its own characters at once, instead of all characters after each chunk */
  readonly countsAtOnce: boolean;
  /** Whether the coded bytes leave out zeros at their end */
  readonly isTrimmed: boolean;
}

export const maxCounts = 10_000_000;

/**
 * The format of a version. Earlier versions have one discount, contexts of five characters, and a set of weights for
 * each length.
 * @param context length of the longest context, in later versions
 */
export function countingFormat(version: number, context: number): CountingFormat {
  if (version < firstVersion('compressed', 'modelCounts')) {
    return {
      ...{ context: 5, discounting: 'one', maxCounts, sets: 7, rate: 2e-3 },
      setOf: (matched) => matched + 1,
      beginning: { network: 0.5, grown: 0.5, grownBesideGiven: 0.5 },
      ...{ isAlwaysMixed: false, countsAtOnce: false, isTrimmed: false },
    };
  }
  return {
    ...{ context, discounting: 'three', maxCounts, sets: classCount(context) + 1, rate: 2e-3 },
    setOf: (matched, seen) => (matched < 0 ? 0 : 1 + classOf(matched, seen)),
    beginning: { network: 0.5, grown: 0.5, grownBesideGiven: 0.1 },
    ...{ isAlwaysMixed: true, countsAtOnce: true, isTrimmed: true },
  };
}
