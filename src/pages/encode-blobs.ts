/** Encodes numbers for a page: compressed, and as text; `client/decode-blobs.ts` decodes them in the page. */
import { gzipSync } from 'node:zlib';

/** @returns base64 of the gzipped bytes */
export function blob(values: Uint8Array | Int8Array | Int16Array | Uint32Array): string {
  const { buffer, byteOffset, byteLength } = values;
  // a low level of compression, because speed matters more than a slightly smaller page
  const bytes = gzipSync(new Uint8Array(buffer, byteOffset, byteLength), { level: 4 });
  return bytes.toString('base64');
}
