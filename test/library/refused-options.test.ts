/** Every option of the library's calls, given something that it cannot be: one sentence that names it. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Corpus, type Model, train } from '#charnn/index.js';
import type { OptionRow } from '#charnn/options/table.js';
import { outputRows } from '#charnn/train/schema/call-rows.js';
import { commandRows } from '#charnn/train/schema/schema.js';
import { put, temporaryFolder } from '../folder.js';

const folder = temporaryFolder();
const book = put(folder, 'book.txt', 'The rain it raineth every day.\n'.repeat(20));
let corpus: Corpus;
let model: Model;

beforeAll(async () => {
  corpus = await Corpus.load(book);
  const shape = { layers: 1, hidden: 4, embedding: 2, threads: 1 };
  model = await train(corpus, { ...shape, steps: 1, backend: 'reference' });
});
afterAll(() => model.close());

const candidates = [{}, [], [7], 'no such thing', -1.5, true, null, () => {}];
const rows = Object.entries<OptionRow>(commandRows).filter(
  ([key]) => !Object.hasOwn(outputRows, key),
);

/** The message of a call that is refused as wrong usage */
async function refusal(call: () => Promise<unknown>): Promise<string> {
  const error = await call().then(
    () => new Error('it was taken'),
    (thrown: unknown) => thrown,
  );
  expect(error).toMatchObject({ name: 'UsageError', exitCode: 2 });
  const { message } = error as Error;
  expect(message.split('\n')).toHaveLength(1);
  expect(message).not.toMatch(/--|undefined|\[object/);
  return message;
}

describe.each(rows)('%s', (key, { type }) => {
  const name = key === 'output' ? 'saveTo' : key;
  const wrong = candidates.filter((value) => !type.accepts(value));

  test('is refused by its name where its value is of a wrong type', async () => {
    expect(wrong.length).toBeGreaterThan(3);
    for (const value of wrong) {
      const given = { [name]: value };
      const message = await refusal(() => train(corpus, given));
      if (message.startsWith(`option ${name} is for Corpus.load`)) {
        const ofCorpus = await refusal(() => Corpus.load(book, given));
        expect(ofCorpus).toMatch(new RegExp(`^option ${name} must be .+, not `));
      } else expect(message).toMatch(new RegExp(`^option ${name} must be .+, not `));
    }
  });

  test('is suggested where its name is misspelt', async () => {
    const given = { [`${name}z`]: 1 };
    const messages = [
      await refusal(() => train(corpus, given)),
      await refusal(() => Corpus.load(book, given)),
    ];
    expect(messages.join('\n')).toContain(`has no option "${name}z"; did you mean ${name}?`);
  });
});

test.each([
  [{ onProgress: 1 }, 'option onProgress must be a function, not a number'],
  [{ onEvent: 'x' }, 'option onEvent must be a function, not a string'],
  [{ signal: {} }, 'option signal must be an AbortSignal, not an object'],
  [{ resume: true }, 'resume needs saveTo: the path of the model'],
  [{ keep: 3 }, 'keep needs saveTo: the path of the model'],
  [{ hiden: 3 }, 'train has no option "hiden"; did you mean hidden?'],
  [{ output: 'a.json' }, 'train has no option "output"'],
  [{ json: true }, 'train has no option "json"'],
])('train with %j is refused in words', async (given, words) => {
  expect(await refusal(() => train(corpus, given as never))).toContain(words);
});

test('a corpus that is missing is told in words', async () => {
  expect(await refusal(() => train(undefined as never))).toContain('train needs a Corpus');
});
