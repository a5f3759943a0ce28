/** `charnn train`: a text becomes a model. */
import { resolve } from 'node:path';
import type { Lock } from '../checkpoint/lock.js';
import { modelBytes, readModel, writeModel } from '../checkpoint/model-file.js';
import { readState, stateBytes, statePath, writeState } from '../checkpoint/state-file.js';
import { defaults } from '../cli/options.js';
import { clock, createOutput, grouped, type Output } from '../cli/output.js';
import { createProgress } from '../cli/progress.js';
import {
  type Picked,
  type RawTrainOptions,
  resumedConfig,
  trainLength,
  trainSettings,
} from '../cli/train-config.js';
import { CharnnError, DivergenceError, exitCode } from '../errors.js';
import { yardstick } from '../evaluate/yardstick.js';
import type { Model } from '../model/model.js';
import { type Corpus, loadCorpus } from '../text/corpus.js';
import { quote } from '../text/quote.js';
import { fitToCorpus, splitCorpus } from '../text/split.js';
import type { Ids, TextOptions } from '../text/unit.js';
import type { Vocabulary } from '../text/vocabulary.js';
import { trainingSpeed } from '../train/benchmark.js';
import type { TrainConfig } from '../train/config.js';
import type { EndEvent } from '../train/events.js';
import { recipe, sizes } from '../train/recipe.js';
import { runTraining, type TrainingJob, type TrainingText } from '../train/run.js';
import { claimOutput, matchModel, requireSpace } from './claim-output.js';
import { textArguments } from './text-arguments.js';
import { yardstickLine } from './yardstick-line.js';

type Prepared = Pick<TrainingJob, 'corpus' | 'model' | 'config' | 'source' | 'resume' | 'initFrom'>;

export interface TrainingOutcome {
  readonly reason: EndEvent['reason'];
  /** What interrupted it */
  readonly signal: NodeJS.Signals | undefined;
}

export async function train(
  texts: readonly string[],
  raw: RawTrainOptions,
): Promise<TrainingOutcome> {
  const output = createOutput(raw.quiet ?? false);
  const modelPath = raw.output ?? defaults.output;
  const resuming = raw.resume ?? false;
  if (resuming) resumedConfigIsValid(raw);
  const lock = await claimOutput(modelPath, resuming || (raw.force ?? false));
  try {
    const prepared = resuming
      ? await prepareResumed(texts, raw, modelPath, output)
      : await prepareNew(texts, raw, output);
    const model = { ...prepared.model, vocabulary: prepared.corpus.vocabulary.size };
    await requireSpace(modelPath, modelBytes(model) + stateBytes(model, prepared.config));
    return await run(prepared, raw, modelPath, output, lock);
  } finally {
    lock.release();
  }
}

async function run(
  prepared: Prepared,
  raw: RawTrainOptions,
  modelPath: string,
  output: Output,
  lock: Lock,
): Promise<TrainingOutcome> {
  const progress = createProgress({ json: raw.json ?? false, quiet: raw.quiet ?? false });
  const interruption = listenForSignals();
  try {
    const end = await runTraining({
      ...prepared,
      signal: interruption.signal,
      onEvent: (event) => progress.show(event),
      save: {
        async model(model) {
          lock.check();
          await writeModel(modelPath, model, { plainWeights: raw.plainWeights ?? false });
          progress.show({ type: 'saved', what: 'model', path: modelPath });
        },
        async state(state) {
          lock.check();
          const path = statePath(modelPath);
          await writeState(path, state);
          progress.show({ type: 'saved', what: 'state', path });
        },
      },
    });
    progress.stop();
    conclude(end, modelPath, output);
    sayHowToRepeat(end, prepared, output);
    if (end.reason === 'finished' || end.reason === 'overfitting')
      await compare(prepared.corpus, raw, output);
    return { reason: end.reason, signal: interruption.signal.reason };
  } finally {
    progress.stop();
    interruption.stopListening();
  }
}

// --- before the training ---

interface TextSource {
  readonly texts: readonly string[];
  readonly valFile: string | null;
  readonly valFrac: number;
  readonly valChars: number;
  readonly minCount: number;
}

