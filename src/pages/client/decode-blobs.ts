/** Decodes the page's blobs, and caches results that are computed from them. */
import { unpackBlob } from '../unpack-blob.js';
import { byId } from './dom.js';

/**
 * Decodes a blob of the page; its text stays in the page, so that it can be decoded again after its memory was
 * released.
 */
export function blobBytes(id: string): Promise<ArrayBuffer> {
  return unpackBlob(byId(id).textContent ?? '');
}

/** Ids as the page stores them: one byte each if the vocabulary allows it. */
export function idArray(buffer: ArrayBuffer, vocabulary: number, length?: number) {
  return vocabulary <= 256 ? new Uint8Array(buffer, 0, length) : new Uint32Array(buffer, 0, length);
}

/** Caches the latest results of something slow, by key. */
export class Cache<T> {
  private readonly entries = new Map<string, Promise<T>>();

  constructor(
    private readonly size: number,
    private readonly make: (key: string) => Promise<T>,
  ) {}

  get(key: string): Promise<T> {
    const entry = this.entries.get(key) ?? this.make(key);
    // the entry that was used most recently is the last one
    this.entries.delete(key);
    this.entries.set(key, entry);
    for (const oldest of this.entries.keys()) {
      if (this.entries.size <= this.size) break;
      this.entries.delete(oldest);
    }
    return entry;
  }
}
