/**
 * The compressed file: eight bytes that identify it, the length of its header, the header as JSON, the header's own
 * checksum, and the coded content. The header records everything needed to decode, including a checksum of the content.
 * A file may come from anywhere, so all of it is checked before it is used.
 */
import { createHash } from 'node:crypto';
import { readModelConfig } from '../checkpoint/json.js';
import { firstVersion, latestVersion, leastVersion } from '../checkpoint/versions.js';
import { maxContext } from '../counts/ngram-layout.js';
import { CharnnError } from '../errors.js';
import { Fields } from '../json/fields.js';
import { limits, ranges } from '../limits.js';
import type { ModelConfig } from '../model/model-config.js';
import { type TextUnit, textUnits } from '../text/unit.js';
import type { CodingSettings } from './coder.js';

const magic = Buffer.from('charnn\0z', 'latin1');
/** The version of the files that compress writes */
export const writtenVersion = leastVersion('compressed', []);
/** Limits of what compress writes: a header that exceeds them is refused before any memory is allocated for it. */
const maxima = limits.compressed;
/** Length of the longest n-gram context in compressed files of early versions, which do not record it */
const earlierContext = 5;
/** Number of bytes of the header's SHA-256 that are stored */
const checksumBytes = 8;

export interface Header {
  /** Number of bytes of the content before it was compressed */
  readonly bytes: number;
  /** SHA-256 of the content, in hexadecimal */
  readonly sha256: string;
  /**
   * Lengths of the coded bytes of each replica, and how they were coded; absent if the content is stored uncompressed
   */
  readonly coded?: { readonly parts: readonly number[]; readonly how: Coding };
}

/**
 * How a content was coded. The version of the file also decides how the hash of the back end's numbers and that of a
 * given model are computed.
 */
export interface Coding extends CodingSettings {
  readonly characters: number;
  /** The back end's name, and the hash of its numbers for a fixed text: both must be the same when decompressing */
  readonly backend: string;
  readonly probe: string;
  /** What the decoder needs to have the same model: the alphabet of a new one, of bytes, or the hash of a given one */
  readonly model:
    | { readonly config: ModelConfig; readonly alphabet: Uint32Array }
    | { readonly sha256: string; readonly unit: TextUnit };
}

export function pack(header: Header, parts: readonly Uint8Array[]): Uint8Array {
  const json = Buffer.from(JSON.stringify({ version: writtenVersion, ...plain(header) }));
  const length = Buffer.alloc(4);
  length.writeUInt32LE(json.length);
  return Buffer.concat([magic, length, json, checksum(json), ...parts]);
}

/** The header as JSON; an alphabet is written as base64 */
function plain({ coded, ...content }: Header): Record<string, unknown> {
  if (coded === undefined) return content;
  const { model, version: _, ...how } = coded.how;
  const shown =
    'config' in model
      ? { config: model.config, alphabet: Buffer.from(model.alphabet).toString('base64') }
      : model;
  return { ...content, parts: coded.parts, coding: { ...how, model: shown } };
}

function checksum(json: Uint8Array): Buffer {
  return createHash('sha256').update(json).digest().subarray(0, checksumBytes);
}

/** @throws CharnnError for a file that is not compressed by charnn, has another version, is damaged or cut off */
export function unpack(file: Uint8Array, name: string): { header: Header; body: Buffer } {
  const bytes = Buffer.from(file.buffer, file.byteOffset, file.byteLength);
  if (!bytes.subarray(0, magic.length).equals(magic)) {
    throw new CharnnError(`${name} is not a file of charnn compress`);
  }
  const start = magic.length + 4;
  const length = bytes.length >= start ? bytes.readUInt32LE(magic.length) : 0;
  const end = start + length;
  if (length === 0 || length > maxima.headerBytes || bytes.length < end) damaged(name);
  const json = bytes.subarray(start, end);
  const fields = parse(json, name);
  const version = readVersion(fields, name);
  const sumLength = version < firstVersion('compressed', 'headerChecksum') ? 0 : checksumBytes;
  const sum = bytes.subarray(end, end + sumLength);
  const body = bytes.subarray(end + sumLength);
  if (!sum.equals(checksum(json).subarray(0, sumLength))) damaged(name);
  const header = readHeader(fields, version);
  const expected = header.coded?.parts.reduce((a, b) => a + b, 0) ?? header.bytes;
  if (body.length < expected) damaged(name);
  if (body.length > expected) {
    throw new CharnnError(`${name} has ${body.length - expected} bytes too many: it is damaged`);
  }
  return { header, body };
}

