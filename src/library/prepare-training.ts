/** Prepares a training run from a text and options, or from a state. */

import { isDeepStrictEqual } from 'node:util';
import type { Precision } from '../backend/device.js';
import { readState } from '../checkpoint/state-file.js';
import { CharnnError, optionName } from '../errors.js';
import { grouped, quote } from '../messages/quote.js';
import { chooseCell } from '../model/cells/cells.js';
import { architectureFlags } from '../model/model-config.js';
import type { Model } from '../model/model-data.js';
import { sharedFraction, sharedRun } from '../novelty/overlap.js';
import { withSeparator } from '../text/separator.js';
import { type BatchShape, fitToCorpus } from '../text/split.js';
import type { PreparedTraining, TrainingText } from '../train/job.js';
import { trainingSpeed } from '../train/length/benchmark.js';
import { batchShape, preset, type SizeName, sizes } from '../train/length/preset.js';
import { choosePrecision, precisionOf } from '../train/precision.js';
import {
  type Picked,
  resolveTraining,
  resumeTraining,
  textSettings,
  trainLength,
} from '../train/resolve.js';
import type { TrainingState } from '../train/saving/training-state.js';
import { type CommandTrainOptions, schema } from '../train/schema/schema.js';
import type { TrainConfig } from '../train/train-config.js';
import { findState, matchModel } from './claim-output.js';
import { countedContext, countsIn, startsIn, withHeldOut } from './counted-text.js';
import { withConditions } from './given-beside.js';
import { absolute, type LoadedText } from './loaded-text.js';
import type { Messages } from './messages.js';
import { optimizerOf } from './optimizer-options.js';
import { pairedText } from './paired-text.js';
import { preparePairs } from './prepare-pairs.js';
import { alone, type ProcessCounts, threadsHere, threadsOfAll } from './process-counts.js';
import { sourceOf } from './recorded-source.js';
import { anotherText, changesOf, recordedSource, type TextSource } from './recorded-text.js';
import { withDocuments, withLabelledRecords, withRecords } from './records.js';
import { type SplitText, trainingText, type ValidationSource } from './training-text.js';

/**
 * Prepares a new training run: decides sizes and configuration.
 * @param initFrom a model to start from
 */
export async function prepareNew(
  loaded: LoadedText,
  options: CommandTrainOptions,
  initFrom: Model | undefined,
  messages: Messages,
  processes: ProcessCounts = alone,
): Promise<PreparedTraining> {
  const { valFrac, valFile, valChars } = textSettings(options);
  const validating = { valFrac, valFile: valFile ?? null, valChars };
  if (options.pairs)
    return preparePairs(loaded, validating, options, initFrom, messages, processes);
  const split = await trainingText(loaded, validating, undefined, messages);
  // each record with labels is one line of the text
  const separator = loaded.given ? '\n' : loaded.separator;
  const whole = withRecords(split.corpus, separator, messages);
  const counts = countedContext(options.counts, whole, initFrom, messages);
  const records = withHeldOut(whole, counts);
  const documents = options.documents || loaded.given !== undefined;
  const corpus = documents ? documentsOf(records, split, loaded) : records;
  warnOfOverlap(corpus, messages);
  const batchOf = (name: SizeName) => {
    const usual = batchShape(corpus.train.length, name);
    const { batchSize = usual.batchSize, seqLength = usual.seqLength } = options;
    return fitToCorpus(corpus.train.length, { batchSize, seqLength });
  };
  const asked = options.threads ?? threadsHere(processes);
  const { name, ...picked } = await pick(
    ...([options, asked, processes.total, batchOf, corpus, initFrom, messages] as const),
  );
  const { warning, ...batch } = batchOf(name);
  if (warning !== undefined) messages.warn(warning);
  // the text may be too short for the requested batch, and a thread needs at least one row
  const fitted = { ...batch, threads: threadsOfAll(asked, batch.batchSize, processes) };
  const resolved = resolveTraining(
    { ...options, ...fitted, counts, ...(documents && { documents }) },
    { ...picked, ...fitted },
  );
  const givenCounts = countsIn(initFrom, corpus, counts);
  return {
    corpus,
    ...resolved,
    model: withConditions(resolved.model, loaded.given),
    // paths are absolute, so that the texts are found from any folder
    source: sourceOf(loaded, validating),
    ...(initFrom && { initFrom }),
    ...(givenCounts && { givenCounts }),
  };
}

