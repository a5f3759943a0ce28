/**
 * Models in safetensors files: the tensors have the names and shapes of the model file, the counts are an additional
 * tensor of bytes, and the metadata contain the fields of the model file. So a model can be restored to the bit, and
 * other programs may change its weights.
 */
import { checkVersion } from '../checkpoint/json.js';
import { modelContents, readContents } from '../checkpoint/model-file.js';
import { littleEndian, type TensorShape } from '../checkpoint/tensors.js';
import { CharnnError } from '../errors.js';
import type { Model } from '../model/model-data.js';
import { fieldsOf, metadataOf } from './metadata.js';
import {
  type SafetensorsFile,
  type StoredTensor,
  safetensorsPieces,
  type TensorBytes,
} from './safetensors-file.js';
import { readTensorBytes, readValues, requireNumbers, requireShape } from './stored-values.js';

/** Yields the file of a model, in pieces. */
export function modelSafetensors(model: Model): Generator<Uint8Array> {
  const { fields, tensors, blobs } = modelContents(model);
  const weights = tensors.map(({ name, shape, values }): TensorBytes => {
    return { name, dtype: 'F32', shape, bytes: littleEndian(values) };
  });
  const counts = blobs.map(({ name, bytes }): TensorBytes => {
    return { name, dtype: 'U8', shape: [bytes.length], bytes };
  });
  return safetensorsPieces(metadataOf(fields), [...weights, ...counts]);
}

/** Whether a file says that charnn exported it */
export function isOwnModel({ metadata }: SafetensorsFile): boolean {
  return metadata.get('format') === 'charnn';
}

/**
 * Reads a model from a file written by `modelSafetensors`, and checks every field of it.
 * @throws CharnnError that says what is wrong, or when memory does not suffice
 */
export function readOwnModel(file: SafetensorsFile): Model {
  const { shown, metadata, tensors, source } = file;
  const fields = fieldsOf(metadata, shown);
  checkVersion(fields, shown, 'model');
  return readContents(fields, shown, (shapes, blobs) => {
    const left = new Map(tensors.map((tensor) => [tensor.name, tensor]));
    const take = (name: string): StoredTensor => {
      const tensor = left.get(name);
      if (tensor === undefined) throw new CharnnError(`${shown} has no tensor ${name}`);
      left.delete(name);
      return tensor;
    };
    const weights = shapes.map((shape) => checked(take(shape.name), shape));
    const bytes = blobs.map((name) => {
      const tensor = take(name);
      if (tensor.dtype === 'U8') return tensor;
      throw new CharnnError(`${tensor.shown} has values of type ${tensor.dtype}, not U8`);
    });
    for (const { shown: tensor } of left.values()) {
      throw new CharnnError(`${tensor} is not part of the model: leave it out`);
    }
    return (into) => {
      weights.forEach((tensor, i) => {
        readValues(source, tensor, into[i]);
      });
      return bytes.map((tensor) => readTensorBytes(source, tensor));
    };
  });
}

/**
 * Checks type and shape of a tensor that contains weights.
 * @throws CharnnError naming the type or the shape that the tensor has, and those that it may have
 */
function checked(tensor: StoredTensor, { shape }: TensorShape): StoredTensor {
  requireNumbers(tensor);
  requireShape(tensor, shape);
  return tensor;
}
