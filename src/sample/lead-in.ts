/**
 * The lead-in of a record: a record that is sampled before it and not printed.
 *
 * With the state before any text, a network predicts what it has hardly ever been trained on: the records that it
 * writes would have unusual beginnings, and some kinds of records would be too frequent. So before each record an
 * unprinted one is sampled from the same random stream, up to the separator. A state shared by all records would not
 * do, because whatever it favours would be favoured in all of them.
 */

import type { SampleSettings } from './settings.js';
import { StopMatcher } from './stop-matcher.js';

/**
 * Limits of the length of a lead-in, the unprinted record before a record. Within them it may be as long as the record
 * itself (`length`), so that sampling it does not take longer.
 */
const minLimit = 64;
const maxLimit = 2048;

/**
 * If the prompt is longer than this, no unprinted record is sampled before a record, because by the prompt's end the
 * state has forgotten what it began with. Such a prompt is read only once, if all records share it.
 */
const maxPromptLength = 64;

/** Whether an unprinted record, the lead-in, is sampled before a record with this prompt. */
export function needsLeadIn(
  { separators = [], length }: SampleSettings,
  prompt: ArrayLike<number>,
): boolean {
  return separators.length > 0 && length > 0 && prompt.length <= maxPromptLength;
}

export class LeadIn {
  private readonly matcher: StopMatcher;
  private readonly separators: readonly (readonly number[])[];
  private readonly limit: number;
  private drawn = 0;

  /** @param settings must have at least one separator, which ends the unprinted record */
  constructor(
    { separators = [], length }: SampleSettings,
    private readonly prompt: ArrayLike<number>,
  ) {
    this.separators = separators;
    this.matcher = new StopMatcher(separators.map((ids) => ({ ids, kept: false })));
    // the unprinted record may be as long as the printed one, so that sampling it does not take longer
    this.limit = Math.min(maxLimit, Math.max(minLimit, length));
  }

  /**
   * Adds the next character of the unprinted record.
   * @returns when the unprinted record ends, the ids to be read before the printed one is drawn; undefined before that
   */
  push(id: number): ArrayLike<number> | undefined {
    const found = this.matcher.push(id);
    if (found !== undefined) return withoutStart(this.prompt, found.ids);
    if (++this.drawn < this.limit) return undefined;
    // if the unprinted record does not end in time, a separator is inserted
    const [separator] = this.separators;
    return [...separator, ...Array.from(withoutStart(this.prompt, separator))];
  }
}

/**
 * Removes a separator from the beginning of a prompt, because the unprinted record before it already ends with a
 * separator.
 */
function withoutStart(prompt: ArrayLike<number>, separator: readonly number[]): ArrayLike<number> {
  const begins = separator.every((id, i) => prompt[i] === id);
  return begins ? Array.prototype.slice.call(prompt, separator.length) : prompt;
}