async function prepareNew(
  texts: readonly string[],
  raw: RawTrainOptions,
  output: Output,
): Promise<Prepared> {
  const settings = trainSettings(raw);
  const { text, minCount, valFile, valFrac, valChars } = settings;
  const initFrom = raw.initFrom === undefined ? undefined : await readModel(raw.initFrom);
  const source: TextSource = {
    texts: textArguments(texts),
    valFile: valFile ?? null,
    valFrac,
    valChars,
    minCount,
  };
  const corpus = await loadTraining(source, text, undefined, output);
  const { warning, ...shape } = fitToCorpus(corpus.train.length, settings.train);
  if (warning !== undefined) output.warn(warning);
  const threads = Math.min(settings.train.threads, shape.batchSize);
  const picked = await pick(
    raw,
    { ...settings.train, ...shape, threads },
    corpus,
    initFrom,
    output,
  );
  const { model, train: chosen } = trainSettings(raw, picked);
  const config = Object.freeze({ ...chosen, ...shape, threads });
  return {
    corpus,
    model,
    config,
    // to be found again from any folder
    source: {
      ...source,
      texts: source.texts.map(absolute),
      valFile: source.valFile === null ? null : absolute(source.valFile),
    },
    ...(initFrom && { initFrom }),
  };
}

/** Picks size, dropout and length where they are not given, and says so. */
async function pick(
  raw: RawTrainOptions,
  config: TrainConfig,
  { train, vocabulary }: TrainingText,
  initFrom: Model | undefined,
  output: Output,
): Promise<Picked> {
  const { batchSize, seqLength, threads, backend } = config;
  const shaped = raw.layers !== undefined || raw.hidden !== undefined || initFrom !== undefined;
  const length = trainLength(raw);
  const speed =
    length?.kind === 'seconds'
      ? await trainingSpeed({
          ...{ cell: raw.cell ?? defaults.cell, ...sizes.small, vocabulary: vocabulary.size },
          ...{ batchSize, seqLength, threads, backend, iterations: 10 },
        })
      : undefined;
  const { name, size, dropout, epochs, ...rest } = recipe({
    characters: train.length,
    // sizes that are given are no reason to measure by another
    size: raw.size ?? (shaped ? 'small' : undefined),
    length,
    charactersPerStep: batchSize * seqLength,
    speed,
  });
  const choices = [
    ...(shaped ? [] : [`size ${name} (${size.layers} × ${size.hidden})`]),
    ...(raw.dropout === undefined ? [`dropout ${dropout}`] : []),
  ];
  const times = epochs < 10 ? epochs.toFixed(1) : grouped(Math.round(epochs));
  if (choices.length > 0) {
    output.note(`picked ${choices.join(', ')}: the text will be read about ${times} times`);
  }
  return { model: initFrom?.config ?? size, dropout, length: rest.length };
}

async function prepareResumed(
  texts: readonly string[],
  raw: RawTrainOptions,
  modelPath: string,
  output: Output,
): Promise<Prepared> {
  const path = statePath(modelPath);
  const state = await matchModel(await readState(path), modelPath, output);
  const config = resumedConfig(raw, state.config);
  const recorded = state.source as unknown as TextSource;
  const source = texts.length > 0 ? { ...recorded, texts: texts.map(absolute) } : recorded;
  const corpus = await loadTraining(source, state.text, state.vocabulary, output);
  if (corpus.provenance.sha256 !== state.provenance.sha256) {
    throw new CharnnError(
      `the text is not the one that ${quote(path)} was trained on: give that text, or start anew with --init-from ${quote(modelPath)}`,
    );
  }
  const { vocabulary: _, ...model } = state.model;
  const threads = Math.min(config.threads, config.batchSize);
  return {
    corpus: { ...corpus, provenance: state.provenance },
    model,
    config: { ...config, threads },
    source: state.source,
    resume: state,
  };
}

