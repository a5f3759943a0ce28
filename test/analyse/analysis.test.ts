/** What is seen when a model reads a text, on models whose weights are known. */
import { describe, expect, test } from 'vitest';
import { analyse, recordUnits } from '#charnn/analyse/analysis.js';
import { Saturation } from '#charnn/analyse/saturation.js';
import { evaluate } from '#charnn/evaluate/evaluate.js';
import type { CellName } from '#charnn/model/cells/cells.js';
import { loadNetwork } from '#charnn/model/load.js';
import { parameterTable } from '#charnn/model/parameters.js';
import { Random } from '#charnn/model/random.js';
import { availableDevices, referenceBackend, referenceScope } from '../backends.js';
import { buildModel } from '../small-model.js';

/** A model with random weights for a text, and a way to set single ones. */
function modelFor(text: string, cell: CellName, hidden: number, layers = 1) {
  const model = buildModel({ symbols: text, cell, layers, hidden, embedding: 0 });
  const { config, weights, vocabulary } = model;
  const table = parameterTable(config);
  const random = new Random(9);
  weights.set(weights.map(() => 0.4 * random.normal()));
  const set = (name: string, row: number, values: (column: number) => number) => {
    const parameter = table.parameters.find((p) => p.name === name);
    if (parameter === undefined) throw new Error(name);
    const width = parameter.shape[1] ?? 1;
    for (let k = 0; k < width; k++) weights[parameter.start + row * width + k] = values(k);
  };
  const id = (symbol: string) => vocabulary.id(symbol.codePointAt(0) ?? 0);
  return { model, set, id, ids: vocabulary.encode(text).ids };
}

const reference = () => referenceScope();

/** Lines with and without quotations, of random words */
function quotations(length: number): string {
  const random = new Random(4);
  const word = () =>
    Array.from({ length: 1 + Math.floor(6 * random.uniform()) }, () =>
      String.fromCharCode(97 + Math.floor(26 * random.uniform())),
    ).join('');
  let text = '';
  while (text.length < length) {
    const words = Array.from({ length: 1 + Math.floor(8 * random.uniform()) }, word).join(' ');
    text +=
      random.uniform() < 0.4 ? `“${words}” ` : `${words}${random.uniform() < 0.2 ? '.\n' : ' '}`;
  }
  return text;
}

test.each(availableDevices)(
  'a unit planted to follow quotation marks is found first: %s',
  async (_, make) => {
    const [H, planted] = [12, 7];
    const { model, set, id, ids } = modelFor(quotations(12_000), 'lstm', H, 2);
    const quotes = [id('“'), id('”')];
    const rows = { input: planted, forget: H + planted, cell: 2 * H + planted };
    // the input gate opens and the forget gate shuts at quotation marks alone
    const planting = { input: [-8, 16], forget: [8, -16], cell: [0, 0] } as const;
    for (const [gate, [elsewhere, atQuotes]] of Object.entries(planting)) {
      const row = rows[gate as keyof typeof rows];
      set('rnn.weight_ih_l0', row, (symbol) => (quotes.includes(symbol) ? atQuotes : 0));
      set('rnn.weight_hh_l0', row, () => 0);
      set('rnn.bias_ih_l0', row, () => elsewhere);
      set('rnn.bias_hh_l0', row, () => 0);
    }
    // written is 1 at the opening mark, 0 at the closing one
    set('rnn.weight_ih_l0', rows.cell, (symbol) => (symbol === id('“') ? 8 : 0));

    const { findings, searched } = await analyse(model, make(), ids, 3);
    expect(searched).toBe(ids.length);
    expect(findings[0].feature).toBe('inside quotation marks');
    expect(findings[0].units[0]).toMatchObject({ layer: 0, unit: planted });
    expect(findings[0].units[0].heldOut).toBeGreaterThan(0.99);
    expect(Math.abs(findings[0].units[1].heldOut)).toBeLessThan(0.9);
  },
);

