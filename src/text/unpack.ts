/** Unpacks compressed files while they are read. */
import { pipeline, Readable, type Transform } from 'node:stream';
import zlib from 'node:zlib';
import { CharnnError } from '../errors.js';
import type { Packing } from './signatures.js';

/**
 * Limits of the unpacked size: in bytes, and as a multiple of the packed size. Texts and logs shrink to a twentieth
 * when they are compressed, hardly ever further. A file that exceeds both limits was made to fill memory, or contains
 * nothing worth learning.
 */
const unlimitedBytes = 1e9;
const maxRatio = 250;

/** Decoders that only newer versions of Node.js have */
type MaybeZstd = { readonly createZstdDecompress?: () => Transform };

function unpacker(packing: Packing): Transform | undefined {
  if (packing === 'gzip') return zlib.createGunzip();
  if (packing === 'brotli') return zlib.createBrotliDecompress();
  return (zlib as MaybeZstd).createZstdDecompress?.();
}

/**
 * @param name the file, as messages show it
 * @throws CharnnError when the file is damaged, or its content is out of all proportion to its size
 * @returns undefined if this Node.js cannot unpack it
 */
export function unpacked(
  pieces: AsyncIterable<Uint8Array>,
  packing: Packing,
  name: string,
): AsyncIterable<Uint8Array> | undefined {
  const stream = unpacker(packing);
  return stream === undefined ? undefined : unpackedBy(stream, pieces, packing, name);
}

/** Copies each piece, because the source will overwrite its memory while the stream reads ahead. */
async function* copiesOf(
  pieces: AsyncIterable<Uint8Array>,
  count: { bytes: number },
): AsyncGenerator<Buffer, void, void> {
  for await (const piece of pieces) {
    count.bytes += piece.length;
    yield Buffer.from(piece);
  }
}

async function* unpackedBy(
  stream: Transform,
  pieces: AsyncIterable<Uint8Array>,
  packing: Packing,
  name: string,
): AsyncGenerator<Uint8Array, void, void> {
  const packed = { bytes: 0 };
  let length = 0;
  // an error of either stream of the pipeline reaches the loop that reads `stream`, which throws it
  pipeline(Readable.from(copiesOf(pieces, packed)), stream, () => {});
  try {
    for await (const chunk of stream) {
      const bytes = chunk as Uint8Array;
      length += bytes.length;
      if (length > unlimitedBytes && length > maxRatio * packed.bytes) {
        throw new CharnnError(
          `${name} unpacks to more than ${maxRatio} times its size: if that is intended, unpack it to a file first`,
        );
      }
      yield bytes;
    }
  } catch (cause) {
    if (cause instanceof CharnnError) throw cause;
    throw new CharnnError(
      `${name} is damaged or incomplete: its ${packing} data cannot be unpacked; check it with ${packing} -t`,
      1,
      { cause },
    );
  }
}
