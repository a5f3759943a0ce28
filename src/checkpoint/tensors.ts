/**
 * Tensors in JSON: `{name, shape, dtype, encoding, data}`, the data base64 of little-endian float32, or
 * plain numbers.
 */
import { endianness } from 'node:os';
import { CharnnError } from '../errors.js';
import type { Fields } from './fields.js';

export interface NamedValues {
  readonly name: string;
  readonly shape: readonly number[];
  readonly values: Float32Array;
}

/** Values encoded at once: a multiple of 3 elements, so that base64 pieces join without padding. */
const pieceElements = 3 << 16;

/** A tensor's JSON, in pieces. */
export function* tensorJson(tensor: NamedValues, plain: boolean): Generator<string> {
  const { name, shape, values } = tensor;
  const encoding = plain ? 'plain' : 'base64';
  const head = JSON.stringify({ name, shape, dtype: 'float32', encoding });
  yield `${head.slice(0, -1)},"data":${plain ? '[' : '"'}`;
  for (let start = 0; start < values.length; start += pieceElements) {
    const piece = values.subarray(start, start + pieceElements);
    if (plain) yield (start > 0 ? ',' : '') + Array.from(piece, shortest).join(',');
    else yield littleEndian(piece).toString('base64');
  }
  yield plain ? ']}' : '"}';
}

/** Nine significant digits tell any two float32 apart. */
function shortest(value: number): string {
  return String(Number(value.toPrecision(9)));
}

function littleEndian(values: Float32Array): Buffer {
  const bytes = Buffer.from(values.buffer, values.byteOffset, values.byteLength);
  return endianness() === 'LE' ? bytes : Buffer.from(bytes).swap32();
}

/**
 * Reads a tensor whose name and shape are known beforehand into `into`.
 * @throws CharnnError naming the field that is wrong
 */
export function readTensor(
  fields: Fields,
  expected: { readonly name: string; readonly shape: readonly number[] },
  into: Float32Array,
): void {
  const name = fields.string('name');
  if (name !== expected.name) fails(fields, 'name', `"${expected.name}"`, name);
  const shape = JSON.stringify(fields.array('shape'));
  if (shape !== JSON.stringify(expected.shape)) {
    fails(fields, `shape (${name})`, JSON.stringify(expected.shape), shape);
  }
  fields.oneOf('dtype', ['float32']);
  const encoding = fields.oneOf('encoding', ['base64', 'plain']);
  if (encoding === 'plain') readPlain(fields, name, into);
  else readBase64(fields, name, into);
  for (let i = 0; i < into.length; i++) {
    if (!Number.isFinite(into[i])) {
      fails(fields, `data (${name})`, 'finite numbers', `${into[i]} at ${i}`);
    }
  }
}

function readPlain(fields: Fields, name: string, into: Float32Array): void {
  const data = fields.array('data');
  if (data.length !== into.length) {
    fails(fields, `data (${name})`, `${into.length} numbers`, `${data.length}`);
  }
  data.forEach((value, i) => {
    if (typeof value !== 'number') fails(fields, `data (${name})`, 'numbers', typeof value);
    else into[i] = value;
  });
}

function readBase64(fields: Fields, name: string, into: Float32Array): void {
  const data = fields.string('data');
  const length = Math.ceil(into.byteLength / 3) * 4;
  if (data.length !== length) {
    fails(fields, `data (${name})`, `${length} characters of base64`, `${data.length}`);
  }
  const bytes = Buffer.from(into.buffer, into.byteOffset, into.byteLength);
  // characters outside the alphabet are skipped by the decoder, so that too few bytes come out
  if (bytes.write(data, 'base64') !== into.byteLength) {
    throw new CharnnError(`${fields.name(`data (${name})`)} is not valid base64`);
  }
  if (endianness() === 'BE') bytes.swap32();
}

function fails(fields: Fields, key: string, expected: string, found: string): never {
  throw new CharnnError(`${fields.name(key)} must be ${expected}, not ${found}`);
}
