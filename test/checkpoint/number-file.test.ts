/** Lists that wait in a temporary file. */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { NumberFile } from '#charnn/checkpoint/number-file.js';
import { temporaryFolder } from '../folder.js';

const folder = temporaryFolder();

/** More elements than are written at once */
const length = 600_001;
const valueAt = (factor: number, index: number) => Math.fround(factor * index + 0.25);

function reading(factor: number) {
  return async (start: number, into: Float32Array) => {
    for (let i = 0; i < into.length; i++) into[i] = valueAt(factor, start + i);
  };
}

test('lists come back from their slots, whole and in parts, and what was not given is 0', async () => {
  const file = new NumberFile(join(folder, 'model.json'));
  const all = [{ start: 0, size: length }];
  const some = [
    { start: 3, size: 5 },
    { start: 300_000, size: 270_000 },
  ];
  const [first, second] = await Promise.all([
    file.put('first', length, all, reading(3)),
    file.put('second', length, some, reading(7)),
  ]);
  expect(readdirSync(folder)).toEqual([]);
  expect(first.length).toBe(length);
  expect([...first.subarray(299_998, 300_002).read()]).toEqual(
    [299_998, 299_999, 300_000, 300_001].map((i) => valueAt(3, i)),
  );
  const inside = (i: number) => some.some(({ start, size }) => i >= start && i < start + size);
  const expected = Float32Array.from({ length }, (_, i) => (inside(i) ? valueAt(7, i) : 0));
  expect(Buffer.from(second.read().buffer).equals(Buffer.from(expected.buffer))).toBe(true);
  // a slot holds the latest list, and others are left alone
  const again = await file.put('second', length, some, reading(-2));
  expect(again.read()[4]).toBe(valueAt(-2, 4));
  expect(first.read()[length - 1]).toBe(valueAt(3, length - 1));
  await file.close();
});

test('a file that cannot be made is an error', async () => {
  const file = new NumberFile(join(folder, 'missing', 'model.json'));
  await expect(file.put('first', 1, [{ start: 0, size: 1 }], reading(1))).rejects.toThrow('ENOENT');
  await expect(file.close()).rejects.toThrow('ENOENT');
});
