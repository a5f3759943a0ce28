/** Bytes to a compressed file and back, exactly. */
import { createHash } from 'node:crypto';
import type { Device } from '../backend/device.js';
import { requireMemory } from '../backend/memory.js';
import { openExactDevice } from '../backend/open-device.js';
import { CharnnError, UsageError } from '../errors.js';
import { type ModelConfig, variants } from '../model/config.js';
import type { Model } from '../model/model.js';
import { initialValues, parameterTable } from '../model/parameters.js';
import {
  type CodingModel,
  type CodingSettings,
  decode,
  encode,
  type ProgressListener,
} from './coder.js';
import { type Coding, damaged, type Header, pack, unpack } from './container.js';
import { bytesOfSymbols, symbolsOfBytes } from './symbols.js';

/** The model that begins without knowing anything: small, for it has to learn fast. */
const freshConfig = { cell: 'lstm', layers: 1, hidden: 256, embedding: 64 } as const;
const freshRate = 4e-3;
/** A model that knows the language already needs to adapt, not to learn. */
const givenRate = 1e-3;
const chunk = 16;
/** Few streams learn more often and compress better, many are faster: more for what is long. */
const fewStreams = 4;
const mostStreams = 32;
const longStream = 300_000;
/** No stream is shorter: each learns the beginning of a text anew. */
const shortestStream = 2048;

/** Memory that a byte takes: itself, as a symbol, and as symbol and id of a stream */
const bytesPerByte = 12;

export interface CompressOptions {
  /** Without one, a fresh model learns from the content alone. */
  readonly model?: Model | undefined;
  /** Whether a given model goes on learning */
  readonly learn: boolean;
  readonly threads: number;
  /** What it computes must be the same wherever it is decompressed. */
  readonly device: Device;
  readonly onProgress?: ProgressListener | undefined;
}

/** @returns the file; never more than some hundred bytes longer than the content */
export async function compress(
  content: Uint8Array,
  { model, learn, threads, device, onProgress }: CompressOptions,
): Promise<Uint8Array> {
  const common = {
    bytes: content.length,
    sha256: createHash('sha256').update(content).digest('hex'),
  };
  const stored = pack(common, [content]);
  requireMemory(bytesPerByte * content.length, 'compressing this');
  const symbols = symbolsOfBytes(content, model?.vocabulary.unit ?? 'byte');
  if (symbols.length === 0) return stored;
  const streams = streamsFor(symbols.length);
  const settings: CodingSettings = {
    streams,
    chunk,
    lanes: Math.min(threads, streams),
    rate: model === undefined ? freshRate : learn ? givenRate : 0,
  };
  const alphabet = Uint32Array.from(new Set(model ? [] : symbols)).sort();
  const fresh = { ...freshConfig, vocabulary: alphabet.length + 1 };
  const coder = model ? givenModel(model) : freshModel(fresh, alphabet);
  const place = { device, onProgress };
  const parts = await encode(symbols, coder, settings, place);
  const how: Coding = {
    ...settings,
    characters: symbols.length,
    backend: device.name,
    probe: await probe(device, coder.config),
    model: model
      ? { sha256: fingerprint(model), unit: model.vocabulary.unit }
      : { config: fresh, alphabet },
  };
  const file = pack({ ...common, coded: { parts: parts.map(({ length }) => length), how } }, parts);
  return file.length < stored.length ? file : stored;
}

function streamsFor(characters: number): number {
  const wanted = Math.max(fewStreams, Math.round(characters / longStream));
  return Math.max(1, Math.min(mostStreams, wanted, Math.floor(characters / shortestStream)));
}

/**
 * @param name of the file, as messages show it
 * @param model the one that was given to compress
 * @throws CharnnError where the file is damaged, where another model is needed, and where this machine
 * does not compute as the one that wrote it
 */
