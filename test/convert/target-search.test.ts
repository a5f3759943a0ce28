/** The search for targets: against an exhaustive one, and its scores against the losses of the same network. */
import { describe, expect, test } from 'vitest';
import { BeamSearch } from '#charnn/convert/beam-search.js';
import { Converter } from '#charnn/convert/converter.js';
import { GreedySearch } from '#charnn/convert/greedy-search.js';
import {
  bitsPerSymbol,
  type SearchSettings,
  type TargetSearch,
} from '#charnn/convert/target-search.js';
import type { ModelConfig } from '#charnn/model/model-config.js';
import { PairBatches } from '#charnn/model/pairs/pair-batches.js';
import { PairFeed } from '#charnn/model/pairs/pair-feed.js';
import { PairNetwork } from '#charnn/model/pairs/pair-network.js';
import { findPairs } from '#charnn/model/pairs/pair-table.js';
import { ParameterTensors, parameterTable } from '#charnn/model/parameters.js';
import { Random } from '#charnn/model/random.js';
import { Vocabulary } from '#charnn/text/vocabulary.js';
import { referenceBackend } from '../backends.js';

/** Newline, tab, three letters, and the unknown symbol */
const special = { newline: 0, tab: 1, vocabulary: 6 };
const V = special.vocabulary;
const letters = [2, 3, 4];

/** Logits after a beginning: pseudorandom numbers of it */
function logitsAfter(ids: readonly number[], seed: number): number[] {
  const hash = ids.reduce((sum, id) => Math.imul(sum, 31) + id, seed);
  const random = new Random(seed, hash);
  return Array.from({ length: V }, () => 2 * random.normal());
}

function logSoftmax(logits: readonly number[]): number[] {
  const sum = Math.log(logits.reduce((a, x) => a + Math.exp(x), 0));
  return logits.map((x) => x - sum);
}

/** Lets a search write with these logits, as a decoder would. */
function run(search: TargetSearch, seed: number, max: number) {
  let rows: number[][] = [[]];
  for (let t = 0; t < max && !search.isDone; t++) {
    const values = Float64Array.from(rows.flatMap((ids) => logitsAfter(ids, seed)));
    search.extend({ values, first: 0, stride: V });
    rows = Array.from(search.last, (id, k) => [...rows[search.parents[k]], id]);
  }
  return search.targets();
}

/** All targets up to a length, with their log-probabilities */
function everything(seed: number, max: number, before: readonly number[] = [], sum = 0) {
  const found: { ids: readonly number[]; logProbability: number }[] = [];
  const next = logSoftmax(logitsAfter(before, seed));
  found.push({ ids: before, logProbability: sum + next[special.newline] });
  if (before.length === max) return found;
  for (const id of letters) found.push(...everything(seed, max, [...before, id], sum + next[id]));
  return found;
}

const wide: SearchSettings = { beam: 64, nBest: 5, lengthPenalty: 0, scores: true };

describe.each([1, 2, 3, 4, 5, 6, 7, 8])('with logits %i', (seed) => {
  test('a beam of 1 writes what greedy search writes, with the same log-probability', () => {
    const [greedy] = run(new GreedySearch(special, true), seed, 30);
    const [beam] = run(new BeamSearch(special, { ...wide, beam: 1, nBest: 1 }), seed, 30);
    expect(beam.ids).toEqual(greedy.ids);
    expect(beam.end).toBe(greedy.end);
    expect(beam.logProbability).toBeCloseTo(greedy.logProbability, 10);
  });

  test.each([0, 1])('a wide beam finds the best of all, length penalty %s', (lengthPenalty) => {
    const max = 5;
    const found = run(new BeamSearch(special, { ...wide, lengthPenalty }), seed, max + 1);
    const score = ({ ids, logProbability }: { ids: readonly number[]; logProbability: number }) =>
      logProbability / (ids.length + 1) ** lengthPenalty;
    const all = everything(seed, max).sort((a, b) => score(b) - score(a));
    // sums can only fall, so that the search may end early; means may rise again after it
    const count = lengthPenalty === 0 ? wide.nBest : 1;
    for (let i = 0; i < count; i++) {
      if (lengthPenalty === 0) expect(found[i].ids).toEqual(all[i].ids);
      expect(score(found[i])).toBeLessThanOrEqual(score(all[i]) + 1e-12);
      const same = all.find(({ ids }) => ids.join() === found[i].ids.join());
      expect(found[i].logProbability).toBeCloseTo(same?.logProbability ?? Number.NaN, 10);
    }
    const scores = found.map(score);
    expect(scores).toEqual(scores.toSorted((a, b) => b - a));
  });
});

