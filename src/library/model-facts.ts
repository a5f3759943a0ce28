/** Facts that a model reports about itself. */
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

  /** The number of the model's weights */
  get parameters(): number {
    return parameterTable(this.#data.config).count;
  }

  /** The characters that the model knows; with `unit: 'byte'`, one for each byte; for pairs, also the symbols */
  get alphabet(): string[] {
    const { vocabulary, text } = this.#data;
    return vocabulary.symbols.map((symbol) => symbolName(symbol, text));
  }

  /** The text that ends each record of the training text; undefined if that does not consist of records */
  get separator(): string | undefined {
    return this.#data.separator;
  }

  /** How the model was trained, as its file records it: options, step, back end, and texts */
  get training(): Readonly<Record<string, unknown>> {
    return structuredClone(this.#data.training ?? {});
  }

  /**
   * The validations of the model's training: numbers by name, null for a number that does not exist; losses are in nats
   * per character
   */
  get history(): readonly Readonly<Record<string, number | null>>[] {
    return structuredClone(this.#data.history) as Readonly<Record<string, number | null>>[];
  }

  /** The back end that computes, with the instructions that it uses, such as `native (avx2)` */
  get backend(): string {
    return this.#backend;
  }
}
