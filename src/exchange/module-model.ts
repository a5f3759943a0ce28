/**
 * Makes a model from a PyTorch state dict. Names, shapes and the order of gates are the same as charnn's; only the
 * vocabulary differs, because charnn's characters are in ascending order, followed by the unknown symbol.
 */
import { requireReadable } from '../checkpoint/model-file.js';
import { CharnnError } from '../errors.js';
import { limits } from '../limits.js';
import { requireMemory } from '../machine/memory.js';
import type { Model } from '../model/model-data.js';
import { type Parameter, parameterTable } from '../model/parameters.js';
import type { CharacterList } from './character-list.js';
import { recogniseModule } from './recognise-module.js';
import type { SafetensorsFile, StoredTensor } from './safetensors-file.js';
import { readValues, requireNumbers } from './stored-values.js';

/**
 * In a model that had no unknown symbol, the probability of the new unknown symbol becomes at most e^-14, less than a
 * millionth, so that losses of known characters increase by no more than that.
 */
const unknownNats = 14;

/**
 * Reads the model in a state dict.
 * @throws CharnnError that says what is wrong, or when memory does not suffice
 */
export function readModuleModel(file: SafetensorsFile, list: CharacterList): Model {
  const { shown, source } = file;
  const module = recogniseModule(file.tensors, shown);
  const { cell, layers, hidden, embedding, characters, tensors } = module;
  for (const tensor of tensors.values()) requireNumbers(tensor);
  if (characters !== list.order.length) {
    throw new CharnnError(
      `${list.shown} lists ${list.order.length} characters, but the output layer of ${shown} has ${characters}: list them all, in the order of their ids`,
    );
  }
  requireSizes({ layers, hidden, embedding }, shown);
  const config = { cell, layers, hidden, embedding, vocabulary: list.vocabulary.size };
  const { parameters, flatSize, count } = parameterTable(config);
  requireReadable(count, shown);
  requireMemory(2 * flatSize * 4, `the model ${shown}`);
  const weights = new Float32Array(flatSize);
  for (const parameter of parameters) {
    const tensor = tensors.get(parameter.name);
    const into = weights.subarray(parameter.start, parameter.start + parameter.size);
    if (tensor === undefined) continue;
    if (parameter.vocabularyAxis === undefined) readValues(source, tensor, into);
    else reorder(valuesOf(file, tensor), into, parameter, list);
  }
  if (!list.order.includes(null)) addUnknown(weights, parameters);
  return {
    config,
    vocabulary: list.vocabulary,
    // a model that knows the carriage return was trained on texts that kept it
    text: {
      unit: list.vocabulary.unit,
      keepCr: list.vocabulary.id(0x0d) !== list.vocabulary.unknownId,
    },
    weights,
    training: undefined,
    history: [],
  };
}

function requireSizes(
  sizes: { readonly layers: number; readonly hidden: number; readonly embedding: number },
  shown: string,
): void {
  const { layers, hidden, embedding } = sizes;
  if (layers <= limits.layers && Math.max(hidden, embedding) <= limits.width) return;
  throw new CharnnError(
    `${shown} has ${layers} layers of ${hidden} units and an embedding of ${embedding}: at most ${limits.layers} layers, of ${limits.width} units, are allowed`,
  );
}

function valuesOf({ source }: SafetensorsFile, tensor: StoredTensor): Float32Array {
  const values = new Float32Array(tensor.shape.reduce((a, b) => a * b, 1));
  readValues(source, tensor, values);
  return values;
}

/** Copies the row or column that belongs to each character from the character's old id to its new one. */
function reorder(
  from: Float32Array,
  into: Float32Array,
  { shape, vocabularyAxis }: Parameter,
  { order, vocabulary }: CharacterList,
): void {
  const size = vocabulary.size;
  order.forEach((symbol, old) => {
    const id = symbol === null ? vocabulary.unknownId : vocabulary.id(symbol);
    if (vocabularyAxis === 0) {
      const width = shape[1] ?? 1;
      into.set(from.subarray(old * width, (old + 1) * width), id * width);
      return;
    }
    for (let row = 0; row < shape[0]; row++) into[row * size + id] = from[row * order.length + old];
  });
}

/**
 * Gives the output layer a row for the unknown symbol, whose logit is the mean of all others minus a constant. The mean
 * is at most log Σ exp − log V (Jensen's inequality), so the constant bounds the probability.
 */
function addUnknown(weights: Float32Array, parameters: readonly Parameter[]): void {
  for (const { name, shape, start, size } of parameters) {
    if (name !== 'output.weight' && name !== 'output.bias') continue;
    const width = shape[1] ?? 1;
    const known = shape[0] - 1;
    const values = weights.subarray(start, start + size);
    for (let column = 0; column < width; column++) {
      let mean = 0;
      for (let row = 0; row < known; row++) mean += values[row * width + column] / known;
      const less = name === 'output.bias' ? Math.max(0, unknownNats - Math.log(known)) : 0;
      values[known * width + column] = mean - less;
    }
  }
}
