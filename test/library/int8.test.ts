/** A model that is loaded with weights of 8 bits: what it does like any other, and what it refuses. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { Corpus, Model, train } from '#charnn/index.js';
import { put, temporaryFolder } from '../folder.js';

const folder = temporaryFolder();
const verse = 'The rain it raineth every day.\n';
const book = put(folder, 'book.txt', verse.repeat(60));
const path = `${folder}/model.json`;
let full: Model;
let model: Model;

beforeAll(async () => {
  const corpus = await Corpus.load(book);
  const shape = { layers: 2, hidden: 16, embedding: 4, threads: 1 };
  full = await train(corpus, { ...shape, steps: 60, backend: 'reference', saveTo: path });
  model = await Model.load(path, { backend: 'reference', precision: 'int8' });
});
afterAll(() => Promise.all([full.close(), model.close()]));

const all = async <T>(values: AsyncIterable<T>) => {
  const list: T[] = [];
  for await (const value of values) list.push(value);
  return list;
};

test('it samples, scores and evaluates, nearly as in float32', async () => {
  expect(model.backend).toBe('reference (int8)');
  const [text] = await all(model.sample({ length: 50, seed: 2 }));
  expect([...text].length).toBeGreaterThanOrEqual(50);
  expect(await all(model.sample({ length: 50, seed: 2 }))).toEqual([text]);
  expect((await all(model.sampleText({ length: 50, seed: 2 }))).join('')).toBe(text);

  const bits = async (of: Model) => (await of.evaluateText(verse)).bitsPerCharacter;
  const [rounded, exact] = [await bits(model), await bits(full)];
  expect(rounded).not.toBe(exact);
  expect(Math.abs(rounded - exact)).toBeLessThan(0.05);
  const ofFile = await model.evaluate(book);
  expect(
    Math.abs(ofFile.bitsPerCharacter - (await full.evaluate(book)).bitsPerCharacter),
  ).toBeLessThan(0.05);

  const score = async (of: Model) => (await all(of.score([verse.trim()], { threads: 1 })))[0].nats;
  expect(await score(model)).not.toBe(await score(full));
  expect(Math.abs((await score(model)) - (await score(full)))).toBeLessThan(0.05 * verse.length);
});

test('what would learn, or promises bytes, is refused in a sentence', async () => {
  const learning =
    'dynamic changes the weights, but 8-bit weights cannot be changed: leave out either dynamic or precision int8';
  const refused: [() => Promise<unknown>, string][] = [
    [() => model.evaluateText(verse, { dynamic: true }), learning],
    [() => model.evaluate(book, { dynamic: true }), learning],
    [() => all(model.score([verse], { dynamic: true })), learning],
    [
      () => model.compress(new Uint8Array([1, 2, 3])),
      'compress is not possible for a model loaded with precision int8: load it without',
    ],
  ];
  for (const [call, message] of refused) {
    await expect(call()).rejects.toMatchObject({ name: 'UsageError', exitCode: 2, message });
  }
});

test('what it does not compute itself, it does as ever', async () => {
  const packed = await full.compress(new TextEncoder().encode(verse));
  expect(new TextDecoder().decode(await model.decompress(packed))).toBe(verse);
  await model.save(`${folder}/copy.json`);
  const copy = await Model.load(`${folder}/copy.json`, { backend: 'reference' });
  expect((await copy.evaluateText(verse)).bitsPerCharacter).toBe(
    (await full.evaluateText(verse)).bitsPerCharacter,
  );
  await copy.close();
});