function parse(json: Buffer, name: string): Fields {
  try {
    return Fields.of(JSON.parse(json.toString('utf8')), name);
  } catch {
    return damaged(name);
  }
}

function readVersion(fields: Fields, name: string): number {
  const version = fields.get('version');
  if (!Number.isInteger(version) || (version as number) < 1) damaged(name);
  if ((version as number) > latestVersion('compressed')) {
    throw new CharnnError(
      `${name} was written by a later version of charnn (format ${version}): install the current version`,
    );
  }
  return version as number;
}

/** Reads the header, whose checksum was right: if a value is wrong, the header was not written by charnn. */
function readHeader(fields: Fields, version: number): Header {
  const bytes = fields.integer('bytes', 0, maxima.contentBytes);
  const content = { bytes, sha256: fields.string('sha256') };
  if (fields.get('coding') === undefined) return content;
  const how = readCoding(fields.fields('coding'), bytes, version);
  const parts = fields.array('parts');
  if (parts.length !== how.lanes || !parts.every(isLength)) {
    fields.fail('parts', `a list of ${how.lanes} lengths`);
  }
  return { ...content, coded: { parts: parts as number[], how } };
}

function isLength(value: unknown): boolean {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

/** The max number of streams for a content with this many characters */
export function maxStreams(characters: number): number {
  const { streams, streamCharacters } = maxima;
  return Math.max(1, Math.min(streams, Math.floor(characters / streamCharacters)));
}

function readCoding(fields: Fields, bytes: number, version: number): Coding {
  const characters = fields.integer('characters', 1, bytes);
  const streams = fields.integer('streams', 1, maxStreams(characters));
  return {
    version,
    characters,
    streams,
    context:
      version < firstVersion('compressed', 'modelCounts')
        ? earlierContext
        : fields.integer('context', 1, maxContext),
    chunk: fields.integer('chunk', maxima.chunk, maxima.chunk),
    lanes: fields.integer('lanes', 1, streams),
    rate: fields.within('rate', {
      expected: `a number from 0 to ${maxima.rate}`,
      holds: (rate) => ranges.fraction.holds(rate) && rate <= maxima.rate,
    }),
    backend: fields.string('backend'),
    probe: fields.string('probe'),
    // compressed files of version 1 describe a new model in a field of its own
    model: readCodingModel(fields.fields(fields.get('fresh') === undefined ? 'model' : 'fresh')),
  };
}

function readCodingModel(fields: Fields): Coding['model'] {
  if (fields.get('sha256') !== undefined) {
    return { sha256: fields.string('sha256'), unit: fields.oneOf('unit', textUnits) };
  }
  const fresh = fields.fields('config');
  fresh.integer('layers', 1, maxima.layers);
  fresh.integer('hidden', 1, maxima.width);
  fresh.integer('embedding', 0, maxima.width);
  fresh.integer('vocabulary', 2, maxima.vocabulary);
  const config = readModelConfig(fresh);
  const alphabet = Uint32Array.from(Buffer.from(fields.string('alphabet'), 'base64'));
  if (alphabet.length + 1 !== config.vocabulary) {
    fields.fail('alphabet', `of ${config.vocabulary - 1} bytes`);
  }
  return { config, alphabet };
}

export function damaged(name: string): never {
  throw new CharnnError(`${name} is damaged or cut off: its content cannot be restored`);
}
