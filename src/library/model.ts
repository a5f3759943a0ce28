/// <reference lib="esnext.disposable" preserve="true" />
/** A model, loaded and ready: what it can do. */

import type { SharedTensor } from '../backend/backend.js';
import { type BackendName, backendNames, type Device } from '../backend/device.js';
import { openDevice, openExactDevice } from '../backend/open-device.js';
import { readLatestModel } from '../checkpoint/last-model.js';
import { readModel, writeModel } from '../checkpoint/model-file.js';
import { compress, decompress } from '../compress/codec.js';
import { UsageError } from '../errors.js';
import { type Evaluation, evaluate } from '../evaluate/evaluate.js';
import { scoreLines } from '../evaluate/score-lines.js';
import { limits } from '../limits.js';
import { usableCores } from '../machine/cores.js';
import { loadWeights } from '../model/load.js';
import type { Model as ModelData } from '../model/model-data.js';
import { parameterTable } from '../model/parameters.js';
import { checkOptions, flag, type OptionsOf, option } from '../options/table.js';
import { choice, integer } from '../options/types.js';
import { generate } from '../sample/generate.js';
import { wholeRecords } from '../sample/record-filters.js';
import { countsWeightRow } from '../sample/sample-rows.js';
import { loadCorpus } from '../text/load-corpus.js';
import { columnRows, readingRows } from '../text/reading-rows.js';
import { type AbortSignalLike, abortable } from './abort.js';
import {
  kindOf,
  requireFunction,
  requireObject,
  requirePath,
  requirePaths,
  requireSignal,
  requireString,
} from './arguments.js';
import { keepModel } from './held.js';
import { type InputLine, type LineScore, lineGroupsOf, scoreOf } from './line-scores.js';
import { breather, Operations } from './operations.js';
import { guardOutput } from './output-guard.js';
import {
  checkSampling,
  idsOf,
  type RecordSampleOptions,
  samplingOf,
  type TextSampleOptions,
} from './sampling.js';
import { readingOf } from './text-reading.js';

const backendRow = option('<name>', choice(backendNames), 'compute back end', { default: 'auto' });
const threadsRow = option('<n>', integer(1, limits.threads), 'worker threads');
const loadRows = {
  backend: backendRow,
  last: flag('the latest weights of the training, from its state, instead of the best'),
};
const saveRows = { plainWeights: flag('write weights as numbers, not as base64') };
const dynamicRow = flag('dynamic evaluation: adapt to the text while reading it (slower)');
const evaluateTextRows = { dynamic: dynamicRow, countsWeight: countsWeightRow };
const evaluateRows = { ...readingRows, ...columnRows, ...evaluateTextRows };
const scoreRows = {
  dynamic: dynamicRow,
  countsWeight: countsWeightRow,
  perChar: flag('tell the cost of each character'),
  threads: threadsRow,
};
const compressRows = {
  learn: flag('whether the model goes on learning from what is compressed', { default: true }),
  threads: threadsRow,
};

/** What every call takes besides its own options */
interface Abortable {
  /** Ends the call: it rejects with the signal's reason. */
  readonly signal?: AbortSignalLike | undefined;
}

export interface LoadOptions extends OptionsOf<typeof loadRows> {}
export interface SaveOptions extends OptionsOf<typeof saveRows> {}
export interface SampleOptions extends RecordSampleOptions, Abortable {}
export interface SampleTextOptions extends TextSampleOptions, Abortable {}
export interface EvaluateFileOptions extends OptionsOf<typeof evaluateRows>, Abortable {}
export interface EvaluateTextOptions extends OptionsOf<typeof evaluateTextRows>, Abortable {}
export interface ScoreOptions extends OptionsOf<typeof scoreRows>, Abortable {}
export interface CompressOptions extends OptionsOf<typeof compressRows>, Abortable {
  /** Told several times a second which share is done, from 0 to 1 */
  readonly onProgress?: ((fraction: number) => void) | undefined;
}

/** What a network consists of */
export interface Architecture {
  /** rnn, lstm or gru, or the name of a cell of equations */
  readonly cell: string;
  readonly equations?: string | undefined;
  readonly layers: number;
  readonly hidden: number;
  readonly embedding: number;
  /** Characters that it knows, and one more, the unknown symbol */
  readonly vocabulary: number;
  readonly residual?: true | undefined;
  readonly layerNorm?: true | undefined;
}

/**
 * A trained model. It keeps its weights and what computes until it is closed; several calls may run at a time.
 * After `close` every call is refused.
 */
