/**
 * Defines how n-grams are counted and mixed in coding. This depends on the version of the file, and the numbers must be
 * the same to the last digit.
 */
import { firstVersion } from '../checkpoint/versions.js';
import type { Discounting } from '../counts/growing-ngrams.js';

interface BeginningWeights {
  readonly network: number;
  /** Initial weight of the n-gram model whose counts grow while the content is coded */
  readonly grown: number;
}

const half: BeginningWeights = { network: 0.5, grown: 0.5 };

export interface CountingFormat {
  /** Number of characters of the longest context */
  readonly context: number;
  readonly discounting: Discounting;
  /** Max entries of the n-gram model: more than books of many megabytes have, and less than half a GiB per replica */
  readonly maxCounts: number;
  /** Number of sets of mixing weights; the length of the longest known context, -1 for none, decides which is used. */
  readonly sets: number;
  setOf(matched: number): number;
  /**
   * Initial mixing weights for a new model, a given one, and a given one with counts. In the last case only `grown`,
   * the weight of the counts that grow with the content, is used: the model's network and its own counts begin with the
   * weights that the model file has for them.
   */
  readonly beginning: Readonly<Record<'fresh' | 'given' | 'counted', BeginningWeights>>;
  /** Learning rate of the mixing weights */
  readonly rate: number;
  /** Whether counts are mixed in even if the network does not learn */
  readonly isAlwaysMixed: boolean;
  /**
   * Whether a replica counts each of its own characters at once, instead of counting all characters after each chunk
   */
  readonly countsAtOnce: boolean;
  /** Whether zeros at the end of the coded bytes are left out */
  readonly isTrimmed: boolean;
}

export const maxCounts = 10_000_000;

/**
 * The format of a version. The versions that do not use a given model's counts have a single discount, and contexts of
 * at most five characters.
 * @param context length of the longest context, in the other versions
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
