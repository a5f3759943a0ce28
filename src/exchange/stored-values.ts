/** The values of tensors in safetensors files, as float32 or as bytes. */
import { fromFloat16Bits } from '../backend/float16.js';
import { fromHalfBits } from '../backend/half.js';
import { firstNotFinite } from '../checkpoint/tensors.js';
import { CharnnError } from '../errors.js';
import type { ByteSource } from '../json/byte-source.js';
import { requireMemory } from '../machine/memory.js';
import type { StoredTensor } from './safetensors-file.js';

/** Decodes values of one type, little-endian. */
type Decoder = (bytes: DataView, into: Float32Array) => void;

interface Decoding {
  /** Size of a value in bytes */
  readonly bytes: number;
  readonly decode: Decoder;
}

/** The types that weights may have */
const decoders: ReadonlyMap<string, Decoding> = new Map(
  Object.entries({
    F64: { bytes: 8, decode: each((bytes, at) => bytes.getFloat64(8 * at, true)) },
    F32: { bytes: 4, decode: each((bytes, at) => bytes.getFloat32(4 * at, true)) },
    F16: { bytes: 2, decode: each((bytes, at) => fromFloat16Bits(bytes.getUint16(2 * at, true))) },
    BF16: { bytes: 2, decode: halves },
  }),
);

function each(value: (bytes: DataView, at: number) => number): Decoder {
  return (bytes, into) => {
    for (let i = 0; i < into.length; i++) into[i] = value(bytes, i);
  };
}

function halves(bytes: DataView, into: Float32Array): void {
  const bits = Uint16Array.from(into, (_, i) => bytes.getUint16(2 * i, true));
  into.set(fromHalfBits(bits));
}

/** Number of bytes of a tensor's values that are read at once: a multiple of the size of every type of value */
const pieceBytes = 1 << 20;

/**
 * @returns how a tensor's values are decoded
 * @throws CharnnError for a tensor whose type weights cannot have
 */
export function requireNumbers({ dtype, shown }: StoredTensor): Decoding {
  const decoding = decoders.get(dtype);
  if (decoding !== undefined) return decoding;
  throw new CharnnError(
    `${shown} has values of type ${dtype}: weights are ${[...decoders.keys()].join(', ')}`,
  );
}

/**
 * @param why the end of the message, which says why the tensor must have this shape
 * @throws CharnnError naming the shape that the tensor has and the one that it must have, if they differ
 */
export function requireShape(
  { shape, shown }: StoredTensor,
  expected: readonly number[],
  why = '',
): void {
  const [found, wanted] = [shape, expected].map((sizes) => JSON.stringify(sizes));
  if (found === wanted) return;
  throw new CharnnError(`${shown} must have the shape ${wanted}, not ${found.slice(0, 200)}${why}`);
}

/**
 * Reads a tensor's values.
 * @param into list with as many elements as the tensor
 * @throws CharnnError for a value that is not finite as a float32
 */
export function readValues(source: ByteSource, tensor: StoredTensor, into: Float32Array): void {
  const { bytes: size, decode } = requireNumbers(tensor);
  const piece = Buffer.alloc(Math.min(pieceBytes, tensor.length));
  for (let done = 0; done < into.length; done += piece.length / size) {
    const part = into.subarray(done, done + piece.length / size);
    source.read(piece.subarray(0, part.length * size), tensor.start + done * size);
    decode(new DataView(piece.buffer, piece.byteOffset, part.length * size), part);
    const strange = firstNotFinite(part);
    if (strange >= 0) {
      throw new CharnnError(
        `${tensor.shown} must be finite numbers in float32, not ${part[strange]} at ${done + strange}`,
      );
    }
  }
}

/**
 * Reads a tensor of bytes.
 * @throws CharnnError when memory does not suffice
 */
export function readTensorBytes(source: ByteSource, tensor: StoredTensor): Uint8Array {
  requireMemory(tensor.length, tensor.shown);
  const bytes = new Uint8Array(tensor.length);
  source.read(bytes, tensor.start);
  return bytes;
}