test('features that the text does not have are not named', async () => {
  const { model, ids } = modelFor('abab abab '.repeat(50), 'gru', 4);
  const { findings } = await analyse(model, reference(), ids, 3);
  const names = findings.map(({ feature }) => feature);
  expect(names).toContain('inside a word');
  expect(names).not.toContain('digits');
  expect(names).not.toContain('inside quotation marks');
});

describe('predictions', async () => {
  const { model, ids } = modelFor(quotations(300), 'gru', 6);
  const { predictions } = await analyse(model, reference(), ids, 4);

  test('the surprise of all characters is the loss of the text', async () => {
    const bits = predictions.surprise.reduce((sum, x) => sum + x, 0) / (ids.length - 1);
    expect(predictions.surprise[0]).toBe(0);
    const { bitsPerCharacter } = await evaluate(model, reference(), ids);
    expect(bits).toBeCloseTo(bitsPerCharacter, 5);
  });

  test('the guesses are the likeliest characters, with their probabilities', () => {
    const backend = referenceBackend();
    const network = loadNetwork(model, backend, { maxRows: ids.length, maxBatch: 1 });
    const list = backend.indices(ids.length);
    backend.writeIndices(list, ids);
    const logits = backend.read(network.forward(list, ids.length, 1, network.createState(1)));
    const V = model.config.vocabulary;
    for (const at of [1, 2, 77, ids.length - 1]) {
      const scores = Array.from(logits.subarray((at - 1) * V, at * V));
      const sum = scores.reduce((total, x) => total + Math.exp(x), 0);
      const ranked = scores.map((x, v) => ({ v, p: Math.exp(x) / sum })).sort((a, b) => b.p - a.p);
      for (let k = 0; k < 4; k++) {
        expect(predictions.guesses[at * 4 + k]).toBe(ranked[k].v);
        expect(predictions.probabilities[at * 4 + k]).toBeCloseTo(ranked[k].p, 5);
      }
    }
  });

  test('of a vocabulary smaller than the number of guesses all are guessed', async () => {
    const { model: tiny, ids: letters } = modelFor('abba', 'rnn', 2);
    const { predictions } = await analyse(tiny, reference(), letters, 5);
    const { K, guesses } = predictions;
    expect(K).toBe(3);
    expect([...guesses.subarray(3, 6)].sort()).toEqual([0, 1, 2]);
  });
});

test('a text read in segments side by side gives what one long run gives', async () => {
  const text = quotations(20_000);
  const { model, ids } = modelFor(text, 'lstm', 5, 2);
  const unit = { layer: 1, unit: 3 };
  const [values] = await recordUnits(model, reference(), ids, [unit]);
  const short = ids.subarray(0, 3000);
  const [alone] = await recordUnits(model, reference(), short, [unit]);
  expect(values.subarray(0, 3000)).toEqual(alone);
  expect(new Set(values.subarray(15_000)).size).toBeGreaterThan(5);
});

test('gates that are held shut or open are counted so', async () => {
  const { model, set, ids } = modelFor('abcabc', 'lstm', 2);
  for (const gate of [0, 1, 2, 3]) {
    for (const unit of [0, 1]) {
      const row = gate * 2 + unit;
      for (const name of ['rnn.weight_ih_l0', 'rnn.weight_hh_l0']) set(name, row, () => 0);
      set('rnn.bias_hh_l0', row, () => 0);
      // input gates shut, forget gates open, output gates in between
      set('rnn.bias_ih_l0', row, () => [-3, 3, 0, 0.5][gate]);
    }
  }
  const { saturation } = await analyse(model, reference(), ids, 1);
  const found = saturation.map(({ gate, left, right }) => [gate, left[1], right[1]]);
  expect(found).toEqual([
    ['input', 1, 0],
    ['forget', 0, 1],
    ['output', 0, 0],
  ]);
  expect(new Saturation({ ...model.config, cell: 'rnn' }).result()).toEqual([]);
});
