/**
 * The compressed file: eight bytes that say what it is, the length of its header, the header as JSON, and
 * what was coded. The header says all that is needed to decode, a checksum of the content included.
 */
import { CharnnError } from '../errors.js';
import type { ModelConfig } from '../model/config.js';
import type { TextUnit } from '../text/unit.js';
import type { CodingSettings } from './coder.js';

const magic = Buffer.from('charnn\0z', 'latin1');
export const containerVersion = 1;
/** Nothing that charnn writes comes near it. */
const longestHeader = 1 << 20;

export interface Header {
  readonly version: number;
  /** Of the content */
  readonly bytes: number;
  /** Of the content; hexadecimal */
  readonly sha256: string;
  /** Lengths of what the lanes coded; absent: the content is stored as it is */
  readonly parts?: readonly number[];
  readonly coding?: CodedHeader;
}

export interface CodedHeader extends CodingSettings {
  readonly characters: number;
  /** The back end's name, and what it makes of a fixed text: both must be the same here */
  readonly backend: string;
  readonly probe: string;
  /** A fresh model of bytes and its alphabet, or the fingerprint of a given one */
  readonly fresh?: { readonly config: ModelConfig; readonly alphabet: string };
  readonly model?: { readonly sha256: string; readonly unit: TextUnit };
}

export function pack(header: Header, parts: readonly Uint8Array[]): Uint8Array {
  const json = Buffer.from(JSON.stringify(header));
  const length = Buffer.alloc(4);
  length.writeUInt32LE(json.length);
  return Buffer.concat([magic, length, json, ...parts]);
}

/** @throws CharnnError for what is no such file, of a later version, or cut off */
export function unpack(file: Uint8Array, name: string): { header: Header; body: Buffer } {
  const bytes = Buffer.from(file.buffer, file.byteOffset, file.byteLength);
  if (!bytes.subarray(0, magic.length).equals(magic)) {
    throw new CharnnError(`${name} is not a file of charnn compress`);
  }
  const start = magic.length + 4;
  const length = bytes.length >= start ? bytes.readUInt32LE(magic.length) : 0;
  if (length === 0 || length > longestHeader || bytes.length < start + length) damaged(name);
  const header = parse(bytes.subarray(start, start + length), name);
  if (header.version > containerVersion) {
    throw new CharnnError(
      `${name} was written by a later charnn (format ${header.version}): install the current one`,
    );
  }
  const body = bytes.subarray(start + length);
  const expected = header.parts?.reduce((a, b) => a + b, 0) ?? header.bytes;
  if (body.length < expected) damaged(name);
  if (body.length > expected) {
    throw new CharnnError(`${name} has ${body.length - expected} bytes too many: it is damaged`);
  }
  return { header, body };
}

function parse(json: Buffer, name: string): Header {
  try {
    const header = JSON.parse(json.toString('utf8'));
    const valid =
      Number.isInteger(header.version) &&
      Number.isSafeInteger(header.bytes) &&
      typeof header.sha256 === 'string';
    if (valid) return header;
  } catch {
    // told below
  }
  return damaged(name);
}

export function damaged(name: string): never {
  throw new CharnnError(`${name} is damaged or cut off: its content cannot be restored`);
}
