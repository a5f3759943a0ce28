/** The model file: what is read is what was written, and damage does not go unnoticed. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { writeFileAtomically } from '#charnn/checkpoint/atomic.js';
import { readModel, writeModel } from '#charnn/checkpoint/model-file.js';
import { CharnnError } from '#charnn/errors.js';
import type { Model } from '#charnn/model/model-data.js';
import { temporaryFolder } from '../folder.js';
import { smallModel } from './models.js';

const folder = temporaryFolder();
const path = join(folder, 'model.json');

/** A model as values that can be compared; weights by their bits, so that -0 is not 0. */
function content({ weights, vocabulary, ...rest }: Model) {
  return { ...rest, symbols: vocabulary.symbols, bits: [...new Uint32Array(weights.buffer)] };
}

async function bytesOf(plainWeights: boolean): Promise<Buffer> {
  await writeModel(path, smallModel(), { plainWeights });
  return readFileSync(path);
}

function read(bytes: Uint8Array | string): Promise<Model> {
  const copy = join(folder, 'copy.json');
  writeFileSync(copy, bytes);
  return readModel(copy);
}

describe.each([
  ['base64', false],
  ['plain', true],
])('%s', (_, plainWeights) => {
  test('what is read is what was written, to the bit', async () => {
    const model = await read(await bytesOf(plainWeights));
    expect(content(model)).toEqual(content(smallModel()));
  });

  test('no flipped byte is accepted with other contents', async () => {
    const bytes = await bytesOf(plainWeights);
    const right = content(smallModel());
    let refused = 0;
    for (let i = 0; i < bytes.length; i++) {
      const damaged = Buffer.from(bytes);
      damaged[i] ^= 1 << (i % 8);
      try {
        expect(content(await read(damaged)), `byte ${i}`).toEqual(right);
      } catch (error) {
        if (!(error instanceof CharnnError)) throw error;
        expect(error.message).toMatch(/^[^\n]+$/);
        refused++;
      }
    }
    // what is accepted: the case of an exponent, a padding bit, one kind of space for another
    expect(refused).toBeGreaterThan(bytes.length * 0.98);
  });

  test('no file that is cut off is accepted, but for the line end', async () => {
    const bytes = await bytesOf(plainWeights);
    for (let length = 0; length < bytes.length - 1; length += 7) {
      await expect(read(bytes.subarray(0, length)), `${length}`).rejects.toThrow(CharnnError);
    }
  });
});

test('the history of a long training, written in pieces, is read as it was', async () => {
  const history = Array.from({ length: 1234 }, (_, step) => ({ step, trainLoss: Math.sin(step) }));
  await writeModel(path, { ...smallModel(), history }, { plainWeights: false });
  expect((await readModel(path)).history).toEqual(history);
});

test('text of several bytes a character, longer than what is written at once, stays whole', async () => {
  const long = path.replace('model', 'long');
  const pieces = ['a', '한국어🦊'.repeat(50_000), '', 'b'];
  await writeFileAtomically(long, pieces);
  expect(readFileSync(long, 'utf8')).toBe(pieces.join(''));
});

test('formatted anew it is the same model', async () => {
  const value = JSON.parse((await bytesOf(false)).toString());
  const model = await read(JSON.stringify(value, null, 2));
  expect(content(model)).toEqual(content(smallModel()));
});

test('fields in another order are read as well', async () => {
  const value = JSON.parse((await bytesOf(false)).toString());
  const { tensors, format, version, ...rest } = value;
  const turned = tensors.map((tensor: Record<string, unknown>) =>
    Object.fromEntries(Object.entries(tensor).reverse()),
  );
  const { sha256: _, ...unhashed } = rest;
  const older = { tensors: turned, ...unhashed, version: 1, format };
  expect(version).toBe(3);
  expect(content(await read(JSON.stringify(older)))).toEqual(content(smallModel()));
});

test('a file of version 1 has no hash and is read', async () => {
  const text = (await bytesOf(false)).toString();
  const older = text.replace('"version":3', '"version":1').replace(/,\n"sha256":"\w+"/, '');
  expect(older).not.toContain('sha256');
  expect(content(await read(older))).toEqual(content(smallModel()));
});

describe('what a stranger may try', () => {
  const changed = async (change: (text: string) => string) =>
    read(change((await bytesOf(false)).toString()));
  test.each([
    ['a hash left out', (t: string) => t.replace(/,\n"sha256":"\w+"/, ''), /sha256 must be a str/],
    ['other history', (t: string) => t.replace('1.25', '1.26'), /sha256 is .*damaged/],
    ['a field twice', (t: string) => t.replace('{', '{"format":"charnn",'), /"format" is .*twice/],
    ['a deep value', (t: string) => t.replace('{', `{"x":${'['.repeat(1e5)}`), /64 deep/],
    ['more after the end', (t: string) => `${t}{}`, /more after its end/],
    ['no tensors', (t: string) => t.replace('"tensors"', '"tensor5"'), /tensors is missing/],
    [
      'a long list',
      (t: string) => t.replace(/"tensors":\[/, `$&${'{},'.repeat(2000)}`),
      /has more than 1024 tensors/,
    ],
    [
      'a huge size without the data for it',
      (t: string) => t.replace('"hidden":2', '"hidden":16384'),
      /shape \(rnn\.weight_ih_l0\) must be \[49152,2\]/,
    ],
    [
      'more parameters than fit',
      (t: string) => t.replace('"hidden":2', '"hidden":16384').replace('"layers":1', '"layers":64'),
      /parameters, but at most/,
    ],
    [
      'a vocabulary of megabytes',
      (t: string) => t.replace('{', `{"x":"${'y'.repeat(3.4e7)}",`),
      /more than 33554432 bytes/,
    ],
  ])('%s', async (_, change, message) => {
    await expect(changed(change)).rejects.toThrow(message);
  });

  test('a field __proto__ changes no prototype', async () => {
    await expect(changed((t) => t.replace('{', '{"__proto__":{"polluted":1},'))).rejects.toThrow(
      /sha256/,
    );
    expect(({} as Record<string, unknown>).polluted).toBeUndefined();
  });
});

test('a value that is not finite is not written, and the old file stays', async () => {
  const before = await bytesOf(false);
  const model = smallModel();
  model.weights[20] = Number.POSITIVE_INFINITY;
  await expect(writeModel(path, model, { plainWeights: false })).rejects.toThrow(/Infinity/);
  expect(readFileSync(path).equals(before)).toBe(true);
});
