/** Compresses bytes and restores them exactly. */
import { createHash } from 'node:crypto';
import type { Device } from '../backend/device.js';
import { usualContext } from '../counts/count-text.js';
import { CharnnError } from '../errors.js';
import { limits } from '../limits.js';
import { requireMemory } from '../machine/memory.js';
import type { ModelConfig } from '../model/model-config.js';
import type { Model } from '../model/model-data.js';
import {
  type CodingSettings,
  type ComputeContext,
  decode,
  encode,
  type ProgressListener,
} from './coder.js';
import { bytesPerByte, codingBytes } from './coding-bytes.js';
import {
  anotherModel,
  fingerprint,
  freshModel,
  givenModel,
  modelMissing,
  probe,
  requireDevice,
} from './coding-model.js';
import {
  type Coding,
  damaged,
  type Header,
  maxStreams,
  pack,
  unpack,
  writtenVersion,
} from './container.js';
import { compressShort, decompressShort } from './short-codec.js';
import { isShort, shortBackend, shortBytes } from './short-container.js';
import { bytesOfSymbols, symbolsOfBytes } from './symbols.js';

/** Sizes of a model that begins untrained, which is small because it has to learn fast */
const freshConfig = { cell: 'lstm', layers: 1, hidden: 256, embedding: 64 } as const;
const freshRate = 4e-3;
/** Learning rate of a given model, which is low because such a model knows the language and only has to adapt. */
const givenRate = 1e-3;
const { chunk } = limits.compressed;
/**
 * Number of streams of a short content, and number of characters in each stream of a long one: fewer streams compress
 * better, more are faster.
 */
const fewStreams = 4;
const longStream = 300_000;

export interface CompressOptions {
  /** The model to start from; without it, a fresh model learns from the content alone. */
  readonly model?: Model | undefined;
  /** Whether a given model goes on learning; a content so short that it gets a short header never changes the model */
  readonly learn: boolean;
  readonly threads: number;
  /** The device that computes; the machine that decompresses must be able to compute the same numbers. */
  readonly device: Device;
  readonly onProgress?: ProgressListener | undefined;
  /** A signal that ends the work; the promise is rejected with the signal's reason. */
  readonly signal?: AbortSignal | undefined;
}

/**
 * Compresses a content. With a given model and WebAssembly, a content of less than a kilobyte gets a short header.
 * @returns the file, which is at most a few hundred bytes longer than the content
 */
export async function compress(content: Uint8Array, options: CompressOptions): Promise<Uint8Array> {
  const { model, device } = options;
  requireCompressible(content.length);
  const isBrief = content.length > 0 && content.length < shortBytes;
  if (model && isBrief && device.name === shortBackend) {
    return compressShort(content, model, options);
  }
  return compressLong(content, options);
}

/** Makes a file whose header records all that is needed to restore the content */
async function compressLong(
  content: Uint8Array,
  { model, learn, threads, device, onProgress, signal }: CompressOptions,
): Promise<Uint8Array> {
  const common = {
    bytes: content.length,
    sha256: createHash('sha256').update(content).digest('hex'),
  };
  const stored = pack(common, [content]);
  const symbols = symbolsOfBytes(content, model?.vocabulary.unit ?? 'byte');
  if (symbols.length === 0) return stored;
  const streams = streamsFor(symbols.length);
  const alphabet = Uint32Array.from(new Set(model ? [] : symbols)).sort();
  const fresh = { ...freshConfig, vocabulary: alphabet.length + 1 };
  const coder = model ? givenModel(model, writtenVersion) : freshModel(fresh, alphabet);
  const settings: CodingSettings = {
    streams,
    chunk,
    lanes: Math.min(threads, streams),
    rate: model === undefined ? freshRate : learn ? givenRate : 0,
    version: writtenVersion,
    context: usualContext(symbols.length, coder.config.vocabulary),
  };
  requireMemory(codingBytes(coder.config, symbols.length, settings), 'compressing this');
  const parts = await encode(symbols, coder, settings, { device, onProgress, signal });
  const how: Coding = {
    ...settings,
    characters: symbols.length,
    backend: device.name,
    probe: await probe(device, coder.config, writtenVersion),
    model: model
      ? { sha256: fingerprint(model, writtenVersion), unit: model.vocabulary.unit }
      : { config: fresh, alphabet },
  };
  const file = pack({ ...common, coded: { parts: parts.map(({ length }) => length), how } }, parts);
  return file.length < stored.length ? file : stored;
}

