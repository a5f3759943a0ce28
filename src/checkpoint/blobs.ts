/**
 * Stores byte arrays in a file's list of tensors, in the same form as tensors, `{name, shape, dtype, encoding, data}`,
 * with dtype uint8.
 */
import type { Hash } from 'node:crypto';
import { CharnnError } from '../errors.js';
import { base64Length, readBase64 } from '../json/base64.js';
import type { ByteSource } from '../json/byte-source.js';
import { Fields } from '../json/fields.js';
import type { ScannedTensor, Span } from '../json/scan.js';
import { requireMemory } from '../machine/memory.js';

export interface NamedBytes {
  readonly name: string;
  readonly bytes: Uint8Array;
}

/** Number of bytes encoded at once: a multiple of 3, so that pieces of base64 join without padding */
const pieceBytes = 3 << 14;

/**
 * Yields the JSON of a byte array, in pieces.
 * @param hash is updated with name, shape and bytes, as `readBytes` does
 */
export function* bytesJson({ name, bytes }: NamedBytes, hash: Hash): Generator<string> {
  const shape = [bytes.length];
  const head = JSON.stringify({ name, shape, dtype: 'uint8', encoding: 'base64' });
  hash.update(JSON.stringify([name, shape]));
  yield `${head.slice(0, -1)},"data":"`;
  for (let start = 0; start < bytes.length; start += pieceBytes) {
    const piece = Buffer.from(bytes.subarray(start, start + pieceBytes));
    hash.update(piece);
    yield piece.toString('base64');
  }
  yield '"}';
}

/** A byte array whose description has been checked, with the position of its data in the file */
export interface ReadableBytes {
  readonly name: string;
  readonly fields: Fields;
  readonly length: number;
  readonly data: Span;
}

/**
 * Checks the description and the length of a byte array, before memory is allocated for it.
 * @throws CharnnError naming the field that is wrong
 */
export function checkBytes(
  { head, data }: ScannedTensor,
  where: string,
  name: string,
): ReadableBytes {
  const fields = Fields.of(head, where);
  if (fields.string('name') !== name) fields.fail('name', `"${name}"`);
  fields.oneOf('dtype', ['uint8']);
  fields.oneOf('encoding', ['base64']);
  const shape = fields.array('shape');
  const [length] = shape;
  if (shape.length !== 1 || !Number.isSafeInteger(length) || (length as number) < 0) {
    fields.fail('shape', 'a list of one element, the number of bytes');
  }
  const bytes = length as number;
  const needed = base64Length(bytes);
  const found = data === undefined ? 0 : data.end - data.start - 2;
  if (data === undefined || found !== needed) {
    throw new CharnnError(
      `${fields.name(`data (${name})`)} must be ${needed} characters of base64, not ${found}`,
    );
  }
  return { name, fields, length: bytes, data };
}

/**
 * Reads a byte array.
 * @throws CharnnError for invalid base64, or when memory does not suffice
 */
export function readBytes(
  source: ByteSource,
  { name, fields, length, data }: ReadableBytes,
  hash: Hash,
): Uint8Array {
  requireMemory(length, fields.name(`data (${name})`));
  const bytes = Buffer.from(new Uint8Array(length).buffer);
  if (!readBase64(source, data, length, (piece, at) => bytes.set(piece, at))) {
    throw new CharnnError(`${fields.name(`data (${name})`)} is not valid base64`);
  }
  hash.update(JSON.stringify([name, [length]]));
  hash.update(bytes);
  return bytes;
}
