/** From the options of `charnn train` to a training that can begin, or go on. */
import { resolve } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { readModel } from '../checkpoint/model-file.js';
import { readState } from '../checkpoint/state-file.js';
import { grouped, type Output } from '../cli/output.js';
import { usableCores } from '../machine/cores.js';
import { quote } from '../messages/quote.js';
import type { Model } from '../model/model.js';
import { variants } from '../model/model-config.js';
import { sharedRun, sharedShare } from '../novelty/overlap.js';
import { type Complete, withDefaults } from '../options/table.js';
import { type Corpus, loadCorpus } from '../text/corpus.js';
import { withSeparator } from '../text/separator.js';
import { type BatchShape, fitToCorpus, splitCorpus } from '../text/split.js';
import type { Ids, TextOptions } from '../text/unit.js';
import type { Vocabulary } from '../text/vocabulary.js';
import type { TrainingJob, TrainingText } from '../train/job.js';
import { trainingSpeed } from '../train/length/benchmark.js';
import { batchShape, recipe, type SizeName, sizes } from '../train/length/recipe.js';
import {
  type Picked,
  resolveTraining,
  resumeTraining,
  textSettings,
  trainLength,
} from '../train/resolve.js';
import { type CommandTrainOptions, schema } from '../train/schema/schema.js';
import { trainingRows } from '../train/schema/training-rows.js';
import type { OptimizerConfig } from '../train/train-config.js';
import { findState, matchModel } from './claim-output.js';
import {
  anotherText,
  changesOf,
  recordedSource,
  requireRecorded,
  type TextSource,
} from './recorded-text.js';
import { type FileStarts, readSeparatorOption, withDocuments, withRecords } from './records.js';
import { folderReporter, readingOf, skippedIn } from './text-reading.js';

export type Prepared = Omit<TrainingJob, 'save' | 'onEvent' | 'signal'>;

/** A training from its beginning: text, sizes and configuration. */
export async function prepareNew(
  texts: readonly string[],
  options: CommandTrainOptions,
  output: Output,
): Promise<Prepared> {
  const { text, ...settings } = textSettings(options);
  const givenSeparator = readSeparatorOption(options.separator, text);
  const initFrom = options.initFrom === undefined ? undefined : await readModel(options.initFrom);
  const source: TextSource = {
    texts,
    ...settings,
    valFile: settings.valFile ?? null,
    reading: readingOf(options, text.unit),
  };
  const {
    corpus: loaded,
    starts,
    files,
    leftOut,
  } = await loadTraining(source, text, undefined, output);
  const records = withRecords(loaded, givenSeparator, output);
  const corpus = options.documents ? withDocuments(records, starts) : records;
  warnOfOverlap(corpus, output);
  const batchOf = (name: SizeName) => {
    const usual = batchShape(corpus.train.length, name);
    const { batchSize = usual.batchSize, seqLength = usual.seqLength } = options;
    return fitToCorpus(corpus.train.length, { batchSize, seqLength });
  };
  const threads = options.threads ?? usableCores();
  const { name, ...picked } = await pick(options, threads, batchOf, corpus, initFrom, output);
  const { warning, ...batch } = batchOf(name);
  if (warning !== undefined) output.warn(warning);
  // the text may be too short for the batch that was asked for, and a thread needs a row
  const fitted = { ...batch, threads: Math.min(threads, batch.batchSize) };
  const resolved = resolveTraining({ ...options, ...fitted }, { ...picked, ...fitted });
  return {
    corpus,
    ...resolved,
    // to be found again from any folder
    source: {
      ...source,
      texts: source.texts.map(absolute),
      valFile: source.valFile === null ? null : absolute(source.valFile),
      files,
      ...(leftOut.length > 0 && { leftOut }),
    },
    ...(initFrom && { initFrom }),
  };
}