/**
 * Refuses a content that is too large, because a file is compressed as a whole, in memory.
 * @param bytes size of the file, or of the part that has been read so far
 * @throws CharnnError for more than can be compressed at once, or than fits in memory
 */
export function requireCompressible(bytes: number): void {
  const { contentBytes } = limits.compressed;
  const remedy = 'split it (split -b 1G), and compress the parts';
  if (bytes > contentBytes) {
    throw new CharnnError(
      `the file has ${bytes} bytes or more, but at most ${contentBytes} can be compressed at a time: ${remedy}`,
    );
  }
  requireMemory(bytesPerByte * bytes, `compressing ${bytes} bytes`, remedy);
}

function streamsFor(characters: number): number {
  const wanted = Math.max(fewStreams, Math.round(characters / longStream));
  return Math.min(wanted, maxStreams(characters));
}

/**
 * Restores a content.
 * @param name of the file, as messages show it
 * @param model the one that was given to compress
 * @throws CharnnError where the file is damaged, where another model is needed, and where this machine does not compute
 * the same numbers as the one that wrote it
 */
export async function decompress(
  file: Uint8Array,
  name: string,
  model: Model | undefined,
  onProgress?: ProgressListener,
  signal?: AbortSignal,
): Promise<Uint8Array> {
  if (isShort(file)) return decompressShort(file, name, model, { onProgress, signal });
  const { header, body } = unpack(file, name);
  const content = header.coded
    ? await decoded(header.coded, body, name, model, { onProgress, signal })
    : body;
  const sha256 = createHash('sha256').update(content).digest('hex');
  if (content.length !== header.bytes || sha256 !== header.sha256) damaged(name);
  return content;
}

async function decoded(
  { parts, how }: NonNullable<Header['coded']>,
  body: Buffer,
  name: string,
  model: Model | undefined,
  listening: Omit<ComputeContext, 'device'>,
): Promise<Uint8Array> {
  const coder =
    'config' in how.model
      ? freshModel(how.model.config, how.model.alphabet)
      : givenModel(requireModel(how.model, how.version, name, model), how.version);
  const device = await requireDevice(how.backend, name);
  try {
    await requireEqual(device, how, coder.config, name);
    requireMemory(codingBytes(coder.config, how.characters, how), `restoring ${name}`);
    let at = 0;
    const coded = parts.map((length) => {
      at += length;
      return Uint8Array.from(body.subarray(at - length, at));
    });
    const context = { device, ...listening };
    const symbols = await decode(coded, how.characters, coder, how, context, name);
    return bytesOfSymbols(symbols, 'unit' in how.model ? how.model.unit : 'byte');
  } finally {
    device.close();
  }
}

function requireModel(
  { sha256 }: { readonly sha256: string },
  version: number,
  name: string,
  model: Model | undefined,
): Model {
  if (model === undefined) throw modelMissing(name);
  if (fingerprint(model, version) !== sha256) throw anotherModel(name);
  return model;
}

/**
 * Checks that this machine computes the same numbers as the one that compressed the file. The back end's name does not
 * suffice for this, because another compiler may have rounded differently.
 */
async function requireEqual(
  device: Device,
  { backend, probe: expected, version }: Coding,
  config: ModelConfig,
  name: string,
): Promise<void> {
  if ((await probe(device, config, version)) === expected) return;
  throw new CharnnError(
    `${name} can be decompressed only where its back end, ${backend}, computes exactly the same numbers as when the file was compressed, which is not the case here: decompress it on the machine, or with the version of charnn, that compressed it`,
  );
}
