/** The character sequences that end a record, and those that may stand before one. */
import { optionName, UsageError } from '../errors.js';
import { quoteText } from '../messages/quote.js';
import type { StoredModel } from '../model/model-data.js';
import { prepareText } from '../text/decode.js';
import type { StopSequence } from './stop-matcher.js';

/** The sequence that ends each record of the model's training text, if the model has one */
export function ownSeparator({ separator, vocabulary }: StoredModel): StopSequence[] {
  if (separator === undefined) return [];
  const { ids, unknown } = vocabulary.encode(separator);
  return unknown === 0 ? [{ ids: Array.from(ids), kept: false }] : [];
}

/** Whether the model has learned each record as a text of its own, so that it knows of nothing after the end of one */
export function endsWithRecord({ training }: StoredModel): boolean {
  return training?.documents === true;
}

/**
 * Returns the sequences that may precede a record. A prompt begins a record of the text that the model learned from, so
 * `own` precedes it; without a prompt, the sampled records follow each other as in one long text, so `stops` precede
 * them. If one of the lists is empty, the other is used. Nothing precedes a record if the model was trained on
 * documents, because it has learned that each begins with a zero state.
 * @param stops sequences that end the records to be sampled
 * @param own sequences that end the records of the model's text
 */
export function separatorsFor(
  isPrompted: boolean,
  model: StoredModel,
  stops: readonly StopSequence[],
  own: readonly StopSequence[],
): readonly StopSequence[] {
  if (endsWithRecord(model)) return [];
  return own.length > 0 && (isPrompted || stops.length === 0) ? own : stops;
}

/**
 * Makes the stop sequence for a string; if it can never occur, a warning is given instead.
 * @param option the option that gives it, for messages
 * @param kept whether it is part of the record
 */
export function stopSequence(
  text: string,
  option: string,
  kept: boolean,
  { vocabulary, text: textOptions }: StoredModel,
  warn: (message: string) => void,
): StopSequence[] {
  if (text === '') throw new UsageError(`${optionName(option)} must not be empty`);
  const { ids, unknown } = vocabulary.encode(prepareText(text, textOptions));
  if (unknown === 0) return [{ ids: Array.from(ids), kept }];
  warn(
    `${optionName(option)} ${quoteText(text)} can never occur: the model does not know all of its characters`,
  );
  return [];
}
