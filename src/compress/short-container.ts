/**
 * The compressed file of a short content, whose header takes six or seven bytes:
 *
 *     a byte that no text begins with
 *     2 bytes of a hash of the model
 *     the number of characters, seven bits per byte, lowest first
 *     2 bytes of the SHA-256 of the content
 *     the coded content
 *
 * WebAssembly computes it, because its numbers are the same on every machine. A content that would not become smaller
 * is stored uncompressed, after another first byte and the two bytes of its hash.
 */
import { createHash } from 'node:crypto';
import { damaged } from './container.js';

/** Contents with fewer bytes than this get a short header. */
export const shortBytes = 1024;
/** The back end that computes files with a short header */
export const shortBackend = 'wasm (simd)';
/** A content with a short header is coded in the same way as in files with a long header of this version. */
export const shortVersion = 4;

/** The first byte of a compressed file with a short header; no text begins with it, as UTF-8 does not use it. */
const marks = { coded: 0xf8, stored: 0xf9 } as const;
const hashBytes = 2;

export interface ShortFile {
  readonly characters: number;
  /** 2 bytes of a hash of the model */
  readonly modelHash: Uint8Array;
  readonly coded: Uint8Array;
}

export function isShort(file: Uint8Array): boolean {
  return Object.values<number>(marks).includes(file[0]);
}

/** @returns the file, with the content uncompressed if that is shorter */
export function packShort(content: Uint8Array, file: ShortFile): Uint8Array {
  const { characters, modelHash, coded } = file;
  const sum = contentHash(content);
  const head = [marks.coded, ...modelHash, ...varint(characters)];
  const whole = Buffer.concat([Uint8Array.from(head), sum, coded]);
  const stored = Buffer.concat([Uint8Array.of(marks.stored), sum, content]);
  return stored.length < whole.length ? stored : whole;
}

/**
 * @returns the coded bytes or the uncompressed content, and the first bytes of the content's hash
 * @throws CharnnError for a file that is damaged or cut off
 */
export function unpackShort(
  bytes: Uint8Array,
  name: string,
): { readonly body: ShortFile | Uint8Array; readonly sum: Uint8Array } {
  if (bytes[0] === marks.stored) {
    return { body: bytes.subarray(1 + hashBytes), sum: bytes.subarray(1, 1 + hashBytes) };
  }
  let at = 1 + hashBytes;
  let characters = 0;
  for (let factor = 1; ; factor *= 0x80) {
    if (at >= bytes.length || characters >= shortBytes) damaged(name);
    const byte = bytes[at++];
    characters += (byte & 0x7f) * factor;
    if (byte < 0x80) break;
  }
  if (characters < 1 || characters >= shortBytes || at + hashBytes > bytes.length) damaged(name);
  const body = {
    characters,
    modelHash: bytes.subarray(1, 1 + hashBytes),
    coded: Uint8Array.from(bytes.subarray(at + hashBytes)),
  };
  return { body, sum: bytes.subarray(at, at + hashBytes) };
}

/** @throws CharnnError if the restored content is not the one that was compressed */
export function requireContent(content: Uint8Array, sum: Uint8Array, name: string): void {
  if (!contentHash(content).equals(sum)) damaged(name);
}

/** Identifies a model, from all that determines what it computes */
export function shortHash(...parts: readonly string[]): Uint8Array {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(part);
  return hash.digest().subarray(0, hashBytes);
}

function contentHash(content: Uint8Array): Buffer {
  return createHash('sha256').update(content).digest().subarray(0, hashBytes);
}

function varint(value: number): number[] {
  const bytes: number[] = [];
  let rest = value;
  for (; rest >= 0x80; rest >>>= 7) bytes.push((rest & 0x7f) | 0x80);
  return [...bytes, rest];
}
