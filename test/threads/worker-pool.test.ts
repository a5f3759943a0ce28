/** The worker pool: every way in which a worker ends is told once, in words, and nothing is left running. */
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { CharnnError } from '#charnn/errors.js';
import type { ChunkReply, JobMessage } from '#charnn/threads/map-ordered.js';
import { WorkerPool } from '#charnn/threads/worker-pool.js';
import { createEchoHandler, type EchoData, type EchoJob } from './echo-handler.mjs';

type Message = JobMessage<EchoJob>;
type Reply = ChunkReply<string>;

/** Starts a pool; `next` is the next reply or the failure. */
async function start(workers: number, more: { here?: boolean; data?: EchoData } = {}) {
  const replies: { worker: number; value: string }[] = [];
  const failures: Error[] = [];
  let wake = () => {};
  const pool = await WorkerPool.start<EchoData, Message, Reply>({
    workers,
    module: new URL('./echo-worker.mjs', import.meta.url),
    ...(more.here && { createHandler: createEchoHandler }),
    data: () => more.data ?? {},
    onReply(worker, [{ value }]) {
      replies.push({ worker, value });
      wake();
    },
    onFailure(error) {
      failures.push(error);
      wake();
    },
  });
  const until = async (isDone: () => boolean) => {
    while (!isDone()) {
      await new Promise<void>((resolve) => {
        wake = resolve;
      });
    }
  };
  return { pool, replies, failures, until };
}

describe.each([
  ['threads', 2, false],
  ['a single thread', 1, false],
  ['the calling thread', 1, true],
] as const)('in %s', (_, workers, here) => {
  test('each worker answers its own messages', async () => {
    const { pool, replies, until } = await start(workers, { here });
    try {
      await pool.ready();
      expect(pool.size).toBe(workers);
      for (let w = 0; w < workers; w++) pool.post(w, { index: 0, job: { name: `job ${w}` } });
      await until(() => replies.length === workers);
      replies.sort((a, b) => a.worker - b.worker);
      expect(replies.map(({ value }) => value)).toEqual(
        Array.from({ length: workers }, (_, w) => `job ${w}.0`),
      );
    } finally {
      await pool.close();
    }
  });

  test('an error that a person can act on stays one, a defect keeps its stack', async () => {
    for (const [job, message, isKnown] of [
      ['fail', 'cannot do this', true],
      ['defect', 'a defect', false],
    ] as const) {
      const { pool, failures, until } = await start(workers, { here });
      pool.post(0, { index: 0, job });
      await until(() => failures.length > 0);
      await pool.close();
      expect(failures).toHaveLength(1);
      expect(failures[0].message).toBe(message);
      expect(failures[0] instanceof CharnnError).toBe(isKnown);
      expect(failures[0].stack).toContain('echo-handler');
    }
  });

  test('no reply comes after the pool has been closed', async () => {
    const { pool, replies, failures } = await start(workers, { here });
    pool.post(0, { index: 0, job: { name: 'late', ms: 50 } });
    await pool.close();
    await new Promise((resolve) => setTimeout(resolve, 200));
    expect([replies, failures]).toEqual([[], []]);
    await pool.close();
  });
});

test('a worker that exits is an error for whoever waits, and its consequences are none', async () => {
  const { pool, failures, until } = await start(2);
  pool.post(0, { index: 0, job: 'exit' });
  pool.post(1, { index: 0, job: 'exit' });
  await until(() => failures.length > 0);
  await pool.close();
  expect(failures).toHaveLength(1);
  expect(failures[0]).toBeInstanceOf(CharnnError);
  expect(failures[0].message).toBe('a worker thread ended before its work was done (code 7)');
});

test('a worker that cannot be set up is told by ready(), before and after', async () => {
  const { pool, failures, until } = await start(2, { data: { failAtStart: true } });
  await expect(pool.ready()).rejects.toThrow('cannot be set up');
  await until(() => failures.length > 0);
  await expect(pool.ready()).rejects.toThrow('cannot be set up');
  expect(failures).toHaveLength(1);
  await pool.close();
});

test('more threads than the memory is enough for are refused before any is started', async () => {
  const refused = start(1e9);
  await expect(refused).rejects.toThrow(CharnnError);
  await expect(refused).rejects.toThrow(/^not enough memory for 1000000000 threads/);
});

test('a worker that runs out of memory is an error in words, and the process goes on', () => {
  const script = `
    import { WorkerPool } from '#charnn/threads/worker-pool.js';
    const pool = await WorkerPool.start({
      workers: 2,
      module: new URL('./echo-worker.mjs', ${JSON.stringify(import.meta.url)}),
      data: () => ({}),
      onReply() {},
      async onFailure(error) {
        await pool.close();
        console.log(error.name, error.message);
      },
    });
    pool.post(0, { index: 0, job: 'forget' });
  `;
  const options = ['--max-old-space-size=40', '--input-type=module', '-e', script];
  const cwd = fileURLToPath(new URL('../..', import.meta.url));
  const { status, stdout } = spawnSync(process.execPath, options, { cwd, encoding: 'utf8' });
  expect(stdout).toBe('CharnnError a worker thread ran out of memory; use fewer threads\n');
  expect(status).toBe(0);
});

test('a pool of the calling thread is closed when its handler has ended, which is told', async () => {
  const steps: string[] = [];
  const pool = await WorkerPool.start<undefined, string, string>({
    workers: 1,
    module: new URL('file:///never-loaded.js'),
    data: () => undefined,
    createHandler: (_, __, isEnding) => async (message) => {
      steps.push(`begins ${message}`);
      while (!isEnding()) await new Promise((resolve) => setImmediate(resolve));
      steps.push('ends');
    },
    onReply: () => {},
    onFailure: (error) => steps.push(String(error)),
  });
  pool.post(0, 'a message');
  await new Promise((resolve) => setTimeout(resolve, 20));
  await pool.close();
  steps.push('closed');
  expect(steps).toEqual(['begins a message', 'ends', 'closed']);
});
