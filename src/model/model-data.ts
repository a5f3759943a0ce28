/** A trained model as plain data: what a model file contains and what sampling and scoring need. */

import type { ModelCounts } from '../counts/mixture.js';
import type { Label } from '../text/conditions.js';
import type { TextOptions } from '../text/unit.js';
import type { Vocabulary } from '../text/vocabulary.js';
import type { LineQuantiles } from './line-quantiles.js';
import type { ModelConfig } from './model-config.js';
import type { Numbers } from './number-list.js';
import { type Parameter, parameterTable } from './parameters.js';

export interface Model {
  readonly config: ModelConfig;
  readonly vocabulary: Vocabulary;
  /** How texts are converted to characters, which is the same for training, prompts and evaluation */
  readonly text: TextOptions;
  /** The text that ends each record of the training text; absent if the training text does not consist of records */
  readonly separator?: string | undefined;
  /** All parameters in the flat order of the parameter table */
  readonly weights: Float32Array;
  /** The labels and vectors that the texts of the model come with; absent if they have none */
  readonly beside?: Beside | undefined;
  /** n-gram counts of the text, which are mixed into the network's predictions; absent if the network predicts alone */
  readonly counts?: ModelCounts | undefined;
  /** How the model was trained, as its file records it; JSON values only */
  readonly training: Readonly<Record<string, unknown>> | undefined;
  readonly history: readonly HistoryEntry[];
  /** The distribution of the costs of the validation text's lines, if it has enough of them */
  readonly lineQuantiles?: LineQuantiles | undefined;
}

/** A model that a training run submits for saving; its weights may be stored outside of memory */
export interface StoredModel extends Omit<Model, 'weights'> {
  readonly weights: Numbers;
}

/** The labels and vectors that the texts of a model come with besides their characters */
export interface Beside {
  /** The labels, in their order; the configuration records the number of values of each */
  readonly labels: readonly Label[];
  /** Name of the training table's column with vectors, if there is one; the configuration records their size. */
  readonly vector?: string | undefined;
}

/** The field `beside` of a model or a training state, which is absent if there are no labels and vectors */
export function withBeside(beside: Beside | undefined): { readonly beside?: Beside } {
  return beside ? { beside } : {};
}

/** The results of one validation, by name; null for a value that does not exist. */
export type HistoryEntry = Readonly<Record<string, number | null>>;

export interface NamedTensor<Values extends Numbers = Float32Array> {
  readonly parameter: Parameter;
  /** Row-major values, as a view of the model's weights */
  readonly values: Values;
}

/** The tensors of a model, in the order of the parameter table. */
export function namedTensors<Values extends Numbers>({
  config,
  weights,
}: {
  readonly config: ModelConfig;
  readonly weights: Values;
}): NamedTensor<Values>[] {
  return parameterTable(config).parameters.map((parameter) => ({
    parameter,
    values: weights.subarray(parameter.start, parameter.start + parameter.size) as Values,
  }));
}
