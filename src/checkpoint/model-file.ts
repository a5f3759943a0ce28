/** The model file: everything that sampling, scoring and fine-tuning need, in one JSON file. */

import { CharnnError } from '../errors.js';
import type { Fields } from '../json/fields.js';
import { limits } from '../limits.js';
import { largeNumbers } from '../machine/large-numbers.js';
import { requireMemory } from '../machine/memory.js';
import { quote } from '../messages/quote.js';
import type { ModelConfig } from '../model/model-config.js';
import { type Model, namedTensors, type StoredModel, withBeside } from '../model/model-data.js';
import type { Numbers } from '../model/number-list.js';
import { parameterTable } from '../model/parameters.js';
import { withSeparator } from '../text/separator.js';
import { History } from '../train/saving/history.js';
import { writeFileAtomically } from './atomic.js';
import { readBeside } from './beside-field.js';
import type { NamedBytes } from './blobs.js';
import { countsField, countsName, readTable, readTableHead, readWeights } from './counts-field.js';
import {
  CheckpointFile,
  fileFormats,
  fileJson,
  readHistory,
  readModelConfig,
  readSeparator,
  readTextOptions,
  readVocabulary,
} from './json.js';
import { readLineQuantiles } from './line-quantiles-field.js';
import type { NamedValues, TensorShape } from './tensors.js';
import { leastVersion, modelFeatures } from './versions.js';

/**
 * Writes a model; an existing file is replaced entirely or not at all.
 * @param options.plainWeights write weights as numbers instead of base64: larger, but readable without decoding
 */
export async function writeModel(
  path: string,
  model: StoredModel,
  options: { readonly plainWeights: boolean },
): Promise<void> {
  await writeFileAtomically(path, modelJson(model, options));
}

/** The text of a model's file in pieces */
export function modelJson(
  model: StoredModel,
  options: { readonly plainWeights: boolean },
): ReturnType<typeof fileJson> {
  const { fields, tensors, blobs } = modelContents(model);
  return fileJson(fields, tensors, options.plainWeights, blobs);
}

/** The contents of a model's file, in whichever format it is written */
export interface ModelContents<Values extends Numbers = Float32Array> {
  /** All fields except the tensors, in their order; absent ones are undefined */
  readonly fields: Readonly<Record<string, unknown>>;
  readonly tensors: readonly NamedValues<Values>[];
  /** The packed n-gram counts of a model, if it has any */
  readonly blobs: readonly NamedBytes[];
}

export function modelContents<Values extends Numbers>(
  model: Omit<Model, 'weights'> & { readonly weights: Values },
): ModelContents<Values> {
  const counts = model.counts && countsField(model.counts.table, model.counts.weights);
  return {
    fields: {
      format: fileFormats.model,
      version: leastVersion('model', modelFeatures(model)),
      model: model.config,
      text: model.text,
      vocabulary: model.vocabulary.toJSON(),
      separator: model.separator,
      beside: model.beside,
      counts: counts?.field,
      training: model.training,
      history: History.of(model.history).entries,
      lineQuantiles: model.lineQuantiles,
    },
    tensors: namedTensors(model).map(({ parameter: { name, shape }, values }) => ({
      name,
      shape,
      values,
    })),
    blobs: counts ? [counts.blob] : [],
  };
}

/** Estimated size of a model file in bytes, with weights in base64 */
export function modelBytes(config: ModelConfig): number {
  return (parameterTable(config).count * 4 * 4) / 3;
}

/**
 * Reads a model of texts and checks every field of it.
 * @throws CharnnError naming the file and the field that is wrong, when memory does not suffice, or for a model trained
 * on pairs
 */
export async function readModel(path: string): Promise<Model> {
  return requireTexts(await readAnyModel(path), path);
}

/**
 * Refuses a model trained on pairs, which most commands cannot use.
 * @throws CharnnError for a model trained on pairs
 */
export function requireTexts(model: Model, path: string): Model {
  if (!model.config.pairs) return model;
  throw new CharnnError(
    `${quote(path)} was trained on pairs of a source and a target: use it with charnn convert or charnn eval`,
  );
}

/**
 * Reads a model, trained on texts or on pairs, and checks every field of it.
 * @throws CharnnError as `readModel` does
 */
export function readAnyModel(path: string): Promise<Model> {
  return CheckpointFile.read(path, 'model', (file) =>
    readContents(file.fields, quote(path), (shapes, blobs) => file.prepareTensors(shapes, blobs)),
  );
}

/**
 * Checks that a file contains exactly these tensors and byte arrays, before memory is allocated for them.
 * @returns a function that reads the tensors' values into the caller's memory, and returns the byte arrays
 * @throws CharnnError that says what is wrong; the returned function also throws it
 */
export type PrepareTensors = (
  tensors: readonly TensorShape[],
  blobs: readonly string[],
) => (into: readonly Float32Array[]) => Uint8Array[];

/**
 * Makes a model from the contents of a file, and checks every field.
 * @param shown the file as messages show it
 * @throws CharnnError naming the field that is wrong, or when memory does not suffice
 */
export function readContents(fields: Fields, shown: string, prepare: PrepareTensors): Model {
  const config = readModelConfig(fields.fields('model'));
  const text = readTextOptions(fields.fields('text'));
  const vocabulary = readVocabulary(fields, config);
  const separator = readSeparator(fields);
  const beside = readBeside(fields, config);
  const training = fields.get('training') === undefined ? undefined : fields.record('training');
  const history = readHistory(fields);
  const lineQuantiles = readLineQuantiles(fields);
  const { weights, counts } = readParameters(fields, config, shown, prepare);
  return {
    ...{ config, text, vocabulary, ...withSeparator(separator), ...withBeside(beside) },
    ...{ training, history, weights },
    ...(counts && { counts }),
    ...(lineQuantiles && { lineQuantiles }),
  };
}

/**
 * Reads only the id of the training that made a model; undefined if none is recorded.
 * @throws CharnnError when the file is not a model
 */
export function readTrainingId(path: string): Promise<unknown> {
  return CheckpointFile.read(path, 'model', ({ fields }) =>
    fields.get('training') === undefined ? undefined : fields.record('training').id,
  );
}

function readParameters(
  fields: Fields,
  config: ModelConfig,
  shown: string,
  prepare: PrepareTensors,
): Pick<Model, 'weights' | 'counts'> {
  const { parameters, flatSize, count } = parameterTable(config);
  requireReadable(count, shown);
  const isCounted = fields.get('counts') !== undefined;
  const counted = isCounted ? fields.fields('counts') : undefined;
  const head = counted && readTableHead(counted);
  const readInto = prepare(parameters, isCounted ? [countsName] : []);
  requireMemory(flatSize * 4, `the model ${shown}`);
  const weights = largeNumbers(flatSize);
  const [bytes] = readInto(
    parameters.map(({ start, size }) => weights.subarray(start, start + size)),
  );
  if (counted === undefined || head === undefined) return { weights };
  const table = readTable(counted, head, bytes, config.vocabulary);
  return { weights, counts: { table, weights: readWeights(counted, head) } };
}

/**
 * Refuses a network that is too large to be read again.
 * @param count number of its parameters
 * @throws CharnnError with the number of parameters and the largest one that is allowed
 */
export function requireReadable(count: number, shown: string): void {
  if (count <= limits.parameters) return;
  throw new CharnnError(
    `${shown} has ${count} parameters, but at most ${limits.parameters} are allowed`,
  );
}