async function loadTraining(
  source: TextSource,
  text: TextOptions,
  vocabulary: Vocabulary | undefined,
  output: Output,
): Promise<TrainingText> {
  const { minCount, valFile, valFrac, valChars } = source;
  const load = (paths: readonly string[], known: Vocabulary | undefined): Promise<Corpus> =>
    loadCorpus(paths, {
      text,
      minCount,
      stdin: process.stdin,
      ...(known && { vocabulary: known }),
    });
  const corpus = await load(source.texts, vocabulary);
  if (corpus.unknown > 0 && vocabulary === undefined) {
    const plural = corpus.unknown === 1 ? ' is' : 's are';
    output.note(`${grouped(corpus.unknown)} rare character${plural} read as unknown`);
  }
  const split = splitCorpus(corpus.ids, valFrac);
  let validation: Ids = split.validation;
  if (valFile !== null) {
    const other = await load([valFile], corpus.vocabulary);
    validation = other.ids;
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
  return {
    train: split.train,
    validation,
    vocabulary: corpus.vocabulary,
    text,
    provenance: {
      sha256: corpus.sha256,
      bytes: corpus.bytes,
      files: corpus.files,
      minCount,
      trainCharacters: split.train.length,
      validationCharacters: validation.length,
    },
  };
}

/** Finds contradictions in the options before anything is read. */
function resumedConfigIsValid(raw: RawTrainOptions): void {
  resumedConfig(raw, trainSettings({}).train);
}

function absolute(path: string): string {
  return path === '-' ? path : resolve(path);
}

// --- while it runs, and after ---

const terminationSignals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/** The first signal asks for an orderly end; the second, of any kind, ends the process. */
function listenForSignals() {
  const controller = new AbortController();
  const onSignal = (name: NodeJS.Signals) => {
    if (controller.signal.aborted) process.exit(exitCode.interrupted);
    controller.abort(name);
  };
  for (const name of terminationSignals) process.on(name, onSignal);
  return {
    signal: controller.signal,
    stopListening() {
      for (const name of terminationSignals) process.off(name, onSignal);
    },
  };
}

function conclude(end: EndEvent, modelPath: string, output: Output): void {
  const shown = quote(modelPath);
  const custom = modelPath === defaults.output ? '' : ` -o ${shown}`;
  switch (end.reason) {
    case 'overfitting':
      output.note('validation has not become better for a while: this is the end (--early-stop)');
      sayDone(end, shown, output);
      return;
    case 'finished':
      sayDone(end, shown, output);
      return;
    case 'interrupted':
      output.note(
        `interrupted after step ${grouped(end.step)}; saved. go on with: charnn train --resume${custom}`,
      );
      return;
    case 'diverged': {
      const kept =
        end.best === undefined ? 'no model was saved' : `the last good model is in ${shown}`;
      throw new DivergenceError(
        `training diverged after step ${end.step}: the loss is no longer a sensible number; ${kept}; try a lower --learning-rate or a lower --clip`,
      );
    }
  }
}

function sayDone(end: EndEvent, shown: string, output: Output): void {
  output.note(`done in ${clock(end.secondsElapsed)}; the best model is in ${shown}${lossOf(end)}`);
}

/** A training by the clock can be made again, byte for byte, by what it came to. */
function sayHowToRepeat(end: EndEvent, { config, model }: Prepared, output: Output): void {
  const { steps, evalEvery } = end.plan;
  if (config.length.kind !== 'seconds' || steps === null || evalEvery === null) return;
  const { layers, hidden, embedding } = model;
  const shape = `--layers ${layers} --hidden ${hidden} --embedding ${embedding}`;
  const rest = `--dropout ${config.dropout} --steps ${steps} --eval-every ${evalEvery}`;
  output.note(`instead of --time, this makes the same model again: ${shape} ${rest}`);
}

/** Says what models without a network make of the validation text. */
async function compare(
  { vocabulary, train, validation }: TrainingText,
  { quiet, json }: RawTrainOptions,
  output: Output,
): Promise<void> {
  if (validation.length < 2 || (quiet && !json)) return;
  const result = await yardstick(vocabulary, validation, train);
  if (json) process.stdout.write(`${JSON.stringify({ type: 'yardstick', ...result })}\n`);
  else output.note(`for comparison: ${yardstickLine(result)}`);
}

function lossOf({ best }: EndEvent): string {
  const loss = best?.validationLoss;
  if (loss === undefined || loss === null) return '';
  return `, validation ${loss.toFixed(4)} nats = ${(loss / Math.LN2).toFixed(3)} bits/char`;
}