export class Model {
  readonly #data: ModelData;
  readonly #device: Device;
  readonly #operations = new Operations('the model');
  #weights: SharedTensor | undefined;

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
    checkOptions(loadRows, options, 'Model.load');
    const { backend = 'auto', last = false } = options;
    const data = await new Operations('the model').run(undefined, () =>
      last ? readLatestModel(file) : readModel(file),
    );
    return opened(data, backend);
  }

  /** Cell and sizes */
  get architecture(): Architecture {
    return { ...this.#data.config } as Architecture;
  }

  /** How many weights it has */
  get parameters(): number {
    return parameterTable(this.#data.config).count;
  }

  /** The characters that it knows; with `unit: 'byte'`, one for each byte */
  get alphabet(): string[] {
    return this.#data.vocabulary.symbols.map((symbol) => String.fromCodePoint(symbol));
  }

  /** What ends the records of the text that it learned from; undefined where there is no such thing */
  get separator(): string | undefined {
    return this.#data.separator;
  }

  /** How it was trained, as its file records it */
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
    checkOptions(saveRows, options, 'save');
    await this.#operations.run(undefined, async () => {
      await guardOutput({ path: file, kind: 'model', mayReplace: true, inputs: [] });
      await writeModel(file, this.#data, { plainWeights: options.plainWeights ?? false });
    });
  }

  /**
   * Draws records, each a string, without the prompt. With `count` there are so many, and each ends where a
   * record of the model's text ends; without it there is one text of `length` characters.
   * Equal options and seed give equal records, whatever `threads` is; without a seed it is random.
   * @throws UsageError, on the first record, naming an option that is unknown or out of range
   */
  async *sample(options: SampleOptions = {}): AsyncGenerator<string, void, undefined> {
    const { signal: given, ...rest } = requireObject(options, 'sample');
    checkSampling(rest, 'sample');
    const drawn = this.#operations.iterate(requireSignal(given), (signal) =>
      wholeRecords(this.#draw(rest, signal)),
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
    const drawn = this.#operations.iterate(requireSignal(given), (signal) =>
      this.#draw(rest, signal),
    );
    const { vocabulary } = this.#data;
    // a character may be of several bytes
    const decoder = new TextDecoder('utf-8', { ignoreBOM: true });
    for await (const { value, done } of drawn) {
      const piece = decoder.decode(vocabulary.decodeBytes(value), { stream: !done });
      if (piece !== '') yield piece;
    }
  }

  /**
   * Scores lines, each for itself and with its end, in their order. What has come is scored before more is
   * waited for.
   * @param lines strings or their bytes, without line ends
   * @throws UsageError naming an option that is unknown or out of range
   */
  async *score(
    lines: Iterable<InputLine> | AsyncIterable<InputLine>,
    options: ScoreOptions = {},
  ): AsyncGenerator<LineScore, void, undefined> {
    const { signal: given, ...rest } = requireObject(options, 'score');
    checkOptions(scoreRows, rest, 'score');
    const { dynamic = false, countsWeight, perChar = false, threads = usableCores() } = rest;
    if (typeof lines === 'string' || !isIterable(lines)) {
      throw new UsageError(
        `the lines of score must be an iterable of strings, not ${kindOf(lines)}`,
      );
    }
    const data = this.#data;
    const scored = this.#operations.iterate(requireSignal(given), (signal) => {
      const { groups, isShort } = lineGroupsOf(lines, (values) => abortable(values, signal));
      return scoreLines(groups, {
        models: [data],
        weights: [this.#loaded()],
        device: this.#device,
        threads: isShort ? 1 : threads,
        dynamic,
        countsWeight,
        characters: perChar,
      });
    });
    for await (const { line, losses } of scored) yield scoreOf(line, losses[0], data);
  }

  /**
   * Evaluates files or folders as one text.
   * @returns losses in nats and bits a character
   * @throws CharnnError for what cannot be read or has fewer than two characters
   * @throws UsageError naming an option that is unknown or out of range
   */
  async evaluate(
    path: string | readonly string[],
    options: EvaluateFileOptions = {},
  ): Promise<Evaluation> {
    const paths = requirePaths(path, 'the path of a text');
    const { signal: given, ...rest } = requireObject(options, 'evaluate');
    checkOptions(evaluateRows, rest, 'evaluate');
    const { text, vocabulary } = this.#data;
    const reading = readingOf(rest, text.unit);
    return this.#operations.run(requireSignal(given), async (signal) => {
      const { ids, starts } = await loadCorpus(paths, {
        ...{ text, vocabulary, minCount: 1, reading, stdin: process.stdin },
        onProgress: () => signal.throwIfAborted(),
      });
      return this.#evaluate(ids, rest, signal, starts);
    });
  }

  /**
   * Evaluates a string.
   * @returns losses in nats and bits a character
   * @throws CharnnError for a text of fewer than two characters
   * @throws UsageError naming an option that is unknown or out of range
   */
  async evaluateText(text: string, options: EvaluateTextOptions = {}): Promise<Evaluation> {
    const string = requireString(text, 'the text of evaluateText');
    const { signal: given, ...rest } = requireObject(options, 'evaluateText');
    checkOptions(evaluateTextRows, rest, 'evaluateText');
    return this.#operations.run(requireSignal(given), async (signal) =>
      this.#evaluate(idsOf(string, this.#data), rest, signal),
    );
  }

  /**
   * Compresses bytes with the model's predictions; `decompress` of the same model restores them.
   * @throws CharnnError when memory does not suffice
   */
  async compress(bytes: Uint8Array, options: CompressOptions = {}): Promise<Uint8Array> {
    const { content, listening, signal: given, rest } = compressing(bytes, options, 'compress');
    return this.#operations.run(given, async (signal, fail) => {
      // whether relaxed multiply-adds are fused depends on the machine: these are not
      const isRelaxed = this.#device.kind === 'wasm';
      const device = isRelaxed ? await openExactDevice('wasm (simd)') : this.#device;
      try {
        const { learn = true, threads = usableCores() } = rest;
        return await compress(content, {
          ...{
            model: this.#data,
            learn,
            threads,
            device,
            signal,
            onProgress: guarded(listening, fail),
          },
        });
      } finally {
        if (isRelaxed) device.close();
      }
    });
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
    const { content, listening, signal: given } = compressing(bytes, options, 'decompress');
    return this.#operations.run(given, (signal, fail) =>
      decompress(content, 'the compressed bytes', this.#data, guarded(listening, fail), signal),
    );
  }

  /** Ends what is going on, and gives all memory back. A second call does nothing. */
  async close(): Promise<void> {
    await this.#operations.close();
    this.#device.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #loaded(): SharedTensor {
    const { operations } = this.#device;
    this.#weights ??= operations.share(loadWeights(this.#data, operations));
    return this.#weights;
  }

  async *#draw(options: RecordSampleOptions, signal: AbortSignal) {
    const { settings, prompt } = samplingOf(options, this.#data);
    const { count = 1, threads = usableCores() } = options;
    const pieces = generate(emptyPrompts(count), {
      ...{ model: this.#data, device: this.#device, weights: this.#loaded() },
      ...{ settings, prompt, expected: count, threads },
    });
    for await (const piece of pieces) {
      signal.throwIfAborted();
      yield piece;
    }
  }

  #evaluate(
    ids: Parameters<typeof evaluate>[2],
    { dynamic, countsWeight }: OptionsOf<typeof evaluateTextRows>,
    signal: AbortSignal,
    starts: readonly number[] = [],
  ) {
    return evaluate(this.#data, this.#device, ids, {
      starts,
      dynamic: dynamic === true,
      countsWeight,
      weights: this.#loaded(),
      pause: breather(signal),
    });
  }
}

