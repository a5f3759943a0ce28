/** Divides a text between training and validation. */
import { optionName } from '../errors.js';
import { grouped, quote } from '../messages/quote.js';
import type { Conditions } from '../text/conditions.js';
import { type IdList, idsInMemory } from '../text/id-list.js';
import { type CorpusOptions, loadCorpus } from '../text/load-corpus.js';
import { splitCorpus } from '../text/split.js';
import type { Vocabulary } from '../text/vocabulary.js';
import type { TrainingText } from '../train/job.js';
import { conditionReader, recordedBeside } from './given-beside.js';
import type { LoadedText } from './loaded-text.js';
import type { Messages } from './messages.js';
import type { FileStarts } from './records.js';
import { folderReporter, skippedIn } from './text-reading.js';

export interface ValidationSource {
  readonly valFrac: number;
  /** The path of a separate validation text, instead of the end of the training text */
  readonly valFile: string | null;
  /** Max number of characters to validate on */
  readonly valChars: number;
}

/** A text with its parts for training and validation */
export interface SplitText {
  readonly corpus: TrainingText;
  readonly starts: FileStarts;
  /** Labels and vectors of the records in a validation file */
  readonly validationGiven?: Conditions | undefined;
}

/**
 * @param known the vocabulary of a resumed training run; the folders of its validation text are not reported again
 * @throws CharnnError for a validation text that cannot be read
 */
export async function trainingText(
  { corpus, text, minCount, reading, coding, given, leftOut, makeList }: LoadedText,
  { valFrac, valFile, valChars }: ValidationSource,
  known: Vocabulary | undefined,
  messages: Messages,
): Promise<SplitText> {
  const split = splitCorpus(corpus.ids, valFrac);
  let validation: IdList = split.validation;
  let validationText = {};
  let validationGiven: Conditions | undefined;
  const edge = split.train.length;
  let validationStarts = corpus.starts.filter((at) => at > edge).map((at) => at - edge);
  if (valFile !== null) {
    const beside = conditionReader(reading, given);
    const options: CorpusOptions = {
      beside,
      text,
      minCount,
      reading,
      coding,
      vocabulary: corpus.vocabulary,
      onFolder: known === undefined ? folderReporter(messages) : undefined,
      stdin: process.stdin,
      leavingOut: { known: new Set(leftOut), onOwnStream() {} },
    };
    const other = await loadCorpus([valFile], options, makeList);
    validation = other.ids;
    validationGiven = beside?.finish().conditions;
    validationStarts = other.starts.slice(1);
    validationText = { validationSha256: other.sha256, validationBytes: other.bytes };
    if (other.unknown > 0) {
      messages.warn(
        `${grouped(other.unknown)} characters of ${quote(valFile)} are unknown to the model`,
      );
    }
  }
  if (validation.length < 2) {
    // a text that is too short even for training is refused elsewhere, so it needs no warning here
    if ((valFrac > 0 || valFile !== null) && split.train.length > 1) {
      messages.warn(
        'the text is too short to hold out a part for validation, so the training loss is used instead',
      );
    }
    validation = validation.subarray(0, 0);
  } else if (validation.length > valChars) {
    messages.note(
      `validating on the first ${grouped(valChars)} of ${grouped(validation.length)} characters (${optionName('valChars')})`,
    );
    validation = validation.subarray(0, valChars);
  }
  const training = {
    train: split.train,
    validation: idsInMemory(validation),
    vocabulary: corpus.vocabulary,
    text,
    ...recordedBeside(reading, given),
    provenance: {
      sha256: corpus.sha256,
      bytes: corpus.bytes,
      files: corpus.files,
      ...skippedIn(corpus.folders),
      ...(reading.encoding !== undefined && { encoding: reading.encoding }),
      minCount,
      trainCharacters: split.train.length,
      validationCharacters: validation.length,
      ...validationText,
    },
  };
  const starts = corpus.starts.filter((at) => at < edge);
  return {
    corpus: training,
    starts: { train: starts, validation: validationStarts },
    ...(validationGiven && { validationGiven }),
  };
}