/**
 * Picks size, dropout and length where they are not given, and reports what was picked. A given time is shortened if
 * the text cannot use all of it.
 */
async function pick(
  options: CommandTrainOptions,
  threads: number,
  processes: number,
  batchOf: (name: SizeName) => BatchShape,
  { train, vocabulary }: TrainingText,
  initFrom: Model | undefined,
  messages: Messages,
): Promise<Omit<Picked, 'batchSize' | 'seqLength' | 'threads'> & { readonly name: SizeName }> {
  const shaped =
    options.layers !== undefined || options.hidden !== undefined || initFrom !== undefined;
  const length = trainLength(options);
  const asked = options.size === 'auto' ? undefined : options.size;
  const { batchSize, seqLength } = batchOf('small');
  const {
    cell = schema.cell.default,
    residual = false,
    layerNorm = false,
    backend = 'auto',
  } = options;
  if (length?.kind === 'seconds') messages.phase?.('measuring');
  const speed =
    length?.kind === 'seconds'
      ? await trainingSpeed({
          ...{ ...sizes.small, vocabulary: vocabulary.size, ...chooseCell(cell) },
          ...architectureFlags({ residual, layerNorm }),
          ...{ batchSize, seqLength, backend, iterations: 10 },
          precision: choosePrecision(options.precision, {
            ...sizes.small,
            ...chooseCell(cell),
            backend,
          }),
          training: optimizerOf(options),
          threads: Math.min(threads, batchSize),
        })
      : undefined;
  // the speed of the other processes is not measured, but assumed to be the same
  const { name, size, dropout, epochs, ...rest } = preset({
    characters: train.length,
    // if numbers of layers or units or a model to start from are given, the training is planned as for size small,
    // whose speed was measured
    size: asked ?? (shaped ? 'small' : undefined),
    length,
    charactersPerStep: (name) => batchOf(name).batchSize * batchOf(name).seqLength,
    speed: speed && speed * processes,
  });
  const choices = [
    ...(shaped ? [] : [`size ${name} (${size.layers} × ${size.hidden})`]),
    ...(options.dropout === undefined ? [`dropout ${dropout}`] : []),
  ];
  const isShortened = !shaped && length !== undefined && rest.length !== length;
  const times = epochs < 10 ? epochs.toFixed(1) : grouped(Math.round(epochs));
  if (choices.length > 0) {
    const more = isShortened ? '; training longer would overfit' : '';
    messages.note(`chose ${choices.join(', ')}: the text will be read about ${times} times${more}`);
  }
  return {
    name,
    model: initFrom?.config ?? size,
    dropout,
    length: length === undefined || isShortened ? rest.length : length,
  };
}

/** Returns the text of a resumed training run; `path` is that of its state, for messages. */
export type ResumedText = (
  state: TrainingState,
  source: TextSource,
  path: string,
) => Promise<LoadedText>;

/**
 * Prepares a training run that resumes from its state.
 * @throws CharnnError when the text, or the model beside the state, is not the one that the state records
 */
