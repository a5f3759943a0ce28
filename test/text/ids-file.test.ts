/** A text in a temporary file: the same ids as in memory. */
import { mkdtempSync, openSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { sharedFraction } from '#charnn/novelty/overlap.js';
import { idsInMemory } from '#charnn/text/id-list.js';
import { GrowingIds } from '#charnn/text/ids.js';
import { IdsFile } from '#charnn/text/ids-file.js';
import type { Ids } from '#charnn/text/unit.js';

const folder = mkdtempSync(join(tmpdir(), 'charnn-ids-'));
afterAll(() => rmSync(folder, { recursive: true }));

/** The bytes of ids, which are compared faster than the ids one by one */
const bytes = (ids: Ids) => Buffer.from(ids.buffer, ids.byteOffset, ids.byteLength);

const fileFor = (name: string) => new IdsFile({ fd: openSync(join(folder, name), 'wx+') });

/** Both kinds of lists with the same ids, which become larger than a byte and than two bytes on the way */
function both(name: string) {
  const [inFile, inMemory] = [fileFor(name), new GrowingIds()];
  let seed = 1;
  for (let piece = 0; piece < 40; piece++) {
    const size = piece < 10 ? 200 : piece < 20 ? 3000 : 70_000;
    const ids = Uint32Array.from({ length: 17_000 + 13 * piece }, () => {
      seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0;
      return seed % size;
    });
    inFile.append(ids, size);
    inMemory.append(ids, size);
  }
  return { inFile, inMemory };
}

test('ids of any width come back, in parts and as a whole', () => {
  const { inFile, inMemory } = both('wide');
  expect(inFile.length).toBe(inMemory.length);
  const [stored, ids] = [inFile.view(), inMemory.view()];
  expect(stored.BYTES_PER_ELEMENT).toBe(ids.BYTES_PER_ELEMENT);
  expect(bytes(idsInMemory(stored)).equals(bytes(ids))).toBe(true);
  const ends: [number, number?][] = [[0, 5], [169_000, 171_000], [-3], [340_000, -1], [9, 2]];
  for (const [start, end] of ends) {
    expect(bytes(stored.slice(start, end)).equals(bytes(ids.slice(start, end)))).toBe(true);
    const part = stored.subarray(100, -100).subarray(start, end);
    const same = ids.subarray(100, -100).subarray(start, end);
    expect(bytes(part.slice()).equals(bytes(same))).toBe(true);
  }
});

test('ids are counted and renumbered', () => {
  const { inFile, inMemory } = both('renumbered');
  const counts = inFile.count(70_000);
  expect(bytes(counts).equals(bytes(inMemory.count(70_000)))).toBe(true);
  const numbers = Uint32Array.from({ length: 70_000 }, (_, id) => (7 * id) % 250);
  for (const list of [inFile, inMemory]) list.rewrite(250, numbers);
  expect(bytes(idsInMemory(inFile.view())).equals(bytes(inMemory.view()))).toBe(true);
});

test('what a text in a file shares with another is found', () => {
  const list = fileFor('shared');
  const ids = Uint32Array.from(
    { length: 1_500_000 },
    (_, i) => (Math.imul(i, 48_271) >>> 12) % 200,
  );
  list.append(ids, 200);
  const whole = Uint8Array.from(ids);
  const validation = new Uint8Array(2000);
  for (let i = 0; i < validation.length; i++) validation[i] = 255 - (i % 251);
  validation.set(whole.subarray(1_200_000, 1_200_500), 700);
  const fraction = sharedFraction(whole, validation);
  expect(fraction).toBeGreaterThan(0.15);
  expect(sharedFraction(list.view(), validation)).toBe(fraction);
});
