/**
 * Tensors in JSON: `{name, shape, dtype, encoding, data}`, where data is base64 of little-endian float32, or plain
 * numbers. They are written and read in pieces, because a tensor's text may exceed V8's longest string.
 */
import type { Hash } from 'node:crypto';
import { endianness } from 'node:os';
import { CharnnError } from '../errors.js';
import type { ByteSource } from '../json/byte-source.js';
import { Fields } from '../json/fields.js';
import type { ScannedTensor, Span } from '../json/scan.js';
import { printable, quoteText } from '../messages/quote.js';

export interface TensorShape {
  readonly name: string;
  readonly shape: readonly number[];
}

export interface NamedValues extends TensorShape {
  readonly values: Float32Array;
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
export function* tensorJson(tensor: NamedValues, plain: boolean, hash: Hash): Generator<string> {
  const { name, shape, values } = tensor;
  const encoding = plain ? 'plain' : 'base64';
  const head = JSON.stringify({ name, shape, dtype: 'float32', encoding });
  hash.update(identity(tensor));
  yield `${head.slice(0, -1)},"data":${plain ? '[' : '"'}`;
  for (let start = 0; start < values.length; start += pieceElements) {
    const piece = values.subarray(start, start + pieceElements);
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

/** The bytes of values, little-endian: where the processor is so itself, a view on them */
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
    const needed = Math.ceil((elements * 4) / 3) * 4;
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
  const { fields, name } = tensor;
  if (tensor.encoding === 'base64') readBase64(source, tensor, into);
  else readPlain(source, tensor, into);
  const strange = firstNotFinite(into);
  if (strange >= 0) {
    fails(fields, `data (${name})`, 'finite numbers', `${into[strange]} at ${strange}`);
  }
  hash.update(identity(tensor));
  hash.update(littleEndian(into));
}

/** Number of characters read at once: a multiple of 4, the length of a base64 group */
const pieceCharacters = 1 << 20;

function readBase64(
  source: ByteSource,
  { fields, name, data }: ReadableTensor,
  into: Float32Array,
) {
  const bytes = Buffer.from(into.buffer, into.byteOffset, into.byteLength);
  const last = data.end - 1;
  const piece = Buffer.allocUnsafe(Math.min(pieceCharacters, last - data.start - 1));
  let done = 0;
  for (let at = data.start + 1; at < last; at += piece.length) {
    const part = piece.subarray(0, Math.min(piece.length, last - at));
    source.read(part, at);
    const wanted = Math.min((part.length / 4) * 3, bytes.length - done);
    // the decoder skips characters outside the base64 alphabet, so that too few bytes come out
    if (bytes.write(part.toString('latin1'), done, 'base64') !== wanted) {
      throw new CharnnError(`${fields.name(`data (${name})`)} is not valid base64`);
    }
    done += wanted;
  }
  if (endianness() === 'BE') bytes.swap32();
}

function readPlain(source: ByteSource, { fields, name, data }: ReadableTensor, into: Float32Array) {
  const fail = (found: string) => fails(fields, `data (${name})`, `${into.length} numbers`, found);
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
    if (done + numbers.length > into.length) fail('more');
    into.set(numbers, done);
    done += numbers.length;
  }
  if (done !== into.length) fail(`${done}`);
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
