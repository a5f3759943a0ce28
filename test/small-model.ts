/** Small models that are built, not trained. */

import type { ModelConfig } from '#charnn/model/model-config.js';
import type { Model } from '#charnn/model/model-data.js';
import { initialValues, parameterTable } from '#charnn/model/parameters.js';
import { Vocabulary } from '#charnn/text/vocabulary.js';

export interface BuildOptions extends Partial<Omit<ModelConfig, 'vocabulary'>> {
  /** The characters that the model knows, in any order and any number of times */
  readonly symbols: string;
  /** Seed of the initial weights */
  readonly seed?: number;
  /** Factor of the initial weights: larger ones make the model surer of its predictions */
  readonly scale?: number;
}

/** A model of one LSTM layer with 8 units, as far as the options do not say otherwise. */
export function buildModel({ symbols, seed = 1, scale = 1, ...sizes }: BuildOptions): Model {
  const vocabulary = Vocabulary.of(
    'char',
    Array.from(symbols, (character) => character.codePointAt(0) as number),
  );
  const config: ModelConfig = {
    ...{ cell: 'lstm', layers: 1, hidden: 8, embedding: 4 },
    ...sizes,
    vocabulary: vocabulary.size,
  };
  return {
    config,
    vocabulary,
    text: { unit: 'char', keepCr: false },
    weights: initialValues(parameterTable(config), seed).map((value) => scale * value),
    training: undefined,
    history: [],
  };
}

/** An untrained model of two layers, but sure enough of itself to tell filters apart. */
export function randomModel(symbols: string, hidden = 12): Model {
  return buildModel({ symbols, layers: 2, hidden, embedding: 6, seed: 3, scale: 4 });
}
