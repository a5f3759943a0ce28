/** Models of pairs as a program uses them. */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Corpus, type LineTargets, Model, train, UsageError } from '#charnn/index.js';
import { reversals } from '../commands/pair-training.js';
import { put, temporaryFolder } from '../folder.js';

const folder = temporaryFolder();
const binary = fileURLToPath(new URL('../../bin/charnn.js', import.meta.url));
const pairs = put(folder, 'pairs.tsv', reversals(300));
const modelPath = join(folder, 'pairs.json');
const small = {
  hidden: 32,
  embedding: 8,
  dropout: 0,
  batchSize: 16,
  threads: 1,
  epochs: 14,
} as const;
let model: Model;

beforeAll(async () => {
  model = await train(await Corpus.load(pairs, { pairs: true }), { ...small, saveTo: modelPath });
});
afterAll(() => model.close());

async function all<T>(values: AsyncIterable<T>): Promise<T[]> {
  const list: T[] = [];
  for await (const value of values) list.push(value);
  return list;
}

test('the model is the one that the command makes', () => {
  const options = ['--hidden', '32', '--embedding', '8', '--dropout', '0', '--batch-size', '16'];
  const more = ['--threads', '1', '--epochs', '14', '-q', '-o', join(folder, 'command.json')];
  execFileSync(process.execPath, [binary, 'train', pairs, '--pairs', ...options, ...more]);
  expect(readFileSync(join(folder, 'command.json'))).toEqual(readFileSync(modelPath));
});

test('lines of every kind are converted in order, as the command converts them', async () => {
  const words = ['abcd', '', 'dad', 'b', 'aéb'];
  const found = await all(model.convert(words, { beam: 3, nBest: 2 }));
  expect(found.map(({ source }) => source)).toEqual(words);
  expect(found.map(({ targets }) => targets.length)).toEqual([2, 0, 2, 2, 2]);
  expect(found.map(({ unknown }) => unknown)).toEqual([0, 0, 0, 0, 1]);
  expect(found[0].targets[0]).toMatchObject({ text: 'DCBA', complete: true });
  const args = ['convert', '-m', modelPath, '--beam', '3', '--n-best', '2', '--scores', '-q'];
  const printed = execFileSync(process.execPath, [binary, ...args], { input: words.join('\n') });
  const rows = found.flatMap(({ source, targets }) =>
    targets.length === 0
      ? [`${source}\t\t\t`]
      : targets.map(({ text, logProbability, bitsPerCharacter }) =>
          [source, text, logProbability.toFixed(6), bitsPerCharacter.toFixed(6)].join('\t'),
        ),
  );
  expect(printed.toString()).toBe(`${rows.join('\n')}\n`);
  const streamed = await all(model.convert(Readable.from(words), { beam: 3, nBest: 2 }));
  expect(streamed).toEqual(found);
});

test('a line is answered before the next one is there', async () => {
  let isAnswered = () => {};
  const answered = new Promise<void>((resolve) => {
    isAnswered = resolve;
  });
  async function* lines() {
    yield 'ab';
    await answered;
    yield 'cd';
  }
  const converted = model.convert(lines(), { threads: 1 });
  const first = (await converted.next()).value as LineTargets;
  expect(first.targets[0].text).toBe('BA');
  isAnswered();
  expect((await all(converted)).map(({ targets }) => targets[0].text)).toEqual(['DC']);
});

test('targets above the threshold are left out', async () => {
  const [{ targets }] = await all(model.convert(['abcd']));
  const threshold = targets[0].bitsPerCharacter;
  const [kept] = await all(model.convert(['abcd'], { threshold }));
  expect(kept.targets).toEqual(targets);
  const [none] = await all(model.convert(['abcd'], { threshold: threshold / 2 }));
  expect(none.targets).toEqual([]);
});

test('it is evaluated on pairs, as the command evaluates it', async () => {
  const path = put(folder, 'test.tsv', 'ab\tBA\nab\tXX\ncd\tDA\n');
  const result = await model.evaluatePairs(path);
  expect(result).toMatchObject({ pairs: 3, sources: 2, wordErrorRate: 0.5 });
  const printed = execFileSync(process.execPath, [binary, 'eval', path, '-m', modelPath, '--json']);
  expect(JSON.parse(printed.toString())).toMatchObject(JSON.parse(JSON.stringify(result)));
});

test('it is loaded again, and goes on from its state', async () => {
  const loaded = await Model.load(modelPath);
  expect(loaded.architecture.pairs).toBe(true);
  expect((await all(loaded.convert(['dc'])))[0].targets[0].text).toBe('CD');
  await loaded.close();
  const corpus = await Corpus.load(pairs, { pairs: true });
  const longer = await train(corpus, { resume: true, saveTo: modelPath, epochs: 15, threads: 1 });
  expect(longer.parameters).toBe(model.parameters);
  await longer.close();
});

test('a corpus of strings has symbols separated by blanks, too', async () => {
  const lines = reversals(60)
    .trimEnd()
    .split('\n')
    .map((line) => line.replace(/[A-D](?=[A-D])/g, '$&1 '));
  const corpus = await Corpus.from(lines, { pairs: true, targetUnit: 'symbol' });
  const quick = await train(corpus, { ...small, epochs: 1 });
  const [{ targets }] = await all(quick.convert(['abc']));
  expect(targets[0].text).toMatch(/^([A-D]1?( [A-D]1?)*)?$/);
  await quick.close();
});

