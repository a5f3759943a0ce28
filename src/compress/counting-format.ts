/** What differs in coding by the version of a file: how n-grams are counted and mixed, to the last digit. */
import { firstVersion } from '../checkpoint/versions.js';
import type { Discounting } from '../counts/growing-ngrams.js';

interface BeginningWeights {
  readonly network: number;
  /** Of what is counted in the content */
  readonly grown: number;
}

const half: BeginningWeights = { network: 0.5, grown: 0.5 };

export interface CountingFormat {
  /** Characters of the longest context */
  readonly context: number;
  readonly discounting: Discounting;
  /** Max entries of the n-gram model: more than books of many megabytes have, and less than half a GiB a replica */
  readonly maxCounts: number;
  /** Sets of weights, and which one is used, by the length of the longest context that is known, -1 for none */
  readonly sets: number;
  setOf(matched: number): number;
  /** Weights to begin with, by what the network is; those of a model with counts are its own but for the content's */
  readonly beginning: Readonly<Record<'fresh' | 'given' | 'counted', BeginningWeights>>;
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
      beginning: { fresh: half, given: half, counted: half },
      ...{ isAlwaysMixed: false, countsAtOnce: false, isTrimmed: false },
    };
  }
  return {
    ...{ context, discounting: 'three', maxCounts, sets: context + 2, rate: 2e-3 },
    setOf: (matched) => matched + 1,
    beginning: {
      fresh: { network: 0.25, grown: 0.75 },
      given: { network: 0.8, grown: 0.2 },
      counted: { network: 1, grown: 0.15 },
    },
    ...{ isAlwaysMixed: true, countsAtOnce: true, isTrimmed: true },
  };
}
