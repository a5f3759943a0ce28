/** The model file: everything that sampling, scoring and fine-tuning need, in one JSON file. */
import { CharnnError } from '../errors.js';
import { type Model, namedTensors } from '../model/model.js';
import { parameterTable } from '../model/parameters.js';
import { writeFileAtomically } from './atomic.js';
import type { Fields } from './fields.js';
import {
  fileJson,
  limits,
  readFields,
  readHistory,
  readModelConfig,
  readTextOptions,
  readVocabulary,
} from './json.js';
import { readTensor } from './tensors.js';

export const modelFormat = 'charnn';
export const modelVersion = 1;

/**
 * Writes a model; an existing file is replaced as a whole or not at all.
 * @param options.plainWeights numbers instead of base64: larger, but readable without decoding
 */
export async function writeModel(
  path: string,
  model: Model,
  options: { readonly plainWeights: boolean },
): Promise<void> {
  const head = {
    format: modelFormat,
    version: modelVersion,
    model: model.config,
    text: model.text,
    vocabulary: model.vocabulary.toJSON(),
    training: model.training,
    history: model.history,
  };
  const tensors = namedTensors(model).map(({ parameter: { name, shape }, values }) => ({
    name,
    shape,
    values,
  }));
  await writeFileAtomically(path, fileJson(head, tensors, options.plainWeights));
}

/**
 * Reads a model and checks every field of it.
 * @throws CharnnError naming the file and the field that is wrong
 */
export async function readModel(path: string): Promise<Model> {
  const fields = await readFields(path, modelFormat, modelVersion);
  const config = readModelConfig(fields.fields('model'));
  const text = readTextOptions(fields.fields('text'));
  const vocabulary = readVocabulary(fields, config);
  const training = fields.get('training') === undefined ? undefined : fields.record('training');
  const history = readHistory(fields);
  const weights = readParameters(fields, config, path);
  return { config, text, vocabulary, training, history, weights };
}

function readParameters(fields: Fields, config: Model['config'], path: string): Float32Array {
  const table = parameterTable(config);
  if (table.count > limits.parameters) {
    throw new CharnnError(
      `${path} has ${table.count} parameters; at most ${limits.parameters} fit`,
    );
  }
  const tensors = fields.objects('tensors');
  if (tensors.length !== table.parameters.length) {
    throw new CharnnError(
      `${fields.name('tensors')} must be ${table.parameters.length}, not ${tensors.length}`,
    );
  }
  const weights = new Float32Array(table.flatSize);
  table.parameters.forEach((parameter, i) => {
    const { start, size } = parameter;
    readTensor(tensors[i], parameter, weights.subarray(start, start + size));
  });
  return weights;
}