const text = 'abc\txy\nbca\tyx\ncabb\txyyx\na\tx\n';
const vocabulary = Vocabulary.of(
  'char',
  Array.from(text, (c) => c.codePointAt(0) as number),
);
const marks = { tab: vocabulary.id(9), newline: vocabulary.id(10) };
const config: ModelConfig = {
  ...{ cell: 'lstm', layers: 1, hidden: 6, embedding: 4, vocabulary: vocabulary.size, pairs: true },
};
const encoded = (line: string) => vocabulary.encode(line).ids;

function randomWeights(backend: ReturnType<typeof referenceBackend>) {
  const table = parameterTable(config);
  const random = new Random(11);
  const flat = backend.tensor([table.flatSize]);
  backend.write(
    flat,
    Array.from({ length: table.flatSize }, () => random.normal()),
  );
  return { table, flat };
}

const settings: SearchSettings = { beam: 4, nBest: 4, lengthPenalty: 1, scores: true };
const words = ['abc', 'cab', 'bbb', 'aaa', 'ab', 'c', 'bacb', 'ccc', 'bca', 'b'];

test.each([1, 4])('a source has the same targets alone as among others: beam %i', async (beam) => {
  const backend = referenceBackend('float64');
  const { flat } = randomWeights(backend);
  const own = { ...settings, beam, nBest: beam };
  const converter = new Converter(backend, config, flat, marks, own);
  const together = await converter.convert(words.map((word) => ({ ids: encoded(word) })));
  for (const [i, word] of words.entries()) {
    const [alone] = await converter.convert([{ ids: encoded(word) }]);
    expect(alone.map(({ ids }) => ids)).toEqual(together[i].map(({ ids }) => ids));
    expect(new Set(alone.map(({ ids }) => ids.join())).size).toBe(alone.length);
  }
});

test('the log-probability of a target is minus the loss that the network has on it', async () => {
  const backend = referenceBackend('float64');
  const { table, flat } = randomWeights(backend);
  const converter = new Converter(backend, config, flat, marks, settings);
  for (const word of words) {
    const [targets] = await converter.convert([{ ids: encoded(word) }]);
    for (const target of targets.filter(({ end }) => end === 'end')) {
      const { ids } = vocabulary.encode(`${word}\t${vocabulary.decode(target.ids)}\n`);
      // an empty target is no pair
      if (target.ids.length === 0) continue;
      const batches = new PairBatches(ids, findPairs(ids, marks).pairs, marks, 1, undefined);
      const sizes = batches.sizes((rows) => rows);
      const weights = new ParameterTensors(backend, table, flat);
      const network = new PairNetwork(backend, config, weights, undefined, sizes);
      const batch = batches.read(0, (size) => ({ first: 0, size }));
      const fed = new PairFeed(backend, sizes).rows(batch);
      network.encode(fed.sources);
      network.decode(fed.inputs, batch.T, fed.places);
      const nats = backend.sum(network.loss(fed.targets, 0));
      expect(target.logProbability).toBeCloseTo(-nats, 5);
      expect(bitsPerSymbol(target)).toBeCloseTo(nats / Math.LN2 / (target.ids.length + 1), 5);
    }
  }
});
