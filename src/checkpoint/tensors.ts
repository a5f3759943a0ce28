/**
 * Tensors in JSON: `{name, shape, dtype, encoding, data}`, where data is base64 of little-endian float32, or plain
 * numbers. They are written and read in pieces, because a tensor's text may exceed V8's longest string.
 */
import type { Hash } from 'node:crypto';
import { endianness } from 'node:os';
import { CharnnError } from '../errors.js';
import { base64Length, readBase64 } from '../json/base64.js';
import type { ByteSource } from '../json/byte-source.js';
import { Fields } from '../json/fields.js';
import type { ScannedTensor, Span } from '../json/scan.js';
import { printable, quoteText } from '../messages/quote.js';
import { inMemory, type Numbers } from '../model/number-list.js';

export interface TensorShape {
  readonly name: string;
  readonly shape: readonly number[];
}

export interface NamedValues<Values extends Numbers = Float32Array> extends TensorShape {
  readonly values: Values;
}

/**
 * Number of values encoded at once: a multiple of 3, so that base64 pieces join without padding, and small enough that
 * V8 allocates the strings in its young generation, where garbage is cheap to collect.
 */
const pieceElements = 3 << 12;

/**
 * Yields a tensor's JSON, in pieces.
 * @param hash is updated with name, shape and values, as `readTensor` does
 * @throws CharnnError for a value that is not finite, which no reader would accept
 */
export function* tensorJson(
  tensor: NamedValues<Numbers>,
  plain: boolean,
  hash: Hash,
): Generator<string> {
  const { name, shape, values } = tensor;
  const encoding = plain ? 'plain' : 'base64';
  const head = JSON.stringify({ name, shape, dtype: 'float32', encoding });
  hash.update(identity(tensor));
  yield `${head.slice(0, -1)},"data":${plain ? '[' : '"'}`;
  for (let start = 0; start < values.length; start += pieceElements) {
    const piece = inMemory(values.subarray(start, Math.min(start + pieceElements, values.length)));
    const strange = firstNotFinite(piece);
    if (strange >= 0) {
      throw new CharnnError(
        `${name} is ${piece[strange]} at index ${start + strange}: only finite numbers can be saved`,
      );
    }
    const bytes = littleEndian(piece);
    hash.update(bytes);
    if (plain) yield (start > 0 ? ',' : '') + Array.from(piece, shortestDecimal).join(',');
    else yield bytes.toString('base64');
  }
  yield plain ? ']}' : '"}';
}

/** The index of the first value that is not finite, or -1 */
export function firstNotFinite(values: Float32Array): number {
  for (let i = 0; i < values.length; i++) if (!Number.isFinite(values[i])) return i;
  return -1;
}

/** Nine significant digits distinguish any two float32 numbers. */
function shortestDecimal(value: number): string {
  return Object.is(value, -0) ? '-0' : String(Number(value.toPrecision(9)));
}

function identity({ name, shape }: TensorShape): string {
  return JSON.stringify([name, shape]);
}

/** The bytes of values, little-endian: a view of them if the processor is little-endian, otherwise a copy */
export function littleEndian(values: Float32Array): Buffer {
  const bytes = Buffer.from(values.buffer, values.byteOffset, values.byteLength);
  return endianness() === 'LE' ? bytes : Buffer.from(bytes).swap32();
}

// --- reading ---

/** A tensor whose header has been checked: its format and the position of its data */
export interface ReadableTensor extends TensorShape {
  readonly fields: Fields;
  readonly data: Span;
  readonly encoding: 'base64' | 'plain';
}

/**
 * Checks everything that can be known about a tensor before memory is allocated for it.
 * @throws CharnnError naming the field that is wrong
 */