/** Picks size, dropout and length where they are not given, and says so. */
async function pick(
  options: CommandTrainOptions,
  threads: number,
  batchOf: (name: SizeName) => BatchShape,
  { train, vocabulary }: TrainingText,
  initFrom: Model | undefined,
  output: Output,
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
  const speed =
    length?.kind === 'seconds'
      ? await trainingSpeed({
          ...{ ...sizes.small, vocabulary: vocabulary.size, cell },
          ...variants({ residual, layerNorm }),
          ...{ batchSize, seqLength, backend, iterations: 10 },
          training: optimizerOf(options),
          threads: Math.min(threads, batchSize),
        })
      : undefined;
  const { name, size, dropout, epochs, ...rest } = recipe({
    characters: train.length,
    // sizes that are given are no reason to measure by another
    size: asked ?? (shaped ? 'small' : undefined),
    length,
    charactersPerStep: (name) => batchOf(name).batchSize * batchOf(name).seqLength,
    speed,
  });
  const choices = [
    ...(shaped ? [] : [`size ${name} (${size.layers} × ${size.hidden})`]),
    ...(options.dropout === undefined ? [`dropout ${dropout}`] : []),
  ];
  const isShortened = !shaped && length !== undefined && rest.length !== length;
  const times = epochs < 10 ? epochs.toFixed(1) : grouped(Math.round(epochs));
  if (choices.length > 0) {
    const more = isShortened ? '; training longer would overfit' : '';
    output.note(`picked ${choices.join(', ')}: the text will be read about ${times} times${more}`);
  }
  return {
    name,
    model: initFrom?.config ?? size,
    dropout,
    length: length === undefined || isShortened ? rest.length : length,
  };
}

/**
 * A training that goes on from its state.
 * @throws CharnnError when the text, or the model beside the state, is another one
 */
export async function prepareResumed(
  texts: readonly string[],
  options: CommandTrainOptions,
  modelPath: string,
  output: Output,
): Promise<Prepared> {
  const path = await findState(modelPath);
  const { resume: state, best } = await matchModel(await readState(path), path, modelPath, output);
  const config = resumeTraining(options, state.config);
  const recorded = recordedSource(state.source, path);
  const { provenance } = state;
  const leavingOut = { known: new Set(recorded.leftOut), onOwnStream: () => {} };
  const rules = { reading: recorded.reading, unit: state.text.unit, leavingOut };
  if (texts.length === 0) {
    const bytes = provenance.bytes ?? null;
    await requireRecorded(recorded.texts, bytes, path, recorded.files, rules);
  }
  if (recorded.valFile !== null) {
    const bytes = provenance.validationBytes;
    await requireRecorded([recorded.valFile], bytes, path, undefined, rules);
  }
  const source = texts.length > 0 ? { ...recorded, texts: texts.map(absolute) } : recorded;
  const read = await loadTraining(source, state.text, state.vocabulary, output);
  const { starts, leftOut } = read;
  const records = { ...read.corpus, ...withSeparator(state.separator) };
  const corpus = config.documents ? withDocuments(records, starts) : records;
  const { sha256, validationSha256 } = corpus.provenance;
  if (sha256 !== provenance.sha256) {
    throw anotherText(path, source.texts, changesOf(recorded.files, read.files));
  }
  // states before version 3 have no hash of it
  const isRecorded = provenance.validationSha256 !== undefined;
  if (isRecorded && validationSha256 !== provenance.validationSha256) {
    throw anotherText(path, [source.valFile ?? ''], '');
  }
  const { vocabulary: _, ...model } = state.model;
  const threads = Math.min(config.threads, config.batchSize);
  return {
    corpus: { ...corpus, provenance },
    model,
    config: { ...config, threads },
    source: { ...state.source, ...(leftOut.length > 0 && { leftOut }) },
    // another length is planned anew
    resume: isDeepStrictEqual(config.length, state.config.length)
      ? state
      : { ...state, plan: { ...state.plan, steps: null } },
    ...(best && { best }),
  };
}

