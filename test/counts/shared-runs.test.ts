/** Counting in shares: the same table as counting the whole text. */
import { expect, test } from 'vitest';
import { countRuns, countText } from '#charnn/counts/count-text.js';
import { NgramLayout } from '#charnn/counts/ngram-layout.js';
import { RunLister } from '#charnn/counts/ngram-runs.js';
import { CountingStopped, SharedRuns, serveRuns } from '#charnn/counts/shared-runs.js';
import { shareOf } from '#charnn/train/shares/text-shares.js';

const vocabulary = 20;
const held = 37;

/** A text in which some strings are frequent */
const text = (() => {
  const ids = new Uint8Array(5000);
  let seed = 7;
  for (let i = 0; i < ids.length; i++) {
    seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0;
    ids[i] = seed % 3 === 0 ? (seed >>> 8) % vocabulary : (ids[Math.max(0, i - 1)] * 7 + 3) % 19;
  }
  return ids;
})();

/** Counts a text in shares of several processes, all of which are in this one. */
function counted(processes: number, context: number, limit: number, isStopped = () => false) {
  const layout = new NgramLayout(vocabulary, context);
  const config = { batchSize: 7, threads: processes };
  const capacity = 300;
  const listers = Array.from({ length: processes }, (_, rank) => {
    const share = shareOf(rank, processes, config, { train: text.subarray(held) });
    const { from, to } = share.counted;
    const { start } = share.part;
    // the first process also has what is held out at the beginning
    const ids = rank === 0 ? text : text.subarray(held + start);
    const before = rank === 0 ? held : 0;
    return new RunLister(ids.subarray(0, before + to), vocabulary, layout, before + from, capacity);
  });
  /** What another process sends when it is asked for a range, after its number of positions in each cell */
  const answers = (rank: number, asked: Float64Array) => {
    const sent: Uint32Array[] = [];
    const orders = [asked, Float64Array.of(0, 0)];
    serveRuns(listers[rank], {
      ...{ rank, size: processes },
      spreadNumbers: (values) => values.set(orders.shift() ?? []),
      bringLists: (own) => {
        sent.push(own.slice());
        return [];
      },
    });
    return sent;
  };
  let asked = Float64Array.of(0, 0);
  const runs = new SharedRuns(
    listers[0],
    {
      ...{ rank: 0, size: processes },
      spreadNumbers: (values) => {
        asked = values.slice();
      },
      bringLists: (own) => [
        own,
        ...listers.slice(1).map((_, i) => answers(i + 1, asked)[asked[1] > 0 ? 1 : 0]),
      ],
    },
    isStopped,
    capacity,
  );
  const table = countRuns((listener) => runs.list(listener), vocabulary, layout, limit);
  runs.end();
  // with this, the other processes stop waiting for ranges
  expect([...asked]).toEqual([0, 0]);
  return table;
}

test.each([
  ['all n-grams', 2, 4, 1e6],
  ['long contexts', 3, 9, 1e6],
  ['short contexts', 2, 1, 1e6],
  ['n-grams of which the rarest are left out', 5, 5, 2000],
])('%s', (_, processes, context, limit) => {
  const whole = countText(text, vocabulary, { context, limit, first: held });
  expect(whole.cutoff > 0).toBe(limit < 1e6);
  expect(counted(processes, context, limit)).toEqual(whole);
});

test('counting ends when it is no longer wanted', () => {
  let asked = 0;
  expect(() => counted(2, 3, 1e6, () => ++asked > 2)).toThrow(CountingStopped);
});
