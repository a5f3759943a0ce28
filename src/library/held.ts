/**
 * The contents of the library's objects, stored apart from their classes so that the public types do not mention them.
 */
import type { SharedTensor } from '../backend/backend.js';
import type { Device } from '../backend/device.js';
import { IdleMemory } from '../backend/idle-memory.js';
import { loadWeights } from '../model/load.js';
import type { Model as ModelData } from '../model/model-data.js';
import type { SegmentedEvaluator } from '../model/segmented-evaluator.js';
import type { BatchMemory } from '../sample/batch-memory.js';
import type { LoadedText } from './loaded-text.js';

export interface HeldText {
  readonly loaded: LoadedText;
  /** Messages from reading the text */
  readonly said: readonly { readonly type: 'note' | 'warning'; readonly message: string }[];
}

/** A model, and the device that holds its weights */
export interface LoadedModel {
  readonly model: ModelData;
  readonly device: Device;
  readonly weights: SharedTensor;
  /** Memory that a finished call leaves to later calls of the model: for sampling, and for evaluation */
  readonly idleBatch: IdleMemory<BatchMemory>;
  readonly idleEvaluator: IdleMemory<SegmentedEvaluator>;
}

/** Loads the weights of a model onto a device. */
export function loadOnto(device: Device, model: ModelData): LoadedModel {
  const { operations } = device;
  const weights = operations.share(loadWeights(model, operations));
  return { model, device, weights, idleBatch: new IdleMemory(), idleEvaluator: new IdleMemory() };
}

const texts = new WeakMap<object, HeldText>();
const models = new WeakMap<object, ModelData>();

export const keepText = (corpus: object, text: HeldText) => void texts.set(corpus, text);
export const textOf = (corpus: object): HeldText | undefined => texts.get(corpus);
export const keepModel = (model: object, data: ModelData) => void models.set(model, data);
export const modelOf = (model: object): ModelData | undefined => models.get(model);
