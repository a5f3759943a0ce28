/// <reference lib="esnext.disposable" preserve="true" />
/** A loaded model and its calls. */

import type { BackendName, Device, Precision } from '../backend/device.js';
import { openDevice } from '../backend/open-device.js';
import { readLatestModel } from '../checkpoint/last-model.js';
import { readModel, requireTexts, writeModel } from '../checkpoint/model-file.js';
import { compress, decompress } from '../compress/codec.js';
import { type Evaluation, evaluate } from '../evaluate/evaluate.js';
import { coresInStep } from '../machine/cores.js';
import type { Model as ModelData } from '../model/model-data.js';
import { parameterTable } from '../model/parameters.js';
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
import type { Ending } from './ending.js';
import { requireCodingPrecision, requireWeightsThatLearn } from './fixed-weights.js';
import { keepModel, type LoadedModel, loadOnto } from './held.js';
import type { InputLine, LineScore } from './line-scores.js';
import {
  type Architecture,
  type CompressOptions,
  type EvaluateFileOptions,
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
import { checkSampling, drawPieces, drawRecords, idsOf } from './sampling.js';
import { requireLines, scoreInput, scoreOf } from './score-input.js';
import { readingOf } from './text-reading.js';

/**
 * A trained model. It keeps its weights and what computes until it is closed; several calls may run at a time.
 * After `close` every call is refused.
 */
export class Model {
  readonly #data: ModelData;
  readonly #device: Device;
  readonly #operations = new Operations('the model');
  #onDevice: LoadedModel | undefined;

  private constructor(data: unknown, device: unknown) {
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
    const { backend = 'auto', precision, last = false } = options;
    const data = await new Operations('the model').run(undefined, () =>
      last ? readLatestModel(file).then((m) => requireTexts(m, file)) : readModel(file),
    );
    return opened(data, backend, precision);
  }

  /** Cell and sizes of the network */
  get architecture(): Architecture {
    return { ...this.#data.config } as Architecture;
  }

  /** The number of its weights */
  get parameters(): number {
    return parameterTable(this.#data.config).count;
  }

  /** The characters that it knows; with `unit: 'byte'`, one for each byte */
  get alphabet(): string[] {
    return this.#data.vocabulary.symbols.map((symbol) => String.fromCodePoint(symbol));
  }

  /** The text that ends each record of the training text; undefined if it is not made of records */
  get separator(): string | undefined {
    return this.#data.separator;
  }

  /** How it came about, as its file records it: options, step, back end, and the texts that it was trained on */
  get training(): Readonly<Record<string, unknown>> {
    return structuredClone(this.#data.training ?? {});
  }

  /** The validations of its training: numbers by name, null where there was none; losses in nats a character */
  get history(): readonly Readonly<Record<string, number | null>>[] {
    return structuredClone(this.#data.history) as Readonly<Record<string, number | null>>[];
  }

  /** The back end that computes, with the instructions that it uses, as `native (avx2)` */
  get backend(): string {
    return this.#device.name;
  }

  /**
   * Writes the model to a file; an older model there is replaced, as a whole or not at all.
   * @throws CharnnError for a file that is no model, and when it cannot be written
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
   * Draws records, each a string, without the prompt. With `count` there are so many, and each ends where a
   * record of the model's text ends; without it there is one text of `length` characters. Of a list of prompts,
   * each has `count` records (by default 1), in the order of the list. `unique` and `novel` leave records out:
   * with one prompt others are drawn in their place, until 10,000 in succession were not new. `beam` searches
   * for the most probable records and returns them best first.
   * Equal options and seed give equal records, whatever `threads` is; without a seed they are random.
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
   * Draws one text, in pieces as they are drawn: joined, they are what `sample` gives.
   * @throws UsageError, on the first piece, naming an option that is unknown or out of range
   */
  async *sampleText(options: SampleTextOptions = {}): AsyncGenerator<string, void, undefined> {
    const { signal: given, ...rest } = requireObject(options, 'sampleText');
    checkSampling(rest, 'sampleText');
    const drawn = this.#operations.iterate(requireSignal(given), (ending) =>
      drawPieces(this.#loaded(), rest, ending),
    );
    const { vocabulary } = this.#data;
    // the bytes of one character may come in two pieces
    const decoder = new TextDecoder('utf-8', { ignoreBOM: true });
    for await (const { value, done } of drawn) {
      const piece = decoder.decode(vocabulary.decodeBytes(value), { stream: !done });
      if (piece !== '') yield piece;
    }
  }

  /**
   * Scores lines in their order, each from a fresh state and with its end. What has come is scored before more is
   * waited for.
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
    requireLines(lines);
    const scored = this.#operations.iterate(requireSignal(given), (ending) =>
      scoreInput(this.#loaded(), lines, rest, ending),
    );
    for await (const { line, losses } of scored) yield scoreOf(line, losses[0], this.#data);
  }

  /**
   * Evaluates files or folders as one text.
   * @returns losses in nats and bits a character
   * @throws CharnnError for what cannot be read or has fewer than two characters
   * @throws UsageError naming an option that is unknown or out of range, and for `dynamic` of a model in int8
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
   * @returns losses in nats and bits a character
   * @throws CharnnError for a text of fewer than two characters
   * @throws UsageError naming an option that is unknown or out of range, and for `dynamic` of a model in int8
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
   * @throws CharnnError for bytes that are damaged or of another model, and where this machine does not
   * compute as the one that compressed them
   */
  async decompress(
    bytes: Uint8Array,
    options: Pick<CompressOptions, 'signal' | 'onProgress'> = {},
  ): Promise<Uint8Array> {
    const { content, listener, signal: given } = checkCoding(bytes, options, 'decompress');
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

  /** Ends all running calls and gives all memory back. A second call does nothing. */
  async close(): Promise<void> {
    await this.#operations.close();
    this.#device.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #loaded(): LoadedModel {
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

/** @param data of `checkpoint` or of a training */
export async function opened(
  data: unknown,
  backend: BackendName,
  precision?: Precision,
): Promise<Model> {
  const device = await openDevice(backend, precision);
  const Opened = Model as unknown as new (data: unknown, device: unknown) => Model;
  return new Opened(data, device);
}
