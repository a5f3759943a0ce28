/** The networks of the lecture's claims, and functions that several claims use. */
import type { BackendName, Scope } from '../../backend/device.js';
import type { ModelConfig } from '../../model/model-config.js';
import type { Model } from '../../model/model-data.js';
import { initialValues, parameterTable } from '../../model/parameters.js';
import type { LectureClaim } from '../../pages/data.js';
import type { Vocabulary } from '../../text/vocabulary.js';
import type { LectureText } from './lecture-text.js';

export interface LectureSetting {
  readonly device: Scope;
  /** The back end that was asked for, for claims that open a device of their own */
  readonly backend: BackendName | undefined;
  readonly text: LectureText;
  readonly seed: number;
  readonly hidden: number;
}

export type Claim = (setting: LectureSetting) => Promise<LectureClaim>;

/** A network of one layer, which reads characters one-hot */
export function network(
  cell: string,
  { text, hidden }: Pick<LectureSetting, 'text' | 'hidden'>,
  width = hidden,
): ModelConfig {
  return { cell, layers: 1, hidden: width, embedding: 0, vocabulary: text.vocabulary.size };
}

export function freshWeights(config: ModelConfig, seed: number): Float32Array {
  return initialValues(parameterTable(config), seed);
}

/** The smallest configuration that has at least as many parameters as another network */
export function asLargeAs(other: ModelConfig, configOf: (hidden: number) => ModelConfig) {
  const wanted = parameterTable(other).count;
  let hidden = 1;
  while (parameterTable(configOf(hidden)).count < wanted) hidden++;
  return configOf(hidden);
}

export function modelOf(config: ModelConfig, weights: Float32Array, vocabulary: Vocabulary): Model {
  const text = { unit: 'char', keepCr: false } as const;
  return { config, weights, vocabulary, text, training: undefined, history: [] };
}

/** The position of a parameter in the flat list of weights */
export function placeOf(config: ModelConfig, name: string) {
  const found = parameterTable(config).parameters.find((parameter) => parameter.name === name);
  if (found === undefined) throw new Error(`the network has no ${name}`);
  return found;
}

/** The numbers 1, 2, …, count */
export const steps = (count: number) => Array.from({ length: count }, (_, i) => i + 1);

export function percent(share: number): string {
  return `${(100 * share).toFixed(1)} %`;
}