interface LoadedTraining {
  readonly corpus: TrainingText;
  readonly starts: FileStarts;
  readonly files: Corpus['parts'];
  readonly leftOut: readonly string[];
}

async function loadTraining(
  source: TextSource,
  text: TextOptions,
  vocabulary: Vocabulary | undefined,
  output: Output,
): Promise<LoadedTraining> {
  const { minCount, valFile, valFrac, valChars, reading } = source;
  // a text that is resumed was reported when it was new
  const onFolder = vocabulary === undefined ? folderReporter(output) : undefined;
  const leftOut = new Set(source.leftOut);
  const leavingOut = {
    known: leftOut,
    onOwnStream(path: string, stream: string) {
      output.note(`left out ${quote(path)}: the ${stream} of this training goes to it`);
      leftOut.add(resolve(path));
    },
  };
  const load = (paths: readonly string[], known: Vocabulary | undefined): Promise<Corpus> =>
    loadCorpus(paths, {
      text,
      minCount,
      reading,
      onFolder,
      stdin: process.stdin,
      leavingOut,
      ...(known && { vocabulary: known }),
    });
  const corpus = await load(source.texts, vocabulary);
  if (corpus.unknown > 0 && vocabulary === undefined) {
    const plural = corpus.unknown === 1 ? ' is' : 's are';
    output.note(`${grouped(corpus.unknown)} rare character${plural} read as unknown`);
  }
  const split = splitCorpus(corpus.ids, valFrac);
  let validation: Ids = split.validation;
  let validationText = {};
  const edge = split.train.length;
  let validationStarts = corpus.starts.filter((at) => at > edge).map((at) => at - edge);
  if (valFile !== null) {
    const other = await load([valFile], corpus.vocabulary);
    validation = other.ids;
    validationStarts = other.starts.slice(1);
    validationText = { validationSha256: other.sha256, validationBytes: other.bytes };
    if (other.unknown > 0) {
      output.warn(
        `${grouped(other.unknown)} characters of ${quote(valFile)} are unknown to the model`,
      );
    }
  }
  if (validation.length < 2) {
    // where not even training is possible, that is said instead
    if ((valFrac > 0 || valFile !== null) && split.train.length > 1) {
      output.warn('the text is too short for a validation part: the training loss is used instead');
    }
    validation = validation.subarray(0, 0);
  } else if (validation.length > valChars) {
    output.note(
      `validating on the first ${grouped(valChars)} of ${grouped(validation.length)} characters (--val-chars)`,
    );
    validation = validation.subarray(0, valChars);
  }
  const training = {
    train: split.train,
    validation,
    vocabulary: corpus.vocabulary,
    text,
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
  return {
    corpus: training,
    starts: { train: corpus.starts.filter((at) => at < edge), validation: validationStarts },
    files: corpus.parts,
    leftOut: [...leftOut],
  };
}

/** The optimiser's part of the configuration, which decides on the speed. */
function optimizerOf(options: CommandTrainOptions): OptimizerConfig {
  const rows = withDefaults(trainingRows, options) as Complete<typeof trainingRows>;
  const { optimizer, weightDecay, beta1, beta2, alpha, momentum, epsilon } = rows;
  return { optimizer, weightDecay, beta1, beta2, alpha, momentum, epsilon };
}

/** Below this it is chance: phrases that recur in any text */
const minOverlap = 0.02;

/** Says when the validation text also stands in the training text, so that its loss flatters. */
function warnOfOverlap({ train, validation }: TrainingText, output: Output): void {
  const share = sharedShare(train, validation);
  if (share < minOverlap) return;
  output.warn(
    `${(100 * share).toFixed(0)} % of the validation text also occurs in the training text, in runs of ${sharedRun} characters or more: its loss will be lower than that of new text; remove the duplicates, or give another text with --val-file`,
  );
}

function absolute(path: string): string {
  return path === '-' ? path : resolve(path);
}
