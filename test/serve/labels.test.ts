/** `charnn serve` with a model that has labels: they are a field of the request. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Folder } from '../commands/run.js';
import { kinds, labelledTexts, moods, names } from '../labelled-models.js';
import { RunningServer } from './server.js';

const folder = new Folder();
let server: RunningServer;

beforeAll(async () => {
  await labelledTexts(folder, '--counts', '3');
  server = await RunningServer.start(folder, 'texts.json', '--backend', 'wasm', '--no-counts');
});
afterAll(async () => {
  expect(await server.stop()).toBe(143);
});

/** A request's field for the values of all labels; an object literal could not have a field `__proto__`. */
const labelsOf = (values: readonly string[]) =>
  Object.fromEntries(names.map((name, c) => [name, values[c]]));
const options = (values: readonly string[]) => [
  ...['-m', 'texts.json', '--backend', 'wasm', '--counts-weight', '0'],
  ...names.flatMap((name, c) => ['--label', `${name}=${values[c]}`]),
];
const all = kinds.flatMap((kind) => moods.map((mood) => [kind, mood]));

test('texts of all labels at a time are those of charnn sample', async () => {
  const answers = await Promise.all(
    all.map((values) =>
      server.json('/v1/completions', {
        ...{ prompt: 'me', seed: 3, max_tokens: 120, labels: labelsOf(values) },
      }),
    ),
  );
  const texts: string[] = answers.map(({ choices }) => choices[0].text);
  expect(new Set(texts).size).toBe(all.length);
  for (const [i, values] of all.entries()) {
    const words = ['-p', 'me', '--seed', '3', '-l', '120', '--no-echo'];
    const { stdout } = await folder.run(['sample', ...options(values), ...words]);
    expect(texts[i]).toBe(stdout);
  }
});

test('scores are those of charnn score', async () => {
  const scored = await Promise.all(
    all.map((values) =>
      server.json('/score', { input: ['meow 3 meow.', 'woof'], labels: labelsOf(values) }),
    ),
  );
  for (const [i, values] of all.entries()) {
    const { stdout } = await folder.run(['score', ...options(values)], 'meow 3 meow.\nwoof\n');
    const expected = stdout.split('\n').slice(0, 2).map(Number.parseFloat);
    scored[i].results.forEach(({ bitsPerCharacter }: { bitsPerCharacter: number }, k: number) => {
      expect(bitsPerCharacter).toBeCloseTo(expected[k], 3);
    });
  }
});

test('the list of models has the labels, and the page no counts', async () => {
  const { data } = await server.json('/v1/models');
  expect(data[0].labels).toEqual([
    { name: names[0], values: kinds },
    { name: names[1], values: moods },
  ]);
  const { text } = await server.send('/');
  expect([text.includes('id="weights"'), text.includes('id="counts"')]).toEqual([true, false]);
});

describe('what is wrong is said in a sentence', () => {
  const whole = labelsOf(all[0]);
  test.each([
    [{}, /labels must be an object with a value for the label __proto__, not missing$/],
    [{ labels: [] }, /labels is not an object$/],
    [{ labels: {} }, /labels must be an object with a value for the label __proto__, not \{\}$/],
    [
      { labels: { ...whole, kind: 'x' } },
      /labels: kind is unknown: the labels of the model are __proto__, "</,
    ],
    [{ labels: { ...whole, [names[1]]: 5 } }, /must be a string, not 5$/],
    [
      { labels: { ...whole, [names[1]]: 'calm' } },
      /the model was not trained with .* "calm"; it knows "", "a=b/,
    ],
  ])('%j', async (body, message) => {
    for (const [path, more] of [
      ['/v1/completions', { max_tokens: 1 }],
      ['/score', { input: 'a' }],
    ] as const) {
      const { status, error } = await server.json(path, { ...more, ...body });
      expect(status).toBe(400);
      expect(error.message).toMatch(message);
    }
  });
});

test('a model without labels refuses them', async () => {
  await folder.train('abc '.repeat(200), '--counts', '0', '-o', 'plain.json', '-q');
  const plain = await RunningServer.start(folder, 'plain.json');
  const { status, error } = await plain.json('/v1/completions', { labels: { author: 'Keats' } });
  expect([status, error.message]).toEqual([
    400,
    expect.stringMatching(/labels: author is unknown: the model has no labels$/),
  ]);
  await plain.stop();
});
