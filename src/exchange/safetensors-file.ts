/**
 * The safetensors format: 8 bytes with the length of the header, little-endian; the header, a JSON object with the
 * type, the shape and the position of each tensor's values; then the values, without gaps
 * (https://github.com/huggingface/safetensors#format).
 */
import { CharnnError } from '../errors.js';
import { type ByteSource, openBytes } from '../json/byte-source.js';
import { Fields } from '../json/fields.js';
import { scanObject } from '../json/scan.js';
import { limits } from '../limits.js';
import { quote, quoteText } from '../messages/quote.js';

/** The key in the header whose value is an object of strings instead of the description of a tensor */
const metadataKey = '__metadata__';
const lengthBytes = 8;

/** The types of values, with their size in bytes. charnn does not support types with several values per byte. */
const typeBytes = {
  ...{ F64: 8, F32: 4, F16: 2, BF16: 2 },
  ...{ I64: 8, I32: 4, I16: 2, I8: 1, U64: 8, U32: 4, U16: 2, U8: 1, BOOL: 1 },
} as const;

export type ValueType = keyof typeof typeBytes;
const typeNames = Object.keys(typeBytes) as ValueType[];

export interface StoredTensor {
  readonly name: string;
  readonly dtype: ValueType;
  readonly shape: readonly number[];
  /** Where the bytes of the tensor begin in the file, and how many there are */
  readonly start: number;
  readonly length: number;
  /** The name of the tensor as messages show it, including that of the file */
  readonly shown: string;
}

/** A safetensors file whose header has been read and checked */
export interface SafetensorsFile {
  /** The file as messages show it */
  readonly shown: string;
  readonly metadata: ReadonlyMap<string, string>;
  /** The tensors, in the order of their names in the header */
  readonly tensors: readonly StoredTensor[];
  readonly source: ByteSource;
}

/**
 * Opens a safetensors file, passes it to a function, and closes it.
 * @throws CharnnError when it cannot be read, and for a header that is damaged, too long, or does not fit the file
 */
export async function readSafetensors<T>(
  path: string,
  work: (file: SafetensorsFile) => T,
): Promise<T> {
  const source = await openBytes(path);
  try {
    return work(readHeader(source, quote(path)));
  } finally {
    source.close();
  }
}

function readHeader(source: ByteSource, shown: string): SafetensorsFile {
  const start = Buffer.alloc(lengthBytes + 1);
  const found = source.read(start, 0);
  const length = start.readBigUInt64LE();
  if (found <= lengthBytes || start[lengthBytes] !== '{'.charCodeAt(0)) {
    throw new CharnnError(`${shown} is not a safetensors file${hint(start.subarray(0, found))}`);
  }
  if (length > limits.headBytes) {
    throw new CharnnError(
      `${shown} is not a safetensors file, or is damaged: its header would be ${length} bytes, but at most ${limits.headBytes} are allowed`,
    );
  }
  const end = lengthBytes + Number(length);
  const header = scanObject(part(source, lengthBytes, end), `the header of ${shown}`);
  const metadata = new Map<string, string>();
  const tensors: StoredTensor[] = [];
  for (const [name, value] of Object.entries(header)) {
    if (name === metadataKey) {
      const fields = Fields.of(value, `${shown}: ${metadataKey}`);
      for (const key of Object.keys(fields.value)) metadata.set(key, fields.string(key));
      continue;
    }
    if (tensors.length === limits.tensors) {
      throw new CharnnError(`${shown} has more than ${limits.tensors} tensors`);
    }
    tensors.push(readEntry(name, value, shown, end));
  }
  requireWhole(source, tensors, shown, end);
  return { shown, metadata, tensors, source };
}

/**
 * The end of the message about a file that is not safetensors: advice, if it is a file that people are likely to give
 */
function hint(start: Buffer): string {
  // torch.save writes a zip archive; its earlier versions wrote a pickle
  if (start.subarray(0, 2).toString('latin1') === 'PK' || start[0] === 0x80) {
    return ", but perhaps one of torch.save: in Python, write the model with safetensors.torch.save_file(model.state_dict(), 'model.safetensors')";
  }
  return start[0] === '{'.charCodeAt(0)
    ? ', but JSON: a charnn model does not need to be imported'
    : '';
}

