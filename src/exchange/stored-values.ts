/** Values of tensors in files of safetensors, as float32 or as bytes. */
import { fromFloat16Bits } from '../backend/float16.js';
import { firstNotFinite } from '../checkpoint/tensors.js';
import { CharnnError } from '../errors.js';
import type { ByteSource } from '../json/byte-source.js';
import { requireMemory } from '../machine/memory.js';
import type { StoredTensor } from './safetensors-file.js';

/** Decodes values of one type, little-endian. */
type Decoder = (bytes: DataView, into: Float32Array) => void;

/** The types of values that weights may have, with the bytes of each */
const decoders: ReadonlyMap<string, { readonly bytes: number; readonly decode: Decoder }> = new Map(
  Object.entries({
    F64: { bytes: 8, decode: each((bytes, at) => bytes.getFloat64(8 * at, true)) },
    F32: { bytes: 4, decode: each((bytes, at) => bytes.getFloat32(4 * at, true)) },
    F16: { bytes: 2, decode: each((bytes, at) => fromFloat16Bits(bytes.getUint16(2 * at, true))) },
    BF16: { bytes: 2, decode: each((bytes, at) => fromBrain(bytes.getUint16(2 * at, true))) },
  }),
);

function each(value: (bytes: DataView, at: number) => number): Decoder {
  return (bytes, into) => {
    for (let i = 0; i < into.length; i++) into[i] = value(bytes, i);
  };
}

const word = new DataView(new ArrayBuffer(4));

/** The value of a bfloat16: the upper half of a float32 */
function fromBrain(bits: number): number {
  word.setUint32(0, bits * 0x10000);
  return word.getFloat32(0);
}

/** Number of bytes read at once: a multiple of the bytes of every type */
const pieceBytes = 1 << 20;

/** @throws CharnnError for a tensor whose values cannot be weights */
export function requireNumbers({ dtype, shown }: StoredTensor): void {
  if (decoders.has(dtype)) return;
  throw new CharnnError(
    `${shown} has values of type ${dtype}: weights are ${[...decoders.keys()].join(', ')}`,
  );
}

/**
 * Reads a tensor's values.
 * @param into has as many
 * @throws CharnnError for a value that is not finite as a float32
 */
export function readValues(source: ByteSource, tensor: StoredTensor, into: Float32Array): void {
  requireNumbers(tensor);
  const { bytes: size, decode } = decoders.get(tensor.dtype) as NonNullable<
    ReturnType<typeof decoders.get>
  >;
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

/** Reads a tensor of bytes. @throws CharnnError when memory does not suffice */
export function readTensorBytes(source: ByteSource, tensor: StoredTensor): Uint8Array {
  requireMemory(tensor.length, tensor.shown);
  const bytes = new Uint8Array(tensor.length);
  source.read(bytes, tensor.start);
  return bytes;
}
