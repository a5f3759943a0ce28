/** Bytes to a compressed file and back, exactly. */
import { createHash } from 'node:crypto';
import type { Device } from '../backend/device.js';
import { openExactDevice } from '../backend/open-device.js';
import { firstVersion } from '../checkpoint/versions.js';
import { CharnnError, optionName, UsageError } from '../errors.js';
import { limits } from '../limits.js';
import { requireMemory } from '../machine/memory.js';
import { cellChoice } from '../model/cells/cells.js';
import { architectureFlags, type ModelConfig } from '../model/model-config.js';
import type { Model } from '../model/model-data.js';
import { initialValues, parameterTable } from '../model/parameters.js';
import {
  type CodingModel,
  type CodingSettings,
  type ComputeContext,
  decode,
  encode,
  type ProgressListener,
} from './coder.js';
import { bytesPerByte, codingBytes } from './coding-bytes.js';
import {
  type Coding,
  damaged,
  type Header,
  maxStreams,
  pack,
  unpack,
  writtenVersion,
} from './container.js';
import { endsEarly } from './range-coder.js';
import { bytesOfSymbols, symbolsOfBytes } from './symbols.js';

/** The size of the model that begins untrained: small, because it has to learn fast. */
const freshConfig = { cell: 'lstm', layers: 1, hidden: 256, embedding: 64 } as const;
const freshRate = 4e-3;
/** A model that knows the language already needs to adapt, not to learn. */
const givenRate = 1e-3;
const { chunk } = limits.compressed;
/** Number of streams by content length: few streams compress better, many are faster. */
const fewStreams = 4;
const longStream = 300_000;

export interface CompressOptions {
  /** The model to start from; without it, a fresh model learns from the content alone. */
  readonly model?: Model | undefined;
  /** Whether a given model goes on learning */
  readonly learn: boolean;
  readonly threads: number;
  /** The computation must give the same numbers on the machine that decompresses. */
  readonly device: Device;
  readonly onProgress?: ProgressListener | undefined;
  /** Ends the work; it rejects with the signal's reason. */
  readonly signal?: AbortSignal | undefined;
}

/** @returns the file; never more than some hundred bytes longer than the content */
export async function compress(
  content: Uint8Array,
  { model, learn, threads, device, onProgress, signal }: CompressOptions,
): Promise<Uint8Array> {
  const common = {
    bytes: content.length,
    sha256: createHash('sha256').update(content).digest('hex'),
  };
  const stored = pack(common, [content]);
  requireCompressible(content.length);
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
  requireMemory(codingBytes(coder.config, symbols.length, settings), 'compressing this');
  const context = { device, onProgress, signal };
  const parts = await encode(symbols, coder, settings, context);
  const version = writtenVersion;
  const how: Coding = {
    ...settings,
    version,
    characters: symbols.length,
    backend: device.name,
    probe: await probe(device, coder.config, version),
    model: model
      ? { sha256: fingerprint(model, version), unit: model.vocabulary.unit }
      : { config: fresh, alphabet },
  };
  const file = pack({ ...common, coded: { parts: parts.map(({ length }) => length), how } }, parts);
  return file.length < stored.length ? file : stored;
}

/**
 * A file is compressed as a whole, in memory.
 * @param bytes of it, or of what has been read of it so far
 * @throws CharnnError for more than is compressed at a time, or than memory holds
 */
export function requireCompressible(bytes: number): void {
  const { contentBytes } = limits.compressed;
  const remedy = 'split it (split -b 1G), and compress the parts';
  if (bytes > contentBytes) {
    throw new CharnnError(
      `the file has ${bytes} bytes or more, and at most ${contentBytes} are compressed at a time: ${remedy}`,
    );
  }
  requireMemory(bytesPerByte * bytes, `compressing ${bytes} bytes`, remedy);
}

function streamsFor(characters: number): number {
  const wanted = Math.max(fewStreams, Math.round(characters / longStream));
  return Math.min(wanted, maxStreams(characters));
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
  signal?: AbortSignal,
): Promise<Uint8Array> {
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
      : givenModel(requireModel(how.model, how.version, name, model));
  const device = await requireDevice(how, name);
  try {
    await requireEqual(device, how, coder.config, name);
    requireMemory(codingBytes(coder.config, how.characters, how), `restoring ${name}`);
    let at = 0;
    const coded = parts.map((length) => {
      at += length;
      return Uint8Array.from(body.subarray(at - length, at));
    });
    const context = { device, ...listening };
    const symbols = await decode(coded, how.characters, coder, how, context).catch((error) => {
      if (error instanceof CharnnError && error.message === endsEarly) return damaged(name);
      throw error;
    });
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
  if (model === undefined) {
    throw new UsageError(
      `${name} was compressed with a model: give that one with ${optionName('model')}`,
    );
  }
  if (fingerprint(model, version) !== sha256) {
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
  { backend, probe: expected, version }: Coding,
  config: ModelConfig,
  name: string,
): Promise<void> {
  if ((await probe(device, config, version)) === expected) return;
  throw new CharnnError(
    `${name} can be decompressed only where its back end, ${backend}, rounds as it did when the file was compressed: here it rounds otherwise`,
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

/**
 * A hash of everything that a model computes with.
 * @param version of the compressed file: earlier ones left the sizes out
 */
function fingerprint({ config, weights, vocabulary }: Model, version: number): string {
  const bytes = new Uint8Array(weights.buffer, weights.byteOffset, weights.byteLength);
  const { cell, layers, hidden, embedding } = config;
  const hash = createHash('sha256');
  if (version >= firstVersion('compressed', 'modelProbe')) {
    const { equations } = config;
    hash.update(
      JSON.stringify({ cell, layers, hidden, embedding, ...architectureFlags(config), equations }),
    );
  }
  return hash.update(bytes).update(Uint32Array.from(vocabulary.symbols)).digest('hex');
}

/**
 * A fingerprint of the arithmetic: the hash of a fixed text, coded by a model that learns.
 * @param model whose cells compute it
 * @param version of the compressed file: earlier ones took an LSTM for every model
 */
async function probe(device: Device, model: ModelConfig, version: number): Promise<string> {
  const symbols = Uint32Array.from({ length: 600 }, (_, i) => (i * i + (i >> 3)) % 7);
  const sizes = { layers: 2, hidden: 40, embedding: 16, vocabulary: 8 };
  const config: ModelConfig =
    version >= firstVersion('compressed', 'modelProbe')
      ? { ...cellChoice(model), ...sizes, ...architectureFlags(model) }
      : { cell: 'lstm', ...sizes };
  const settings = { streams: 3, chunk: 8, lanes: 1, rate: 0.01 };
  const alphabet = Uint32Array.from({ length: 7 }, (_, i) => i);
  const [coded] = await encode(symbols, freshModel(config, alphabet), settings, { device });
  return createHash('sha256').update(coded).digest('hex').slice(0, 16);
}