export async function decompress(
  file: Uint8Array,
  name: string,
  model: Model | undefined,
  onProgress?: ProgressListener,
): Promise<Uint8Array> {
  const { header, body } = unpack(file, name);
  const content = header.coded ? await decoded(header.coded, body, name, model, onProgress) : body;
  const sha256 = createHash('sha256').update(content).digest('hex');
  if (content.length !== header.bytes || sha256 !== header.sha256) damaged(name);
  return content;
}

async function decoded(
  { parts, how }: NonNullable<Header['coded']>,
  body: Buffer,
  name: string,
  model: Model | undefined,
  onProgress: ProgressListener | undefined,
): Promise<Uint8Array> {
  const coder =
    'config' in how.model
      ? freshModel(how.model.config, how.model.alphabet)
      : givenModel(requireModel(how.model, name, model));
  const device = await requireDevice(how, name);
  try {
    await requireEqual(device, how, coder.config, name);
    requireMemory(bytesPerByte * how.characters, `restoring ${name}`);
    let at = 0;
    const coded = parts.map((length) => {
      at += length;
      return Uint8Array.from(body.subarray(at - length, at));
    });
    const place = { device, onProgress };
    const symbols = await decode(coded, how.characters, coder, how, place);
    return bytesOfSymbols(symbols, 'unit' in how.model ? how.model.unit : 'byte');
  } finally {
    device.close();
  }
}

function requireModel(
  { sha256 }: { readonly sha256: string },
  name: string,
  model: Model | undefined,
): Model {
  if (model === undefined) {
    throw new UsageError(`${name} was compressed with a model: give that one with --model`);
  }
  if (fingerprint(model) !== sha256) {
    throw new CharnnError(`${name} was compressed with another model than the one given`);
  }
  return model;
}

async function requireDevice({ backend }: Coding, name: string): Promise<Device> {
  try {
    return await openExactDevice(backend);
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new CharnnError(`${name} can be decompressed only as it was compressed: ${reason}`);
  }
}

/** Equal names are not enough: another compiler may have rounded otherwise. */
async function requireEqual(
  device: Device,
  { backend, probe: expected }: Coding,
  config: ModelConfig,
  name: string,
): Promise<void> {
  if ((await probe(device, config)) === expected) return;
  throw new CharnnError(
    `${name} can be decompressed only where its back end, ${backend}, computes as where it was compressed: here it rounds otherwise`,
  );
}

function freshModel(config: ModelConfig, alphabet: Uint32Array): CodingModel {
  const weights = initialValues(parameterTable(config), 1);
  return { config, weights, alphabet, beginning: config.vocabulary - 1 };
}

function givenModel({ config, weights, vocabulary }: Model): CodingModel {
  const newline = vocabulary.id(0x0a);
  const beginning = newline === vocabulary.unknownId ? 0 : newline;
  return { config, weights, alphabet: Uint32Array.from(vocabulary.symbols), beginning };
}

/** Of all that a model computes with. */
function fingerprint({ config, weights, vocabulary }: Model): string {
  const bytes = new Uint8Array(weights.buffer, weights.byteOffset, weights.byteLength);
  const { cell, layers, hidden, embedding } = config;
  return createHash('sha256')
    .update(JSON.stringify({ cell, layers, hidden, embedding, ...variants(config) }))
    .update(bytes)
    .update(Uint32Array.from(vocabulary.symbols))
    .digest('hex');
}

/** What coding and learning a fixed text with such cells comes to: a fingerprint of the arithmetic. */
async function probe(device: Device, { cell, ...rest }: ModelConfig): Promise<string> {
  const symbols = Uint32Array.from({ length: 600 }, (_, i) => (i * i + (i >> 3)) % 7);
  const sizes = { layers: 2, hidden: 40, embedding: 16, vocabulary: 8 };
  const config = { cell, ...sizes, ...variants(rest) };
  const settings = { streams: 3, chunk: 8, lanes: 1, rate: 0.01 };
  const alphabet = Uint32Array.from({ length: 7 }, (_, i) => i);
  const [coded] = await encode(symbols, freshModel(config, alphabet), settings, { device });
  return createHash('sha256').update(coded).digest('hex').slice(0, 16);
}
