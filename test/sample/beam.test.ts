import { describe, expect, test } from 'vitest';
import { openDevice } from '#charnn/backend/open-device.js';
import { loadNetwork } from '#charnn/model/load.js';
import { beamSearch } from '#charnn/sample/beam.js';
import { sampleText } from '#charnn/sample/sample-text.js';
import type { SampleSettings } from '#charnn/sample/settings.js';
import { sync } from '../backends.js';
import { randomModel } from '../small-model.js';

const model = randomModel('abcd\n', 16);
const { vocabulary } = model;
const ids = (text: string) => Array.from(vocabulary.encode(text).ids);
const device = await openDevice();
const backend = sync(device);

const plain: SampleSettings = {
  length: 4,
  temperatures: [1],
  schedule: undefined,
  greedy: false,
  banRepeats: undefined,
  stops: [],
  allow: undefined,
  match: undefined,
  seed: 1,
};

async function search(prompt: string, width: number, changed: Partial<SampleSettings> = {}) {
  const found = await beamSearch(model, device, {
    ...{ prompt: ids(prompt), settings: { ...plain, ...changed }, width },
  });
  return found.map((result) => ({ ...result, text: vocabulary.decode(result.ids) }));
}

/** Log-probability of a text after a prompt, the unknown symbol left out of the whole. */
function logProbability(prompt: string, text: string): number {
  const network = loadNetwork(model, backend, { maxRows: 1, maxBatch: 1 });
  const state = network.createState(1);
  const input = backend.indices(1);
  let sum = 0;
  const all = ids(prompt + text);
  for (let i = 0; i + 1 < all.length; i++) {
    backend.writeIndices(input, [all[i]]);
    const logits = Array.from(backend.read(network.forward(input, 1, 1, state)).slice(0, -1));
    if (i + 1 < prompt.length) continue;
    sum += logits[all[i + 1]] - Math.log(logits.reduce((total, z) => total + Math.exp(z), 0));
  }
  return sum;
}

/** All texts of a length over the vocabulary's symbols */
function texts(length: number): string[] {
  if (length === 0) return [''];
  const symbols = ['\n', 'a', 'b', 'c', 'd'];
  return texts(length - 1).flatMap((text) => symbols.map((symbol) => text + symbol));
}

describe('beam search', () => {
  test.each(['', 'a', 'abcd\nab'])('of width 1 is greedy sampling after %j', async (prompt) => {
    const [{ text }] = await search(prompt, 1, { length: 60 });
    expect(text).toBe(
      await sampleText(model, device, { length: 60, greedy: true, prompt, seed: 1 }),
    );
  });

  test('wide enough it finds the most probable of all texts, in order', async () => {
    const all = texts(4)
      .map((text) => ({ text, logProbability: logProbability('ab', text) }))
      .sort((a, b) => b.logProbability - a.logProbability);
    const found = await search('ab', 5 ** 3);
    expect(found.slice(0, 10).map(({ text }) => text)).toEqual(
      all.slice(0, 10).map(({ text }) => text),
    );
    for (const [i, { logProbability }] of found.slice(0, 10).entries()) {
      expect(logProbability).toBeCloseTo(all[i].logProbability, 4);
    }
  });

  test('a wider one finds nothing less probable', async () => {
    const best: number[] = [];
    for (const width of [1, 4, 16, 64]) {
      best.push((await search('d', width, { length: 12 }))[0].mean);
    }
    expect([...best].sort((a, b) => a - b)).toEqual(best);
    expect(best[3]).toBeGreaterThan(best[0]);
  });

  test('ends at stop strings, and keeps to an expression', async () => {
    const stopped = await search('a', 8, { length: 30, stops: [{ ids: ids('c'), kept: false }] });
    expect(stopped.map(({ text }) => text).join('')).not.toContain('c');
    const kept = await search('a', 8, { length: 30, stops: [{ ids: ids('c'), kept: true }] });
    expect(kept.map(({ text }) => text.indexOf('c') === text.length - 1)).not.toContain(false);
    for (const { text } of await search('a', 8, { length: 9, match: 'a(bc|d)+a' })) {
      expect(text).toMatch(/^a(bc|d)+a$/);
    }
  });

  test('of length 0 is one empty text', async () => {
    expect((await search('a', 3, { length: 0 })).map(({ text }) => text)).toEqual(['']);
  });
});
