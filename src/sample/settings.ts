/** The settings of sampling: plain data, the same for all records and for all threads. */

import type { Vocabulary } from '../text/vocabulary.js';
import type { FilterOptions } from './character-sampler.js';
import { type ConstraintState, constraintOf } from './pattern/constraint.js';
import type { StopSequence } from './stop-matcher.js';

export interface SampleSettings extends FilterOptions {
  /** Max number of characters in a record, without its prompt. */
  readonly length: number;
  /** Temperatures, by which logits are divided. Record r uses number r modulo their count. */
  readonly temperatures: readonly number[];
  /** Temperatures spread evenly over a record's length and interpolated linearly; they replace `temperatures`. */
  readonly schedule: readonly number[] | undefined;
  /** No sequence of this many characters may occur twice in a record. At least 2. */
  readonly banRepeats: number | undefined;
  readonly stops: readonly StopSequence[];
  /**
   * Ids of the strings that may precede a record. An unprinted record that ends with one of them is then sampled before
   * each record. If there are none, a record begins with the state before any text.
   */
  readonly separators?: readonly (readonly number[])[] | undefined;
  /** Characters that may occur in a record, in the notation between the brackets of a regular expression */
  readonly allow: string | undefined;
  /** A regular expression that every record must match as a whole; a line end then ends the record. */
  readonly match: string | undefined;
  /** Scales the weight of the model's n-gram counts: 1 (the default) as fitted, 0 for the network alone */
  readonly countsWeight?: number | undefined;
  /**
   * Record r is drawn from stream r of this seed, so that it depends neither on the number of records nor on threads.
   */
  readonly seed: number;
}

/**
 * Returns the constraint that these settings put on every record; undefined if they put none.
 * @throws UsageError if no record can satisfy them
 */
export function constraintFor(
  { allow, match, stops: ends, length }: SampleSettings,
  vocabulary: Vocabulary,
): ConstraintState | undefined {
  const ending = ends.flatMap(({ ids, kept }) => (ids.length === 1 && !kept ? ids : []));
  return constraintOf({ allow, match, ending }, vocabulary, length);
}

/** Temperature at character `position` of a record. */
export function temperatureAt(settings: SampleSettings, record: number, position: number): number {
  const { schedule, temperatures, length } = settings;
  if (schedule === undefined) return temperatures[record % temperatures.length];
  const at = (position / Math.max(1, length - 1)) * (schedule.length - 1);
  const before = Math.min(Math.floor(at), schedule.length - 1);
  const after = Math.min(before + 1, schedule.length - 1);
  return schedule[before] + (at - before) * (schedule[after] - schedule[before]);
}