export function checkTensor(
  { head, data }: ScannedTensor,
  where: string,
  expected: TensorShape,
): ReadableTensor {
  const fields = Fields.of(head, where);
  const name = fields.string('name');
  if (name !== expected.name) fails(fields, 'name', `"${expected.name}"`, quoteText(name));
  const shape = JSON.stringify(fields.array('shape'));
  if (shape !== JSON.stringify(expected.shape)) {
    fails(
      fields,
      `shape (${name})`,
      JSON.stringify(expected.shape),
      printable(shape.slice(0, 200)),
    );
  }
  fields.oneOf('dtype', ['float32']);
  const encoding = fields.oneOf('encoding', ['base64', 'plain']);
  if (data === undefined) fails(fields, `data (${name})`, 'there', 'missing');
  const elements = elementsOf(expected);
  const length = data.end - data.start - 2;
  if (encoding === 'base64') {
    const needed = base64Length(4 * elements);
    if (length !== needed) {
      fails(fields, `data (${name})`, `${needed} characters of base64`, `${length}`);
    }
  } else if (length < 2 * elements - 1) {
    fails(fields, `data (${name})`, `${elements} numbers`, `${length} characters`);
  }
  return { ...expected, fields, data, encoding };
}

/** Returns the number of values in a tensor. */
export function elementsOf({ shape }: TensorShape): number {
  return shape.reduce((a, b) => a * b, 1);
}

/**
 * Reads a tensor's values into `into`, which has the right length.
 * @throws CharnnError naming the field that is wrong
 */
export function readTensor(
  source: ByteSource,
  tensor: ReadableTensor,
  into: Float32Array,
  hash: Hash,
): void {
  const { fields, name, data } = tensor;
  const store: Store = (piece, at) => {
    const strange = firstNotFinite(piece);
    if (strange >= 0) {
      fails(fields, `data (${name})`, 'finite numbers', `${piece[strange]} at ${at + strange}`);
    }
    into.set(piece, at);
  };
  if (tensor.encoding === 'plain') readPlain(source, tensor, into.length, store);
  else {
    const isValid = readBase64(source, data, into.byteLength, (piece, at) => {
      store(fromLittleEndian(piece), at / 4);
    });
    if (!isValid) throw new CharnnError(`${fields.name(`data (${name})`)} is not valid base64`);
  }
  hash.update(identity(tensor));
  hash.update(littleEndian(into));
}

/** Stores a tensor's values from the given index on. */
type Store = (values: Float32Array, at: number) => void;

/** The values whose bytes these are, little-endian, in the same memory; it begins at a multiple of 4 */
function fromLittleEndian({ buffer, byteOffset, byteLength }: Uint8Array): Float32Array {
  if (endianness() === 'BE') Buffer.from(buffer, byteOffset, byteLength).swap32();
  return new Float32Array(buffer, byteOffset, byteLength / 4);
}

/** Number of characters of plain numbers read at once */
const pieceCharacters = 1 << 16;

function readPlain(
  source: ByteSource,
  { fields, name, data }: ReadableTensor,
  length: number,
  store: Store,
) {
  const fail = (found: string) => fails(fields, `data (${name})`, `${length} numbers`, found);
  const last = data.end - 1;
  const piece = Buffer.allocUnsafe(Math.min(pieceCharacters, last - data.start - 1));
  let rest = '';
  let done = 0;
  for (let at = data.start + 1; at < last; at += piece.length) {
    const part = piece.subarray(0, Math.min(piece.length, last - at));
    source.read(part, at);
    const text = rest + part.toString('latin1');
    const isLast = at + part.length >= last;
    // the last number of a piece may continue in the next piece
    const end = isLast ? text.length : text.lastIndexOf(',');
    if (end < 0) return fail('a longer text');
    rest = text.slice(end + 1);
    const numbers = parseNumbers(text.slice(0, end)) ?? fail('another thing');
    if (done + numbers.length > length) fail('more');
    store(Float32Array.from(numbers), done);
    done += numbers.length;
  }
  if (done !== length) fail(`${done}`);
}

function parseNumbers(list: string): number[] | undefined {
  try {
    const values: unknown[] = JSON.parse(`[${list}]`);
    return values.every((value) => typeof value === 'number') ? (values as number[]) : undefined;
  } catch {
    return undefined;
  }
}

function fails(fields: Fields, key: string, expected: string, found: string): never {
  throw new CharnnError(`${fields.name(key)} must be ${expected}, not ${found}`);
}