function* emptyPrompts(count: number): Generator<readonly number[], void, void> {
  for (let i = 0; i < count; i++) yield [];
}

function isIterable(value: unknown): boolean {
  return (
    typeof value === 'object' &&
    value !== null &&
    (Symbol.iterator in value || Symbol.asyncIterator in value)
  );
}

function compressing(bytes: unknown, options: unknown, what: 'compress' | 'decompress') {
  if (!(bytes instanceof Uint8Array)) {
    throw new UsageError(`the bytes of ${what} must be a Uint8Array, not ${kindOf(bytes)}`);
  }
  const { signal, onProgress, ...rest } = requireObject(options, what);
  checkOptions(what === 'compress' ? compressRows : {}, rest, what);
  const listening = requireFunction<(fraction: number) => void>(onProgress, 'onProgress');
  return {
    content: bytes,
    listening,
    signal: requireSignal(signal),
    rest: rest as OptionsOf<typeof compressRows>,
  };
}

/** A listener whose failure ends the work, wherever it is called */
function guarded(
  listener: ((fraction: number) => void) | undefined,
  fail: (error: unknown) => void,
): ((fraction: number) => void) | undefined {
  if (listener === undefined) return undefined;
  return (fraction) => {
    try {
      listener(fraction);
    } catch (error) {
      fail(error);
    }
  };
}

/** @param data of `checkpoint` or of a training */
export async function opened(data: unknown, backend: BackendName): Promise<Model> {
  const device = await openDevice(backend);
  const Opened = Model as unknown as new (data: unknown, device: unknown) => Model;
  return new Opened(data, device);
}
