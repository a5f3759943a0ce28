/** The separator that ends the records of a training text: given by the user, or found in the text and reported. */
import { CharnnError, optionName, UsageError } from '../errors.js';
import { limits } from '../limits.js';
import type { Conditions } from '../text/conditions.js';
import { prepareText } from '../text/decode.js';
import { textBeginning } from '../text/documents.js';
import { idsInMemory } from '../text/id-list.js';
import { lineEnds, recordLabels } from '../text/record-labels.js';
import { describeSeparator, findSeparator } from '../text/separator.js';
import type { TextOptions } from '../text/unit.js';
import type { TrainingText } from '../train/job.js';
import type { Messages } from './messages.js';

/**
 * Returns a given separator with its line ends and normal form converted as those of the text are; it is empty if there
 * is to be no separator.
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
 * @param given the separator that `readSeparatorOption` returned; if absent, one is looked for in the text
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
      `${optionName('separator')} ${JSON.stringify(given)} does not occur in the text, so it is ignored`,
    );
    return corpus;
  }
  const separator = findSeparator(corpus.train, corpus.vocabulary);
  if (separator === undefined) return corpus;
  messages.note(
    `the text seems to consist of records, each ended by ${describeSeparator(separator)}, so sample -n will write such records; if that is wrong, give ${optionName('separator', "''")}`,
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
 * @throws CharnnError for a text of a single file without a separator
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

/**
 * Adds to a training text its records with their labels, each as a document.
 * @param given labels of the training text, and of a separate validation text
 */
export function withLabelledRecords(
  corpus: TrainingText,
  starts: FileStarts,
  given: Conditions,
  validationGiven: Conditions | undefined,
): TrainingText {
  const { documents, ...rest } = withDocuments(corpus, starts);
  if (documents === undefined) return rest;
  const { validation, vocabulary } = rest;
  const train = idsInMemory(rest.train);
  const counted = rest.counted ? idsInMemory(rest.counted) : train;
  const newline = vocabulary.id(0x0a);
  const heldOut = counted.subarray(0, counted.length - train.length);
  const before = lineEnds(heldOut, newline);
  const ofValidation = validationGiven
    ? recordLabels(validation, newline, 0, validationGiven)
    : recordLabels(validation, newline, lineEnds(counted, newline), given);
  const labels = recordLabels(train, newline, before, given);
  const { starts: _, ...common } = documents.train;
  return {
    ...rest,
    documents: {
      train: { ...documents.train, labels },
      validation: { ...documents.validation, labels: ofValidation },
      held: { ...common, starts: [], labels: recordLabels(heldOut, newline, 0, given) },
    },
  };
}
