/// <reference lib="esnext.disposable" preserve="true" />
/** A loaded model and its calls. */

import type { BackendName, Device, Precision } from '../backend/device.js';
import { openDevice } from '../backend/open-device.js';
import { readLatestModel } from '../checkpoint/last-model.js';
import { readAnyModel, writeModel } from '../checkpoint/model-file.js';
import { compress, decompress } from '../compress/codec.js';
import type { PairEvaluation } from '../convert/evaluate-pairs.js';
import { type Evaluation, evaluate } from '../evaluate/evaluate.js';
import { coresInStep } from '../machine/cores.js';
import type { Model as ModelData } from '../model/model-data.js';
import { checkOptions, type OptionsOf } from '../options/table.js';
import { loadCorpus } from '../text/load-corpus.js';
import {
  requireObject,
  requirePath,
  requirePaths,
  requireSignal,
  requireString,
} from './arguments.js';
import { checkCoding, guarded, withExactDevice } from './coding.js';
import { convertInput } from './conversion.js';
import type { Ending } from './ending.js';
import { requireCodingPrecision, requireWeightsThatLearn } from './fixed-weights.js';
import { keepModel, type LoadedModel, loadOnto } from './held.js';
import { withLoadLabels } from './label-choice.js';
import type { InputLine, LineScore } from './line-scores.js';
import type { ConvertInput, LineTargets } from './line-targets.js';
import { ModelFacts } from './model-facts.js';
import {
  type CompressOptions,
  type ConvertOptions,
  type EvaluateFileOptions,
  type EvaluatePairsOptions,
  type EvaluateTextOptions,
  type LoadOptions,
  modelRows,
  type SampleOptions,
  type SampleTextOptions,
  type SaveOptions,
  type ScoreOptions,
} from './model-options.js';
import { breather, Operations } from './operations.js';
import { guardOutput } from './output-guard.js';
import { evaluateFiles, requireKind } from './pair-files.js';
import { checkSampling, decodedPieces, drawPieces, drawRecords, idsOf } from './sampling.js';
import { requireLines, scoreInput, scoreOf } from './score-input.js';
import { readingOf } from './text-reading.js';

/**
 * A trained model. It holds its weights and a device until it is closed; several calls may run at the same time. After
 * `close` every call is refused.
 */
export class Model extends ModelFacts {
  readonly #data: ModelData;
  readonly #device: Device;
  readonly #operations = new Operations('the model');
  #onDevice: LoadedModel | undefined;

  private constructor(data: unknown, device: unknown) {
    super(data, (device as Device).name);
    this.#data = data as ModelData;
    this.#device = device as Device;
    keepModel(this, this.#data);
  }

  /**
   * Loads a model file.
   * @throws CharnnError when it is missing or damaged, or when memory does not suffice
   * @throws UsageError naming an option that is unknown or out of range
   */
  static async load(path: string, options: LoadOptions = {}): Promise<Model> {
    const file = requirePath(path, 'the path of a model');
    checkOptions(modelRows.load, options, 'Model.load');
    const { backend = 'auto', precision, last = false, label } = options;
    const data = await new Operations('the model').run(undefined, () =>
      last ? readLatestModel(file) : readAnyModel(file),
    );
    return opened(withLoadLabels(data, label), backend, precision);
  }

  /**
   * Writes the model to a file; an older model there is replaced entirely or not at all.
   * @throws CharnnError if the path is that of a file that is not a model, and when it cannot be written
   */
  async save(path: string, options: SaveOptions = {}): Promise<void> {
    const file = requirePath(path, 'the path of a model');
    checkOptions(modelRows.save, options, 'save');
    await this.#operations.run(undefined, async () => {
      await guardOutput({ path: file, kind: 'model', mayReplace: true, inputs: [] });
      await writeModel(file, this.#data, { plainWeights: options.plainWeights ?? false });
    });
  }

