/** The separator that ends the records of a training text: given by the user, or found in the text and reported. */
import { CharnnError, optionName, UsageError } from '../errors.js';
import { limits } from '../limits.js';
import { prepareText } from '../text/decode.js';
import { textBeginning } from '../text/documents.js';
import { describeSeparator, findSeparator } from '../text/separator.js';
import type { TextOptions } from '../text/unit.js';
import type { TrainingText } from '../train/job.js';
import type { Messages } from './messages.js';

/**
 * Returns a given separator with the line ends converted to the text's; it is empty if there is to be no separator.
 * @throws UsageError for a separator that is too long
 */
export function readSeparatorOption(
  given: string | undefined,
  text: TextOptions,
): string | undefined {
  if (given === undefined) return undefined;
  const separator = prepareText(given, text);
  if (separator.length > limits.separator) {
    throw new UsageError(
      `${optionName('separator')} has ${separator.length} characters: give at most ${limits.separator}`,
    );
  }
  return separator;
}

/**
 * Adds to a training text the separator of its records, if it has one.
 * @param given by `readSeparatorOption`
 */
export function withRecords(
  corpus: TrainingText,
  given: string | undefined,
  messages: Messages,
): TrainingText {
  if (given === '') return corpus;
  if (given !== undefined) {
    if (corpus.vocabulary.encode(given).unknown === 0) return { ...corpus, separator: given };
    messages.warn(
      `${optionName('separator')} ${JSON.stringify(given)} does not occur in the text: it is left out`,
    );
    return corpus;
  }
  const separator = findSeparator(corpus.train, corpus.vocabulary);
  if (separator === undefined) return corpus;
  messages.note(
    `the text seems to be records, each ended by ${describeSeparator(separator)}, so sample -n will write such records; if that is wrong, give ${optionName('separator', "''")}`,
  );
  return { ...corpus, separator };
}

/** The positions at which files begin, in characters of the training text and of the validation text */
export interface FileStarts {
  readonly train: readonly number[];
  readonly validation: readonly number[];
}

/**
 * Adds to a training text its files and records as documents.
 * @throws CharnnError if it has neither
 */
export function withDocuments(corpus: TrainingText, starts: FileStarts): TrainingText {
  const { vocabulary, separator } = corpus;
  if (separator === undefined && starts.train.length < 2) {
    throw new CharnnError(
      `${optionName('documents')} needs more than one document: the text is a single file, and no separator is found in it; give ${optionName('separator')}`,
    );
  }
  const common = {
    separator: separator === undefined ? [] : Array.from(vocabulary.encode(separator).ids),
    beginning: textBeginning(vocabulary),
  };
  const documents = {
    train: { ...common, starts: starts.train },
    validation: { ...common, starts: starts.validation },
  };
  return { ...corpus, documents };
}
