/** Records: the same whatever runs beside them, ended where they should, faithful to the model. */
import { describe, expect, test } from 'vitest';
import { openDevice } from '#charnn/backend/open-device.js';
import { loadNetwork } from '#charnn/model/load.js';
import { generate } from '#charnn/sample/generate.js';
import { notIn, wholeRecords } from '#charnn/sample/record-filters.js';
import { sampleText } from '#charnn/sample/sample-text.js';
import { type SampleSettings, temperatureAt } from '#charnn/sample/settings.js';
import { StopMatcher } from '#charnn/sample/stop-matcher.js';
import { sync } from '../backends.js';
import { randomModel } from '../small-model.js';
import { chiSquared, chiSquaredLimit } from './chi-squared.js';

const model = randomModel('abcdefghij\n');
const { vocabulary } = model;
const ids = (text: string) => Array.from(vocabulary.encode(text).ids);

const plain: SampleSettings = {
  length: 40,
  temperatures: [1],
  schedule: undefined,
  greedy: false,
  banRepeats: undefined,
  stops: [],
  allow: undefined,
  match: undefined,
  seed: 3,
};

const device = await openDevice();

async function records(
  changed: Partial<SampleSettings>,
  count: number,
  {
    threads = 1,
    prompt = '',
    own = [''],
  }: { threads?: number; prompt?: string; own?: string[] } = {},
): Promise<string[]> {
  const settings = { ...plain, ...changed };
  const jobs = Array.from({ length: count }, (_, i) => ids(own[i % own.length]));
  const common = { model, device, expected: count };
  const pieces = generate(jobs, { ...common, settings, prompt: ids(prompt), threads });
  const texts: string[] = [];
  for await (const { index, ids } of wholeRecords(pieces)) {
    expect(index).toBe(texts.length);
    texts.push(vocabulary.decode(ids));
  }
  return texts;
}

describe('a record depends on seed and number alone', () => {
  test('not on the threads, nor on how many there are', async () => {
    const many = await records({}, 150, { threads: 2 });
    expect(await records({}, 150)).toEqual(many);
    expect(await records({}, 3)).toEqual(many.slice(0, 3));
    expect(new Set(many).size).toBe(150);
    expect(await records({ seed: 4 }, 3)).not.toEqual(many.slice(0, 3));
  });

  test('not on the lengths of those beside it', async () => {
    const stops = [{ ids: ids('a'), kept: false }];
    const many = await records({ stops }, 80, { threads: 2 });
    expect(new Set(many.map((text) => text.length)).size).toBeGreaterThan(5);
    expect(await records({ stops }, 5)).toEqual(many.slice(0, 5));
  });
});

describe('prompts', () => {
  test("a record's own prompt follows the common one", async () => {
    const [joined] = await records({}, 1, { prompt: 'abcdef' });
    expect((await records({}, 1, { prompt: 'abc', own: ['def'] }))[0]).toBe(joined);
  });

  test('a prompt longer than a chunk is read to its end', async () => {
    const long = 'abcdefghi\n'.repeat(60);
    const [text] = await records({}, 1, { prompt: long });
    expect((await records({}, 1, { prompt: long[0], own: [long.slice(1)] }))[0]).toBe(text);
  });
});

test('what is beside it in memory does not matter: a model larger than the first pages', async () => {
  const large = randomModel('abcdefghij\n', 128);
  const settings = { ...plain, greedy: true };
  const prompt = ids('abcdefgh');
  const common = { model: large, device, settings, prompt };
  const texts: string[] = [];
  for await (const { ids } of wholeRecords(generate([[], []], { ...common, threads: 1 }))) {
    texts.push(vocabulary.decode(ids));
  }
  const reference = await sampleText(large, await openDevice('reference'), {
    length: 40,
    greedy: true,
    prompt: 'abcdefgh',
    seed: 1,
  });
  expect(texts).toEqual([reference, reference]);
});

