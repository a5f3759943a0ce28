/** What differs in coding by the version of a file: how n-grams are counted and mixed, to the last digit. */
import { firstVersion } from '../checkpoint/versions.js';
import type { Discounting } from '../counts/growing-ngrams.js';
import { classCount, classOf } from '../counts/mixture.js';

export interface CountingFormat {
  /** Characters of the longest context */
  readonly context: number;
  readonly discounting: Discounting;
  /** Max entries of the n-gram model: more than books of many megabytes have, and less than half a GiB a replica */
  readonly maxCounts: number;
  /** Sets of weights, and which one is used, by the longest context that is known and how often it was seen */
  readonly sets: number;
  setOf(matched: number, seen: number): number;
  /** Weights to begin with: of the network, of the counts, and of the counts where the model has some of its own */
  readonly beginning: {
    readonly network: number;
    readonly grown: number;
    readonly grownBesideGiven: number;
  };
  /** How fast weights move */
  readonly rate: number;
  /** Whether counts are mixed in also where the network does not learn */
  readonly isAlwaysMixed: boolean;
  /** Whether a replica counts its own characters one by one, and not all of a chunk behind it */
  readonly countsAtOnce: boolean;
  /** Whether coded bytes end as early as they can */
  readonly isTrimmed: boolean;
}

export const maxCounts = 10_000_000;

/**
 * Earlier versions have one discount, contexts of five characters, and a set of weights for each length.
 * @param context of later versions
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