describe('labels and vectors', () => {
  const path = join(folder, 'given.json');
  const forms = ['up', 'down'];
  const records = Array.from({ length: 60 }, (_, i) => ({
    source: ['ab', 'cd', 'bca', ''][i % 4],
    target: ['AB', 'CD', 'x'][i % 3],
    labels: { form: forms[i % 2] },
    cells: Array.from({ length: 1 + (i % 3) }, (_, n) => [i % 5, n, 0.5]),
  }));
  let given: Model;

  beforeAll(async () => {
    const text = put(folder, 'given.ndjson', records.map((one) => JSON.stringify(one)).join('\n'));
    const corpus = await Corpus.load(text, { pairs: true, label: ['form'], vector: 'cells' });
    given = await train(corpus, { ...small, epochs: 2, saveTo: path });
  });
  afterAll(() => given.close());

  const lines = records.slice(0, 8).map(({ source, labels, cells }) => ({
    ...{ source, labels, vector: cells },
  }));

  test('each line has its own, as for the command', async () => {
    const found = await all(given.convert(lines));
    const input = records.slice(0, 8).map((one) => `${JSON.stringify(one)}\n`);
    const args = ['convert', '-m', path, '--scores', '-q'];
    const printed = execFileSync(process.execPath, [binary, ...args], { input: input.join('') });
    const rows = found.map(({ targets: [{ text, logProbability, bitsPerCharacter }] }) =>
      [text, logProbability.toFixed(6), bitsPerCharacter.toFixed(6)].join('\t'),
    );
    expect(printed.toString()).toBe(`${rows.join('\n')}\n`);
    expect(new Set(rows).size).toBeGreaterThan(1);
  });

  test('a label for all lines, vectors as typed arrays, and a source that is absent', async () => {
    const [, second] = lines;
    const wanted = await all(given.convert([second, { ...second, source: '' }]));
    const { source, vector } = second;
    const typed = vector.map((numbers) => Float32Array.from(numbers));
    const without = [{ source, vector: typed }, { vector: typed }];
    expect(await all(given.convert(without, { label: ['form=down'] }))).toEqual(wanted);
    // a single vector need not be in a list
    const [first] = lines;
    const [one] = first.vector;
    expect(await all(given.convert([{ ...first, vector: one }]))).toEqual(
      await all(given.convert([first])),
    );
  });

  test.each([
    ['ab', 'line 2 has no vector'],
    [{ source: 'ab', labels: { form: 'up' } }, 'line 2 has no vector'],
    [{ vector: [1, 2, 3] }, 'the model was trained with the label form: give label form=…'],
    [{ vector: [1, 2, 3], labels: { form: 'u' } }, 'line 2: the model was not trained with form'],
    [{ vector: [1, 2, 3], labels: { form: 3 } }, 'the label form must be a string'],
    [{ vector: [1, 2, 3], labels: { size: 'up' } }, 'line 2 has the label size'],
    [{ vector: [1, 2], labels: { form: 'up' } }, 'line 2 has a vector of 2 numbers'],
    [{ vector: 'red', labels: { form: 'up' } }, 'line 2: "\\"red\\"" is not a vector'],
    [{ vector: [Number.NaN], labels: { form: 'up' } }, 'is not a vector'],
    [{ vectors: [1, 2, 3] }, 'line 2 has a field vectors'],
  ])('%j is refused', async (line, message) => {
    const conversion = all(given.convert([lines[0], line as object]));
    await expect(conversion).rejects.toThrow(message);
  });

  test('a model that has neither refuses them, and labels belong to the call', async () => {
    const plain = (line: object) => all(model.convert([line]));
    await expect(plain({ source: 'a', vector: [1] })).rejects.toThrow('trained without vectors');
    await expect(plain({ source: 'a', labels: { form: 'up' } })).rejects.toThrow('label form');
    await expect(plain({})).rejects.toThrow('a line must be a string or bytes');
    expect(await plain({ source: 'abcd' })).toEqual(await all(model.convert(['abcd'])));
    await expect(Model.load(path, { label: ['form=up'] })).rejects.toThrow('give label to convert');
  });
});

describe('refusals', () => {
  test('calls for texts, in a sentence', async () => {
    const calls = [
      () => all(model.sample({ length: 5 })),
      () => all(model.sampleText({ length: 5 })),
      () => all(model.score(['a'])),
      () => model.evaluate(pairs),
      () => model.evaluateText('abc'),
      () => model.compress(new Uint8Array(3)),
    ];
    for (const call of calls) {
      const error: Error = await (call() as Promise<never>).catch((reason) => reason);
      expect(error).toBeInstanceOf(UsageError);
      expect(error.message).toContain('was trained on pairs of a source and a target');
    }
  });

  test('convert for a model of a text', async () => {
    const texts = await train(await Corpus.from('some text '.repeat(9)), { steps: 1, hidden: 4 });
    await expect(all(texts.convert(['a']))).rejects.toThrow('trained on a text, not on pairs');
    await expect(texts.evaluatePairs(pairs)).rejects.toThrow('need a model of pairs');
    await texts.close();
  });

  test.each([
    [{ nBest: 3, beam: 2 }, 'beam 2 finds no more than 2 targets'],
    [{ beam: 0 }, 'beam'],
    [{ width: 2 }, 'width'],
  ])('%j', async (options, message) => {
    await expect(all(model.convert(['a'], options as object))).rejects.toThrow(message);
  });

  test('units without pairs, and pairs where they belong to the corpus', async () => {
    await expect(Corpus.from('a\tb', { targetUnit: 'char' })).rejects.toThrow(
      'targetUnit needs pairs',
    );
    const corpus = await Corpus.load(pairs, { pairs: true });
    await expect(train(corpus, { pairs: true } as object)).rejects.toThrow('is for Corpus.load');
    await expect(train(corpus, { counts: 3 })).rejects.toThrow(
      'pairs cannot be combined with counts',
    );
  });
});