describe('the end of a record', () => {
  test('is the length, and nothing for length 0', async () => {
    expect((await records({}, 2)).map((text) => text.length)).toEqual([40, 40]);
    expect(await records({ length: 0 }, 2, { threads: 2 })).toEqual(['', '']);
  });

  test('is the first stop string, left out, or kept', async () => {
    const free = await records({ length: 400 }, 20);
    const [stop, until] = ['ab', 'cd'];
    const ended = await records(
      {
        length: 400,
        stops: [
          { ids: ids(stop), kept: false },
          { ids: ids(until), kept: true },
        ],
      },
      20,
    );
    const expected = free.map((text) => {
      const [a, c] = [text.indexOf(stop), text.indexOf(until)];
      if (a >= 0 && (c < 0 || a < c)) return text.slice(0, a);
      return c >= 0 ? text.slice(0, c + until.length) : text;
    });
    expect(ended).toEqual(expected);
    expect(new Set(ended.map((text) => text.slice(-1) === 'd')).size).toBe(2);
  });

  test('a string in the prompt, or half in it, ends nothing', async () => {
    const stops = [{ ids: ids('ab'), kept: false }];
    const free = await records({}, 30, { prompt: 'abab' });
    const ended = await records({ stops }, 30, { prompt: 'abab' });
    expect(ended).toEqual(free.map((text) => text.split('ab')[0]));
    const half = await records({ stops: [{ ids: ids('bc'), kept: false }] }, 30, { prompt: 'ab' });
    expect(half).toEqual(
      (await records({}, 30, { prompt: 'ab' })).map((text) => text.split('bc')[0]),
    );
  });

  test('overlapping strings are found as soon as one is complete', () => {
    const finder = new StopMatcher([{ ids: [1, 1, 2], kept: false }]);
    const uncertain: number[] = [];
    const found = [1, 1, 1, 2].map((id) => {
      const end = finder.push(id);
      uncertain.push(finder.uncertain);
      return end !== undefined;
    });
    expect(found).toEqual([false, false, false, true]);
    expect(uncertain.slice(0, 3)).toEqual([1, 2, 2]);
  });
});

test('first characters of many records follow the model (chi-squared, level 0.001)', async () => {
  const backend = sync(device.scope());
  const network = loadNetwork(model, backend, { maxRows: 1, maxBatch: 1 });
  const input = backend.indices(1);
  backend.writeIndices(input, ids('a'));
  const logits = backend.read(network.forward(input, 1, 1, network.createState(1)));
  const weights = Array.from(logits.subarray(0, vocabulary.size - 1), (z) => Math.exp(z));
  const total = weights.reduce((a, b) => a + b, 0);
  const counts = new Array<number>(weights.length).fill(0);
  for (const text of await records({ length: 1 }, 5000, { prompt: 'a' })) counts[ids(text)[0]]++;
  const { statistic, degrees } = chiSquared(
    counts,
    weights.map((w) => w / total),
  );
  expect(degrees).toBeGreaterThan(3);
  expect(statistic).toBeLessThan(chiSquaredLimit(degrees));
});

test('banned repeats do not occur, and are what greedy text is made of', async () => {
  const runs = (text: string, n: number) =>
    Array.from({ length: text.length - n + 1 }, (_, i) => text.slice(i, i + n));
  const [looping] = await records({ greedy: true, length: 300 }, 1);
  expect(new Set(runs(looping, 5)).size).toBeLessThan(runs(looping, 5).length);
  const [free] = await records({ greedy: true, length: 300, banRepeats: 5 }, 1);
  expect(new Set(runs(free, 5)).size).toBe(runs(free, 5).length);
});

test('temperatures are taken in turn, or along a schedule', () => {
  const turns = { ...plain, temperatures: [0.5, 1, 2] };
  expect([0, 1, 2, 3].map((r) => temperatureAt(turns, r, 7))).toEqual([0.5, 1, 2, 0.5]);
  const schedule = { ...plain, length: 5, schedule: [1, 3, 2] };
  expect([0, 1, 2, 3, 4].map((t) => temperatureAt(schedule, 0, t))).toEqual([1, 2, 3, 2.5, 2]);
  expect(temperatureAt({ ...schedule, length: 1 }, 0, 0)).toBe(1);
});

test('a record that stands in a corpus is found, also with wide ids', () => {
  const corpus = Uint16Array.from([1, 256, 1, 2]);
  expect(notIn(corpus)([256, 1])).toBe(false);
  // the bytes of 0x0001 0x0100 hold those of 0x0100 one byte later
  expect(notIn(Uint16Array.from([0x0001, 0x0001]))([0x0100])).toBe(true);
});
