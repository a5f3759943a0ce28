/**
 * The unprinted record before a record.
 *
 * A network in the state before any text writes what it has hardly ever been trained on: records would begin
 * anywhere and have the wrong proportions. So each record first draws one that nobody sees, up to the
 * separator, from its own random stream. A state that all records share would not do, as whatever it happens
 * to favour would be favoured in all of them.
 */

import type { SampleSettings } from './settings.js';
import { StopMatcher } from './stop-matcher.js';

/**
 * Max length of an unprinted record: as many characters as the record itself may have (`length`), so that it costs no
 * more, but within these limits.
 */
const minLimit = 64;
const maxLimit = 2048;

/**
 * A longer prompt needs no record before it: by its end the state has forgotten what it began with. It can
 * then be read once for all records.
 */
const maxPromptLength = 64;

/** Whether a record with this prompt follows an unprinted one. */
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

  /** @param settings must have at least one separator */
  constructor(
    { separators = [], length }: SampleSettings,
    private readonly prompt: ArrayLike<number>,
  ) {
    this.separators = separators;
    this.matcher = new StopMatcher(separators.map((ids) => ({ ids, kept: false })));
    // no longer than the record itself may be, so that drawing it costs no more
    this.limit = Math.min(maxLimit, Math.max(minLimit, length));
  }

  /**
   * Takes the next character of the unprinted record.
   * @returns when it ends, the ids to be read before the record is drawn; undefined before that
   */
  push(id: number): ArrayLike<number> | undefined {
    const found = this.matcher.push(id);
    if (found !== undefined) return withoutStart(this.prompt, found.ids);
    if (++this.drawn < this.limit) return undefined;
    // a separator that does not occur in time is inserted
    const [separator] = this.separators;
    return [...separator, ...Array.from(withoutStart(this.prompt, separator))];
  }
}

/** A prompt that begins with the separator itself does not get a second one. */
function withoutStart(prompt: ArrayLike<number>, separator: readonly number[]): ArrayLike<number> {
  const begins = separator.every((id, i) => prompt[i] === id);
  return begins ? Array.prototype.slice.call(prompt, separator.length) : prompt;
}
