/** Jobs over workers: results in the order of the jobs, whoever is quicker, and no more than is read. */
import { describe, expect, test } from 'vitest';
import { type ChunkReply, mapOrdered, type OtherWorkers } from '#charnn/threads/map-ordered.js';
import { createEchoHandler, type EchoJob } from './echo-handler.mjs';

function map(
  jobs: AsyncIterable<EchoJob> | Iterable<EchoJob>,
  workers: number,
  jobsPerWorker = 2,
  others?: OtherWorkers<object, EchoJob, string>,
) {
  return mapOrdered(jobs, {
    workers,
    module: new URL('./echo-worker.mjs', import.meta.url),
    createHandler: createEchoHandler,
    data: {},
    jobsPerWorker,
    others,
  });
}

async function values(chunks: AsyncIterable<{ value: string }>): Promise<string[]> {
  const list: string[] = [];
  for await (const { value } of chunks) list.push(value);
  return list;
}

describe.each([1, 3])('%d workers', (workers) => {
  test('results come in the order of the jobs, also when later ones are done sooner', async () => {
    const jobs = Array.from({ length: 12 }, (_, i) => ({ name: `${i}`, ms: 5 * (11 - i) }));
    expect(await values(map(jobs, workers))).toEqual(jobs.map(({ name }) => `${name}.0`));
  });

  test('a job may answer in several chunks, of which the last is marked', async () => {
    const jobs = [
      { name: 'a', ms: 20, parts: 3 },
      { name: 'b', parts: 2 },
    ];
    const chunks: string[] = [];
    for await (const { index, value, done } of map(jobs, workers)) {
      chunks.push(`${index} ${value}${done ? '!' : ''}`);
    }
    expect(chunks).toEqual(['0 a.0', '0 a.1', '0 a.2!', '1 b.0', '1 b.1!']);
  });

  test('no jobs, no results', async () => {
    expect(await values(map([], workers))).toEqual([]);
  });

  test('a slow reader holds the jobs back, and one that leaves ends them', async () => {
    let pulled = 0;
    let closed = false;
    function* endless() {
      try {
        for (;;) yield { name: `${pulled++}` };
      } finally {
        closed = true;
      }
    }
    for await (const { index } of map(endless(), workers)) {
      await new Promise((resolve) => setTimeout(resolve, 10));
      expect(pulled - index).toBeLessThanOrEqual(4 * 2 * workers + 1);
      if (index === 9) break;
    }
    expect(closed).toBe(true);
  });

  test('what a worker throws, and what the jobs throw, is thrown to the reader', async () => {
    await expect(values(map([{ name: 'a' }, 'fail', { name: 'b' }], workers))).rejects.toThrow(
      'cannot do this',
    );
    async function* broken() {
      yield { name: 'a' };
      throw new Error('no more input');
    }
    await expect(values(map(broken(), workers))).rejects.toThrow('no more input');
  });
});

test('a worker that dies is thrown to the reader', async () => {
  await expect(values(map([{ name: 'a' }, 'exit'], 2))).rejects.toThrow(
    /^a worker thread ended before its work was done \(code 7\)/,
  );
});

test('workers elsewhere do a part of the jobs, in the same order', async () => {
  const jobs = Array.from({ length: 12 }, (_, i) => ({ name: `${i}`, ms: 5 * (i % 3) }));
  const done: number[] = [];
  let answer: (worker: number, chunks: ChunkReply<string>) => void = () => {};
  const handlers = [0, 1].map((worker) =>
    createEchoHandler(
      {},
      (chunks) => answer(worker, chunks as ChunkReply<string>),
      () => false,
    ),
  );
  const others: OtherWorkers<object, EchoJob, string> = {
    processes: 1,
    async start(_, { onReply }) {
      answer = onReply;
      return 2;
    },
    post(worker, message) {
      if ('index' in message) done.push(message.index);
      setImmediate(async () => (await handlers[worker])(message));
    },
  };
  expect(await values(map(jobs, 1, 2, others))).toEqual(jobs.map(({ name }) => `${name}.0`));
  expect(done.length).toBeGreaterThan(0);
  expect(done.length).toBeLessThan(jobs.length);
});
