/** What a model tells of itself. */
import type { Model as ModelData } from '../model/model-data.js';
import { parameterTable } from '../model/parameters.js';
import { symbolName } from '../text/pair-coding.js';
import type { Architecture } from './model-options.js';

export abstract class ModelFacts {
  readonly #data: ModelData;
  readonly #backend: string;

  protected constructor(data: unknown, backend: string) {
    this.#data = data as ModelData;
    this.#backend = backend;
  }

  /** Cell and sizes of the network */
  get architecture(): Architecture {
    return { ...this.#data.config } as Architecture;
  }

  /** The number of its weights */
  get parameters(): number {
    return parameterTable(this.#data.config).count;
  }

  /** The characters that it knows; with `unit: 'byte'`, one for each byte; for pairs, their symbols, too */
  get alphabet(): string[] {
    const { vocabulary, text } = this.#data;
    return vocabulary.symbols.map((symbol) => symbolName(symbol, text));
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
    return this.#backend;
  }
}