export async function prepareResumed(
  textOf: ResumedText,
  options: CommandTrainOptions,
  modelPath: string,
  messages: Messages,
  processes: ProcessCounts = alone,
): Promise<PreparedTraining> {
  const path = await findState(modelPath);
  const { resume: state, best } = await matchModel(
    await readState(path),
    path,
    modelPath,
    messages,
  );
  const config = resumeTraining(options, state.config);
  noteOtherPrecision(precisionOf(state.config), precisionOf(config), messages);
  const recorded = recordedSource(state.source, path);
  const { provenance } = state;
  const loaded = await textOf(state, recorded, path);
  if (loaded.corpus.sha256 !== provenance.sha256) {
    // the paths are shown as the state records them, unless they were given again
    const isNamed = isDeepStrictEqual(loaded.paths, recorded.texts.map(absolute));
    const shown = isNamed ? recorded.texts : loaded.paths;
    throw anotherText(path, shown, changesOf(recorded.files, loaded.corpus.parts));
  }
  const corpus = state.model.pairs
    ? await pairedText(loaded, recorded, config.seed, state.vocabulary, messages)
    : await resumedCorpus(loaded, recorded, state, config, messages);
  const { validationSha256 } = corpus.provenance;
  // states before version 3 do not record the hash of the validation text
  const isRecorded = provenance.validationSha256 !== undefined;
  if (isRecorded && validationSha256 !== provenance.validationSha256) {
    throw anotherText(path, [recorded.valFile ?? ''], '');
  }
  if (!isDeepStrictEqual(loaded.corpus.vocabulary.symbols, state.vocabulary.symbols)) {
    throw new CharnnError(
      `the text was read with other options than when ${quote(path)} was trained on it: give the same ${optionName('minCount')}, ${optionName('encoding')} and ${optionName('format')}`,
    );
  }
  const { vocabulary: _, ...model } = state.model;
  const each = options.threads ?? Math.max(1, Math.floor(config.threads / processes.total));
  const threads = threadsOfAll(each, config.batchSize, processes);
  const { leftOut } = loaded;
  return {
    corpus: { ...corpus, provenance },
    model,
    config: { ...config, threads },
    source: { ...state.source, ...(leftOut.length > 0 && { leftOut }) },
    // if the length of the training has changed, the number of steps must be planned anew
    resume: isDeepStrictEqual(config.length, state.config.length)
      ? state
      : { ...state, plan: { ...state.plan, steps: null } },
    ...(best && { best }),
    ...(state.counts && { givenCounts: state.counts }),
  };
}

/** Says that a training run continues in another precision than that of its first steps. */
function noteOtherPrecision(before: Precision, now: Precision, messages: Messages): void {
  if (before === now) return;
  messages.note(
    `the model was trained in ${before} so far, and training continues in ${now}: the result will differ from that of training in ${before} only`,
  );
}

async function resumedCorpus(
  loaded: LoadedText,
  recorded: ValidationSource,
  { vocabulary, separator }: TrainingState,
  { documents, counts }: TrainConfig,
  messages: Messages,
): Promise<TrainingText> {
  const split = await trainingText(loaded, recorded, vocabulary, messages);
  const whole = { ...split.corpus, ...withSeparator(separator) };
  const records = withHeldOut(whole, counts === 'auto' || counts === 0 ? undefined : counts);
  return documents ? documentsOf(records, split, loaded) : records;
}

/** A text with its files and records as documents, and with the labels of its records */
function documentsOf(
  records: TrainingText,
  { starts, validationGiven }: SplitText,
  { given }: LoadedText,
): TrainingText {
  const own = startsIn(records, starts);
  if (given === undefined) return withDocuments(records, own);
  return withLabelledRecords(records, own, given.conditions, validationGiven);
}

/**
 * Min fraction of the validation text that must also be in the training text for a warning. A smaller one occurs there
 * by chance, because some phrases occur in any text.
 */
const minOverlap = 0.02;

/** Warns if the validation text also occurs in the training text, so that its loss would be too low. */
function warnOfOverlap({ train, validation }: TrainingText, messages: Messages): void {
  const fraction = sharedFraction(train, validation);
  if (fraction < minOverlap) return;
  messages.warn(
    `${(100 * fraction).toFixed(0)} % of the validation text also occurs in the training text, in passages of ${sharedRun} characters or more, so the validation loss will be lower than the loss on new text; remove the duplicates, or give another text with ${optionName('valFile')}`,
  );
}
