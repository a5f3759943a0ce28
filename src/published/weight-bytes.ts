/**
 * Weights as bytes in a web page: float32, float16, or 8-bit integers with a scale for each row of a matrix
 * (`backend/int8.ts`). They are little-endian, one parameter after the other in the order of the parameter table; with
 * 8-bit integers, parameters that are not matrices stay float32.
 */
import { float16Bits, fromFloat16Bits, largestFloat16 } from '../backend/float16.js';
import { quantizeRows } from '../backend/int8.js';
import { CharnnError, optionName } from '../errors.js';
import type { ModelConfig } from '../model/model-config.js';
import { type Parameter, parameterTable } from '../model/parameters.js';
import type { WeightFormat } from '../pages/model-page.js';

/** Packs weights, given in the flat order of the parameter table. */
export function packWeights(
  config: ModelConfig,
  weights: Float32Array,
  format: WeightFormat,
): Uint8Array {
  const { parameters } = parameterTable(config);
  const bytes = new Uint8Array(parameters.reduce((sum, p) => sum + bytesOf(p, format), 0));
  const view = new DataView(bytes.buffer);
  let at = 0;
  for (const parameter of parameters) {
    const values = weights.subarray(parameter.start, parameter.start + parameter.size);
    packers[formatOf(parameter, format)](view, at, values, parameter);
    at += bytesOf(parameter, format);
  }
  return bytes;
}

/**
 * Unpacks weights.
 * @returns the flat list; padding between parameters is 0
 */
export function unpackWeights(
  config: ModelConfig,
  bytes: Uint8Array,
  format: WeightFormat,
): Float32Array {
  const { parameters, flatSize } = parameterTable(config);
  const weights = new Float32Array(flatSize);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let at = 0;
  for (const parameter of parameters) {
    const values = weights.subarray(parameter.start, parameter.start + parameter.size);
    unpackers[formatOf(parameter, format)](view, at, values, parameter);
    at += bytesOf(parameter, format);
  }
  if (at !== bytes.length)
    throw new CharnnError(`the weights take ${at} bytes, not ${bytes.length}`);
  return weights;
}

/** The number of columns of a matrix, which is its last dimension. */
const columnsOf = ({ shape }: Parameter) => shape[shape.length - 1];

function formatOf({ shape }: Parameter, format: WeightFormat): WeightFormat {
  return format === 'int8' && shape.length < 2 ? 'f32' : format;
}

function bytesOf(parameter: Parameter, format: WeightFormat): number {
  const { size } = parameter;
  const own = formatOf(parameter, format);
  if (own === 'int8') return size + 4 * (size / columnsOf(parameter));
  return own === 'f16' ? 2 * size : 4 * size;
}

type Packer = (view: DataView, at: number, values: Float32Array, parameter: Parameter) => void;

const packers: Readonly<Record<WeightFormat, Packer>> = {
  f32: (view, at, values) => {
    for (let i = 0; i < values.length; i++) view.setFloat32(at + 4 * i, values[i], true);
  },
  f16: (view, at, values, { name }) => {
    for (let i = 0; i < values.length; i++) {
      const bits = float16Bits(values[i]);
      if ((bits & 0x7fff) >= 0x7c00) {
        throw new CharnnError(
          `${name} has a weight of ${values[i]}, but numbers of 16 bits go only up to ${largestFloat16}: use ${optionName('weights', 'f32')}`,
        );
      }
      view.setUint16(at + 2 * i, bits, true);
    }
  },
  int8: (view, at, matrix, parameter) => {
    const { values, scales } = quantizeRows(matrix, columnsOf(parameter));
    for (let r = 0; r < scales.length; r++) view.setFloat32(at + 4 * r, scales[r], true);
    const start = at + 4 * scales.length;
    for (let i = 0; i < values.length; i++) view.setInt8(start + i, values[i]);
  },
};

const unpackers: Readonly<Record<WeightFormat, Packer>> = {
  f32: (view, at, values) => {
    for (let i = 0; i < values.length; i++) values[i] = view.getFloat32(at + 4 * i, true);
  },
  f16: (view, at, values) => {
    for (let i = 0; i < values.length; i++) {
      values[i] = fromFloat16Bits(view.getUint16(at + 2 * i, true));
    }
  },
  int8: (view, at, values, parameter) => {
    const columns = columnsOf(parameter);
    const start = at + 4 * (values.length / columns);
    for (let i = 0; i < values.length; i++) {
      const scale = view.getFloat32(at + 4 * Math.floor(i / columns), true);
      values[i] = view.getInt8(start + i) * scale;
    }
  },
};
