/** The library as a program uses it. */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { Worker } from 'node:worker_threads';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { CharnnError, Corpus, Model, type TrainEvent, train, UsageError } from '#charnn/index.js';
import { put, temporaryFolder } from '../folder.js';
import { examples } from './examples.js';

const folder = temporaryFolder();
const index = new URL('../../dist/index.js', import.meta.url).href;
const verse = 'The rain it raineth every day, said the fool to the king.\n';
const text = verse.repeat(60);
const small = { steps: 4, layers: 1, hidden: 8, threads: 1, backend: 'reference' } as const;
const book = put(folder, 'book.txt', text);
const modelPath = join(folder, 'small.json');
let model: Model;

beforeAll(async () => {
  model = await train(await Corpus.load(book), { ...small, saveTo: modelPath });
});
afterAll(() => model.close());

async function all<T>(values: AsyncIterable<T>): Promise<T[]> {
  const list: T[] = [];
  for await (const value of values) list.push(value);
  return list;
}

/** Examples, and what a comment in one of them says may stand there instead */
const programs = examples.flatMap((code) => {
  const [, other] = code.match(/\/\/ or (Corpus\.from\(.*\))/) ?? [];
  return other ? [code, code.replace(/Corpus\.load\('[^']*'\)/, other)] : [code];
});

test('a corpus is made of strings in one of the programs, of a file in another', () => {
  expect(programs.length).toBeGreaterThan(examples.length);
});

describe('examples', () => {
  test.each(programs.map((code, i) => [i + 1, code] as const))(
    'example %i runs as written',
    (_, code) => {
      const place = temporaryFolder();
      put(place, 'book.txt', text);
      put(place, 'other.txt', text);
      put(place, 'charnn.json', readFileSync(modelPath));
      for (const name of ['lexicon.tsv', 'test.tsv']) put(place, name, 'ab\tBA\ncd\tDC\ne\tE\n');
      const shortened = code
        .replace("time: '3m'", "time: '1s', hidden: 16, threads: 1, seed: 1")
        .replace(/import \{(.*?)\} from 'charnn';/, (_, names: string) => {
          const values = names.replace(/\btype \w+,?/g, '');
          return `import {${values}} from ${JSON.stringify(index)};`;
        })
        // types apart, an example in TypeScript is one in JavaScript
        .replace(/: [\w'[\]]+ = /g, ' = ');
      const file = put(place, 'example.mjs', shortened);
      const output = execFileSync(process.execPath, [file], { cwd: place, encoding: 'utf8' });
      expect(output.trim()).not.toBe('');
    },
  );
});

describe('Corpus', () => {
  test('is the same from a path, several, a stream, and a string', async () => {
    const one = put(folder, 'one.txt', verse.repeat(30));
    const corpora = [
      await Corpus.load(book),
      await Corpus.load([one, one]),
      await Corpus.load(Readable.from([text.slice(0, 7), text.slice(7)])),
      await Corpus.from(text),
      await Corpus.from([verse.repeat(30), verse.repeat(30)]),
    ];
    expect(new Set(corpora.map(({ characters }) => characters))).toEqual(new Set([text.length]));
    expect(new Set(corpora.map(({ alphabet }) => alphabet.join(''))).size).toBe(1);
    expect(corpora.map(({ files }) => files)).toEqual([1, 2, 1, 1, 2]);
  });

  test('is read by its options', async () => {
    const table = put(folder, 'table.csv', 'id,words\n1,"one, two"\n2,three\n');
    const corpus = await Corpus.load(table, { format: 'csv', textColumn: 'words' });
    expect(corpus.characters).toBe('one, two\nthree\n'.length);
    expect((await Corpus.from('ä', { unit: 'byte' })).characters).toBe(2);
    expect((await Corpus.from('aab', { minCount: 2 })).alphabet).toEqual(['a']);
    expect((await Corpus.from('aab', { minCount: 2 })).notes).toEqual([
      '1 rare character is read as unknown',
    ]);
  });
});

describe('train', () => {
  test('gives the model that the command gives', async () => {
    const place = temporaryFolder();
    const arguments_ = ['train', book, '-o', join(place, 'm.json'), '--quiet', '--steps', '4'];
    const sizes = ['--layers', '1', '--hidden', '8', '--threads', '1', '--backend', 'reference'];
    const binary = fileURLToPath(new URL('../../bin/charnn.js', import.meta.url));
    execFileSync(process.execPath, [binary, ...arguments_, ...sizes]);
    expect(readFileSync(join(place, 'm.json'))).toEqual(readFileSync(modelPath));
  });

  test('goes on from its state as if it had never stopped', async () => {
    const corpus = await Corpus.load(book);
    const [once, twice] = [join(folder, 'once.json'), join(folder, 'twice.json')];
    const long = { ...small, steps: 120, evalEvery: 30, earlyStop: 0 };
    await (await train(corpus, { ...long, saveTo: once })).close();
    const controller = new AbortController();
    const events: TrainEvent[] = [];
    const first = await train(corpus, {
      ...long,
      saveTo: twice,
      signal: controller.signal,
      onEvent(event) {
        events.push(event);
        if (event.type === 'validation') controller.abort();
      },
    });
    await first.close();
    expect(events.at(-1)).toMatchObject({ type: 'end', reason: 'interrupted' });
    await (await train(corpus, { saveTo: twice, resume: true })).close();
    expect(readFileSync(twice)).toEqual(readFileSync(once));
    await expect(
      train(await Corpus.from('another text'), { saveTo: twice, resume: true }),
    ).rejects.toThrow(/is not the one that .* was trained on/);
  });

  test('starts from a model, or the path of one', async () => {
    const corpus = await Corpus.load(book);
    for (const initFrom of [model, modelPath]) {
      const events: TrainEvent[] = [];
      const tuned = await train(corpus, {
        ...{ steps: 1, threads: 1, backend: 'reference', learningRate: 1e-9, initFrom },
        onEvent: (event) => events.push(event),
      });
      expect(events.find(({ type }) => type === 'validation')).toMatchObject({ step: 0 });
      expect(tuned.architecture).toEqual(model.architecture);
      await tuned.close();
    }
  });

  test('tells its progress, and ends with the error of a listener', async () => {
    const corpus = await Corpus.load(book);
    const failing = train(corpus, {
      ...{ ...small, steps: 1e9, earlyStop: 0 },
      onProgress({ step, loss }) {
        expect(step).toBeGreaterThan(0);
        throw new RangeError(`enough at ${loss}`);
      },
    });
    await expect(failing).rejects.toThrow(RangeError);
  });

  test.each([
    [{ hiden: 3 }, 'train has no option "hiden"; did you mean hidden?'],
    [{ hidden: 0 }, /^option hidden must be an integer from 1 to \d+, not 0$/],
    [
      { cell: 'grew' },
      /^option cell must be one of rnn, lstm, gru, .*, or a file of equations that ends in \.cell, not "grew"$/,
    ],
    [{ time: 'soon' }, /^option time must be a time such as 90s.*, not "soon"$/],
    [{ steps: 1, time: '3m' }, 'steps and time contradict each other: give one of them'],
    [{ cell: 'gru', layerNorm: true }, /layerNorm/],
    [{ resume: true }, 'resume needs saveTo: the path of the model'],
    [{ keep: 2 }, 'keep needs saveTo: the path of the model'],
    [{ unit: 'byte' }, 'option unit is for Corpus.load, which reads the text, not for train'],
    [{ saveTo: modelPath }, /exists already: give force .*, resume .*, or another saveTo$/],
    [{ saveTo: book, force: true }, /not a file that charnn wrote.*: give another saveTo$/],
    [{ saveTo: '/no/folder/here.json' }, /cannot write to the folder .*; give another saveTo$/],
    [{ initFrom: 3 }, 'option initFrom must be a path or a Model, not a number'],
    [{ onProgress: 'x' }, 'option onProgress must be a function, not a string'],
    [{ signal: {} }, 'option signal must be an AbortSignal, not an object'],
    [{ documents: true }, /^documents needs more than one document:.*give separator$/],
    [null, 'the options of train must be an object, not null'],
  ])('refuses %j by name', async (options, message) => {
    const corpus = await Corpus.from('no records stand in this text');
    const error = await train(corpus, options as never).catch((cause) => cause);
    expect(error).toBeInstanceOf(CharnnError);
    expect(error.message).toMatch(message);
    if (typeof message === 'string') expect(error.message).toBe(message);
    expect(error.message).not.toContain('--');
  });

  test('refuses what is no corpus', async () => {
    await expect(train(undefined as never)).rejects.toThrow(/^train needs a Corpus.*not missing/);
    await expect(train('book.txt' as never)).rejects.toThrow(UsageError);
  });
});

describe('Model', () => {
  test('sample ends by itself, and is the same whatever the threads', async () => {
    const [drawn] = await all(model.sample());
    expect(drawn).toHaveLength(500);
    const records = { count: 5, length: 20, seed: 7, prompt: 'The ' };
    const one = await all(model.sample({ ...records, threads: 1 }));
    expect(one).toHaveLength(5);
    expect(await all(model.sample({ ...records, threads: 2 }))).toEqual(one);
    expect(await all(model.sample({ length: 0 }))).toEqual(['']);
  });

  test('sampleText gives the pieces of what sample gives', async () => {
    const options = { length: 2000, seed: 3, temperature: 0.5 };
    const pieces = await all(model.sampleText(options));
    expect(await all(model.sample(options))).toEqual([pieces.join('')]);
  });

  test('records end where it is said', async () => {
    const stopped = await all(model.sample({ count: 20, length: 50, stop: ['a', 'e'], seed: 1 }));
    expect(stopped.join('')).not.toMatch(/[ae]/);
    const [until] = await all(model.sample({ length: 5000, until: 'a', seed: 1 }));
    expect(until).toMatch(/^[^a]*a$/);
  });

  test('of a list of prompts, each is continued count times', async () => {
    const common = { length: 20, seed: 7, threads: 1 };
    const records = await all(model.sample({ ...common, prompt: ['The ', 'every '], count: 2 }));
    expect(records).toHaveLength(4);
    const first = await all(model.sample({ ...common, prompt: 'The ', count: 2 }));
    expect(records.slice(0, 2)).toEqual(first);
    expect(await all(model.sample({ ...common, prompt: ['The '], count: 1 }))).toEqual(
      first.slice(0, 1),
    );
  });

  test('temperatures vary by record, or along a record', async () => {
    const common = { length: 40, seed: 7, threads: 1 };
    const greedy = await all(model.sample({ ...common, greedy: true }));
    const turns = await all(model.sample({ ...common, count: 4, temperature: [0, 1] }));
    expect(turns[0]).toBe(turns[2]);
    expect(turns[1]).not.toBe(turns[3]);
    expect(await all(model.sample({ ...common, temperatureSchedule: [0, 0] }))).toEqual(greedy);
    expect(await all(model.sample({ ...common, temperatureSchedule: [2, 1] }))).not.toEqual(greedy);
  });

  test('unique and novel records replace those that are left out', async () => {
    const common = { length: 1, seed: 7, threads: 1, stop: '$' };
    const singles = await all(model.sample({ ...common, count: 8 }));
    expect(new Set(singles).size).toBeLessThan(8);
    const different = await all(model.sample({ ...common, count: 8, unique: true }));
    expect(new Set(different).size).toBe(8);
    const pair = { ...common, length: 2, count: 5 };
    const corpus = await Corpus.load(book);
    const isNew = (record: string) => !text.includes(record);
    const fresh = await all(model.sample({ ...pair, novel: corpus }));
    expect(fresh).toHaveLength(5);
    expect(fresh.every(isNew)).toBe(true);
    expect((await all(model.sample(pair))).every(isNew)).toBe(false);
    expect(await all(model.sample({ ...pair, novel: book }))).toEqual(fresh);
    const other = await Corpus.load(book, { unit: 'byte' });
    await expect(all(model.sample({ novel: other }))).rejects.toThrow(
      /^the corpus of option novel was read with unit byte, and the model's text with char/,
    );
    // a corpus of other characters has none of the records in it
    const foreign = await Corpus.from('0123456789');
    expect(await all(model.sample({ ...pair, novel: foreign }))).toEqual(
      await all(model.sample(pair)),
    );
  });

  test('a beam finds the most probable records, of width 1 what greedy sampling finds', async () => {
    const greedy = await all(model.sample({ length: 30, greedy: true, prompt: 'The ' }));
    expect(await all(model.sample({ length: 30, beam: 1, prompt: 'The ' }))).toEqual(greedy);
    const best = await all(model.sample({ length: 3, beam: 4, count: 3, stop: '$' }));
    expect(new Set(best).size).toBe(3);
    await expect(all(model.sample({ beam: 2, count: 3 }))).rejects.toThrow(
      'a beam of 2 finds at most 2 records, not 3: give a larger beam',
    );
    for (const other of [{ temperature: 1 }, { seed: 1 }, { unique: true }, { novel: book }]) {
      await expect(all(model.sample({ beam: 2, ...other }))).rejects.toThrow(
        `beam searches for the most probable record and cannot be combined with other ways of sampling: leave out ${Object.keys(other)[0]}`,
      );
    }
  });

  test('options that contradict each other are named as programs name them', async () => {
    await expect(
      all(model.sample({ temperature: 1, temperatureSchedule: [1, 2] })),
    ).rejects.toThrow('temperature and temperatureSchedule contradict each other');
    await expect(all(model.sample({ match: 'a', stop: 'b' }))).rejects.toThrow(
      'match ends records itself: leave out stop',
    );
    await expect(all(model.sample({ novel: 7 as never }))).rejects.toThrow(
      'option novel must be a path, a list of paths or a Corpus, not 7',
    );
  });

  test('a loaded copy evaluates as the model does', async () => {
    const copy = join(folder, 'copy.json');
    await model.save(copy);
    const loaded = await Model.load(copy, { backend: 'reference' });
    const result = await loaded.evaluate(book);
    expect(result).toEqual(await model.evaluateText(text));
    expect(result.bitsPerCharacter).toBeCloseTo(result.nats / Math.LN2, 10);
    expect(result.characters).toBe(text.length - 1);
    expect((await model.evaluateText(text.slice(0, 500), { dynamic: true })).nats).not.toBe(
      (await model.evaluateText(text.slice(0, 500))).nats,
    );
    await loaded.close();
  });

  test('score takes lines as they come', async () => {
    const lines = ['The rain', '', 'xyz'];
    const scores = await all(model.score(lines, { perChar: true }));
    expect(scores.map(({ line }) => line)).toEqual(lines);
    expect(scores.map(({ unknown }) => unknown)).toEqual([0, 0, 2]);
    expect(scores[0].bits).toHaveLength(lines[0].length + 1);
    async function* endless() {
      for (;;) yield 'The rain';
    }
    for await (const { bitsPerCharacter } of model.score(endless(), { threads: 1 })) {
      expect(bitsPerCharacter).toBeCloseTo(scores[0].bitsPerCharacter, 5);
      break;
    }
  });

  test('compressed bytes come back', async () => {
    const content = new TextEncoder().encode(text.slice(0, 300));
    const packed = await model.compress(content, { threads: 1 });
    expect(await model.decompress(packed)).toEqual(content);
    await expect(model.decompress(packed.subarray(0, 20))).rejects.toThrow(CharnnError);
  });

  test('a signal ends each call with its reason', async () => {
    const reason = new Error('enough');
    const signal = () => {
      const controller = new AbortController();
      setTimeout(() => controller.abort(reason), 50);
      return controller.signal;
    };
    const long = 'The rain '.repeat(100_000);
    async function* silent(): AsyncGenerator<string> {
      await new Promise(() => {});
    }
    const calls = [
      () => all(model.sample({ length: 1e8, signal: signal() })),
      () => all(model.sample({ length: 1e8, beam: 2, signal: signal() })),
      () => all(model.sampleText({ length: 1e8, signal: signal() })),
      () => all(model.score(silent(), { threads: 1, signal: signal() })),
      () => model.evaluateText(long.repeat(5), { signal: signal() }),
      () => model.evaluateText(long, { dynamic: true, signal: signal() }),
      // a content that takes minutes
      () =>
        model.compress(new TextEncoder().encode(long.repeat(20)), { signal: signal(), threads: 1 }),
      () => model.evaluateText('text', { signal: AbortSignal.abort(reason) }),
      () => Corpus.load(silent(), { signal: signal() }),
    ];
    for (const call of calls) await expect(call()).rejects.toBe(reason);
  });

  test('close ends what is going on, and nothing begins after it', async () => {
    const loaded = await Model.load(modelPath, { backend: 'reference' });
    const abandoned = loaded.sample({ length: 1e8, count: 3 });
    const half = loaded.sampleText({ length: 1e8 });
    await half.next();
    const waiting = abandoned.next();
    const failed = expect(waiting).rejects.toThrow('the model has been closed in the meantime');
    await loaded.close();
    await failed;
    await loaded.close();
    await expect(loaded.evaluateText('text')).rejects.toThrow('the model is closed');
    await expect(loaded.sample().next()).rejects.toThrow('the model is closed');
  });

  test('what is missing, damaged or of another kind is told in words', async () => {
    await expect(Model.load(join(folder, 'none.json'))).rejects.toThrow(
      /^there is no file \S+none\.json: check its name and its folder$/,
    );
    await expect(Model.load(book)).rejects.toThrow(CharnnError);
    await expect(Model.load(7 as never)).rejects.toThrow('must be a path, but it is a number');
    await expect(model.save(book)).rejects.toThrow(/not a file that charnn wrote/);
    await expect(model.evaluate(join(folder, 'none.txt'))).rejects.toThrow(CharnnError);
    await expect(all(model.sample({ temperature: -1 }))).rejects.toThrow(
      'option temperature must be',
    );
    await expect(all(model.sample({ match: '(' }))).rejects.toThrow(/^the expression "\("/);
    await expect(all(model.score('a line'))).rejects.toThrow('must be an iterable of strings');
  });
});

test('a worker thread that imports the library does only what its owner wants', async () => {
  const source = `
    import { parentPort } from 'node:worker_threads';
    import { Model } from ${JSON.stringify(index)};
    parentPort.once('message', async (path) => {
      const model = await Model.load(path);
      const { characters } = await model.evaluateText('The rain');
      await model.close();
      parentPort.postMessage({ characters });
    });
  `;
  const worker = new Worker(new URL(`data:text/javascript,${encodeURIComponent(source)}`));
  const messages: unknown[] = [];
  worker.on('message', (message) => messages.push(message));
  worker.postMessage(modelPath);
  const code = await new Promise((resolve, reject) => {
    worker.on('exit', resolve);
    worker.on('error', reject);
  });
  expect(messages).toEqual([{ characters: 7 }]);
  expect(code).toBe(0);
});