  /**
   * Samples records, each as a string without the prompt. With `count` that many records are sampled, each ending where
   * a record of the model's text ends; without it, one text of `length` characters. With a list of prompts, each gets
   * `count` records (1 by default), in the order of the list. `unique` and `novel` reject some records: with a single
   * prompt they are replaced by others, until 10,000 in succession were rejected. `beam` searches for the most probable
   * records and returns them best first. Equal options and seed give equal records, whatever `threads` is; without a
   * seed they are random.
   * @throws UsageError, on the first record, naming an option that is unknown or out of range
   */
  async *sample(options: SampleOptions = {}): AsyncGenerator<string, void, undefined> {
    const { signal: given, ...rest } = requireObject(options, 'sample');
    checkSampling(rest, 'sample');
    const drawn = this.#operations.iterate(requireSignal(given), (ending) =>
      drawRecords(this.#loaded(), rest, ending),
    );
    for await (const { ids } of drawn) yield this.#data.vocabulary.decode(ids);
  }

  /**
   * Samples one text, in pieces as they are drawn; joined, they are what `sample` gives.
   * @throws UsageError, on the first piece, naming an option that is unknown or out of range
   */
  async *sampleText(options: SampleTextOptions = {}): AsyncGenerator<string, void, undefined> {
    const { signal: given, ...rest } = requireObject(options, 'sampleText');
    checkSampling(rest, 'sampleText');
    const drawn = this.#operations.iterate(requireSignal(given), (ending) =>
      drawPieces(this.#loaded(), rest, ending),
    );
    yield* decodedPieces(drawn, this.#data.vocabulary);
  }

  /**
   * Scores lines in their order, each including its line end and from a fresh state. Lines that have arrived are scored
   * without waiting for more.
   * @param lines strings or their bytes, without line ends
   * @throws UsageError naming an option that is unknown or out of range
   */
  async *score(
    lines: Iterable<InputLine> | AsyncIterable<InputLine>,
    options: ScoreOptions = {},
  ): AsyncGenerator<LineScore, void, undefined> {
    const { signal: given, ...rest } = requireObject(options, 'score');
    checkOptions(modelRows.score, rest, 'score');
    requireWeightsThatLearn(this.#device.precision, (rest as ScoreOptions).dynamic);
    requireLines(lines, 'score');
    const scored = this.#operations.iterate(requireSignal(given), (ending) =>
      scoreInput(this.#loaded(), lines, rest, ending),
    );
    for await (const { line, losses } of scored) yield scoreOf(line, losses[0], this.#data);
  }

  /**
   * Converts sources to targets with a model trained on pairs, in their order. Sources that have arrived are converted
   * without waiting for more.
   * @param lines strings or their bytes, without line ends, each a source; or objects with a source and its labels and
   * vector
   * @throws UsageError naming an option that is unknown or out of range, and for labels and vectors that are missing
   */
  async *convert(
    lines: Iterable<ConvertInput> | AsyncIterable<ConvertInput>,
    options: ConvertOptions = {},
  ): AsyncGenerator<LineTargets, void, undefined> {
    const { signal: given, ...rest } = requireObject(options, 'convert');
    checkOptions(modelRows.convert, rest, 'convert');
    requireLines(lines, 'convert');
    yield* this.#operations.iterate(requireSignal(given), (ending) =>
      convertInput(this.#loaded('pairs'), lines, rest, ending),
    );
  }

  /**
   * Evaluates a model trained on pairs on files or folders of pairs: how often it is right.
   * @throws CharnnError for what cannot be read or has no pairs
   * @throws UsageError naming an option that is unknown or out of range
   */
  async evaluatePairs(
    path: string | readonly string[],
    options: EvaluatePairsOptions = {},
  ): Promise<PairEvaluation> {
    const paths = requirePaths(path, 'the path of a text');
    const { signal: given, ...rest } = requireObject(options, 'evaluatePairs');
    checkOptions(modelRows.evaluatePairs, rest, 'evaluatePairs');
    return this.#operations.run(requireSignal(given), (ending) =>
      evaluateFiles(this.#loaded('pairs'), paths, rest, ending),
    );
  }

  /**
   * Evaluates files or folders as one text.
   * @returns losses in nats and bits per character
   * @throws CharnnError for what cannot be read or has fewer than two characters
   * @throws UsageError naming an option that is unknown or out of range, and for `dynamic` with a model in int8
   */
  async evaluate(
    path: string | readonly string[],
    options: EvaluateFileOptions = {},
  ): Promise<Evaluation> {
    const paths = requirePaths(path, 'the path of a text');
    const { signal: given, ...rest } = requireObject(options, 'evaluate');
    checkOptions(modelRows.evaluate, rest, 'evaluate');
    requireWeightsThatLearn(this.#device.precision, (rest as EvaluateFileOptions).dynamic);
    const { text, vocabulary } = this.#data;
    const reading = readingOf(rest, text.unit);
    return this.#operations.run(requireSignal(given), async (ending) => {
      const { ids, starts } = await loadCorpus(paths, {
        ...{ text, vocabulary, minCount: 1, reading, stdin: process.stdin },
        onProgress: () => ending.check(),
      });
      return this.#evaluate(ids, rest, ending, starts);
    });
  }

  /**
   * Evaluates a string.
   * @returns losses in nats and bits per character
   * @throws CharnnError for a text of fewer than two characters
   * @throws UsageError naming an option that is unknown or out of range, and for `dynamic` with a model in int8
   */
  async evaluateText(text: string, options: EvaluateTextOptions = {}): Promise<Evaluation> {
    const string = requireString(text, 'the text of evaluateText');
    const { signal: given, ...rest } = requireObject(options, 'evaluateText');
    checkOptions(modelRows.evaluateText, rest, 'evaluateText');
    requireWeightsThatLearn(this.#device.precision, (rest as EvaluateTextOptions).dynamic);
    return this.#operations.run(requireSignal(given), async (ending) =>
      this.#evaluate(idsOf(string, this.#data), rest, ending),
    );
  }

  /**
   * Compresses bytes with the model's predictions; `decompress` of the same model restores them.
   * @throws CharnnError when memory does not suffice
   * @throws UsageError naming an option that is unknown or out of range, and for a model in int8
   */
  async compress(bytes: Uint8Array, options: CompressOptions = {}): Promise<Uint8Array> {
    const { content, listener, signal: given, rest } = checkCoding(bytes, options, 'compress');
    requireCodingPrecision(this.#device.precision);
    const { learn = true, threads = coresInStep() } = rest;
    requireKind(this.#data, 'texts');
    return this.#operations.run(given, (ending) =>
      withExactDevice(this.#device, { bytes: content.length, withModel: true }, (device) =>
        compress(content, {
          ...{ model: this.#data, learn, threads, device, signal: ending.signal },
          onProgress: guarded(listener, ending),
        }),
      ),
    );
  }

  /**
   * Restores what `compress` was given, byte for byte.
   * @throws CharnnError for bytes that are damaged or were compressed with another model, and where this machine does
   * not compute the same numbers as the one that compressed them
   */
  async decompress(
    bytes: Uint8Array,
    options: Pick<CompressOptions, 'signal' | 'onProgress'> = {},
  ): Promise<Uint8Array> {
    const { content, listener, signal: given } = checkCoding(bytes, options, 'decompress');
    requireKind(this.#data, 'texts');
    return this.#operations.run(given, (ending) =>
      decompress(
        content,
        'the compressed bytes',
        this.#data,
        guarded(listener, ending),
        ending.signal,
      ),
    );
  }

  /** Ends all running calls and releases all memory. A second call does nothing. */
  async close(): Promise<void> {
    await this.#operations.close();
    this.#device.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #loaded(kind: 'texts' | 'pairs' = 'texts'): LoadedModel {
    requireKind(this.#data, kind);
    this.#onDevice ??= loadOnto(this.#device, this.#data);
    return this.#onDevice;
  }

  #evaluate(
    ids: Parameters<typeof evaluate>[2],
    { dynamic, countsWeight }: OptionsOf<(typeof modelRows)['evaluateText']>,
    ending: Ending,
    starts: readonly number[] = [],
  ) {
    const { weights, idleEvaluator } = this.#loaded();
    return evaluate(this.#data, this.#device, ids, {
      ...{ starts, weights, idle: idleEvaluator },
      dynamic: dynamic === true,
      countsWeight,
      pause: breather(ending),
    });
  }
}

/** @param data the model, as read from a file or returned by a training run */
export async function opened(
  data: unknown,
  backend: BackendName,
  precision?: Precision,
): Promise<Model> {
  const device = await openDevice(backend, precision);
  const Opened = Model as unknown as new (data: unknown, device: unknown) => Model;
  return new Opened(data, device);
}