/** Returns a source of bytes that reads only a part of another source. */
function part(source: ByteSource, start: number, end: number): ByteSource {
  return {
    read: (into, position) => {
      const length = Math.max(0, Math.min(into.length, end - start - position));
      return source.read(into.subarray(0, length), start + position);
    },
    close() {},
  };
}

function readEntry(name: string, value: unknown, file: string, dataStart: number): StoredTensor {
  const shown = `${file}: the tensor ${quoteText(name, 60)}`;
  const fields = Fields.of(value, shown);
  const dtype = fields.oneOf('dtype', typeNames);
  const shape = naturals(fields, 'shape');
  const offsets = naturals(fields, 'data_offsets');
  const [start, end] = offsets;
  if (offsets.length !== 2 || start > end) {
    fields.fail('data_offsets', 'a list of two numbers, the smaller first');
  }
  const bytes = shape.reduce((product, size) => product * size, typeBytes[dtype]);
  if (bytes !== end - start) {
    throw new CharnnError(
      `${shown} has ${end - start} bytes, but its shape and dtype take ${bytes}`,
    );
  }
  return { name, dtype, shape, start: dataStart + start, length: end - start, shown };
}

function naturals(fields: Fields, key: string): number[] {
  const list = fields.array(key);
  if (!list.every((x) => Number.isSafeInteger(x) && (x as number) >= 0)) {
    fields.fail(key, 'a list of integers of at least 0');
  }
  return list as number[];
}

/**
 * Refuses a safetensors file in which the values of tensors overlap or leave gaps, or which is too short or too long
 * for them.
 */
function requireWhole(
  source: ByteSource,
  tensors: readonly StoredTensor[],
  shown: string,
  dataStart: number,
): void {
  const sorted = [...tensors].sort((a, b) => a.start - b.start || a.length - b.length);
  let end = dataStart;
  for (const { start, length, shown: tensor } of sorted) {
    if (start !== end) {
      throw new CharnnError(
        `${tensor} begins at byte ${start - dataStart} of the values, not at ${end - dataStart}, where the preceding tensor ends`,
      );
    }
    end += length;
  }
  // the file must have the last byte of the last tensor, and none after it
  const found = source.read(Buffer.alloc(2), end - 1);
  if (found !== 1) {
    throw new CharnnError(
      `${shown} ${found === 0 ? 'ends too early' : 'continues after the last tensor'}: it should have ${end} bytes`,
    );
  }
}

/** A tensor to be written to a safetensors file */
export interface TensorBytes {
  readonly name: string;
  readonly dtype: ValueType;
  readonly shape: readonly number[];
  /** The tensor's values, little-endian */
  readonly bytes: Uint8Array;
}

/**
 * Yields a file in pieces.
 * @param metadata strings by name, which come first in the header
 * @throws CharnnError when the header would be longer than readers accept
 */
export function* safetensorsPieces(
  metadata: Readonly<Record<string, string>>,
  tensors: readonly TensorBytes[],
): Generator<Uint8Array> {
  let end = 0;
  const entries = tensors.map(({ name, dtype, shape, bytes }) => {
    const start = end;
    end += bytes.length;
    return [name, { dtype, shape, data_offsets: [start, end] }] as const;
  });
  const header = JSON.stringify({ [metadataKey]: metadata, ...Object.fromEntries(entries) });
  // the tensors' values begin at a multiple of 8, so that readers may map them into memory
  const size = Math.ceil(Buffer.byteLength(header) / 8) * 8;
  if (size > limits.headBytes) {
    throw new CharnnError(
      `the header of the file would be ${size} bytes, but at most ${limits.headBytes} are allowed`,
    );
  }
  const start = Buffer.alloc(lengthBytes + size, ' ');
  start.writeBigUInt64LE(BigInt(size));
  start.write(header, lengthBytes);
  yield start;
  for (const { bytes } of tensors) yield bytes;
}
