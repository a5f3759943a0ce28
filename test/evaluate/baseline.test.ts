/** What models without a network make of a text. */
import { expect, test } from 'vitest';
import { baseline } from '#charnn/evaluate/baseline.js';
import { Random } from '#charnn/model/random.js';
import { Vocabulary } from '#charnn/text/vocabulary.js';

test('a text it has learned from costs little, noise costs what a uniform guess does', async () => {
  const text = 'the quick brown fox jumps over the lazy dog. '.repeat(200);
  const counts = new Map([...text].map((c) => [c.codePointAt(0) as number, 1]));
  const vocabulary = Vocabulary.fromCounts('char', counts, 1);
  const all = vocabulary.encode(text).ids;
  const result = await baseline(vocabulary, all.subarray(0, 450), all);
  expect(result.ngram).toBeLessThan(0.1);
  expect(result.gzip).toBeLessThan(2);
  const random = new Random(5);
  const noise = Uint8Array.from({ length: 20_000 }, () => Math.floor(random.uniform() * 26));
  const uniform = await baseline(vocabulary, noise, undefined);
  expect(uniform.ngram).toBeGreaterThan(Math.log2(26) - 0.01);
  expect(uniform.ngram).toBeLessThan(Math.log2(26) + 0.6);
});
