/**
 * Where the system allows only few threads: by a limit of processes, and by a preloaded library that lets
 * the creation of a thread fail. And what the library does in a worker thread of somebody else's: nothing.
 */
import { spawn, spawnSync } from 'node:child_process';
import { chmodSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { binary, Folder, finished, type Outcome, small, verses } from '../commands/run.js';

const few = `
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
typedef int create_t(pthread_t *, const pthread_attr_t *, void *(*)(void *), void *);
static atomic_int started;
int pthread_create(pthread_t *t, const pthread_attr_t *a, void *(*f)(void *), void *x) {
  const char *limit = getenv("THREAD_LIMIT");
  size_t stack = 0;
  if (a) pthread_attr_getstacksize(a, &stack);
  // the stacks of worker threads have 4 MiB, those of Node's other threads more
  if (limit && stack == 4 << 20 && atomic_fetch_add(&started, 1) >= atoi(limit)) return EAGAIN;
  return ((create_t *)dlsym(RTLD_NEXT, "pthread_create"))(t, a, f, x);
}
`;

const folder = new Folder();
folder.write('few.c', few);
const build = ['-shared', '-fPIC', '-o', 'few.so', 'few.c', '-ldl'];
const canPreload =
  process.platform === 'linux' && spawnSync('cc', build, { cwd: folder.path }).status === 0;

beforeAll(async () => {
  const { status } = await folder.train(verses(4000));
  expect(status).toBe(0);
  folder.write('lines.txt', verses(2000));
  folder.write('long.txt', verses(9000));
});

/** Runs the binary where so many worker threads can be started. */
function withThreads(count: number, args: readonly string[]): Promise<Outcome> {
  const env = {
    ...process.env,
    ...{ NO_COLOR: '1', FORCE_COLOR: undefined, LD_PRELOAD: './few.so' },
    THREAD_LIMIT: String(count),
  };
  const options = { cwd: folder.path, env, timeout: 50_000, killSignal: 'SIGKILL' } as const;
  return finished(spawn(process.execPath, [binary, ...args], options));
}

const noMore = 'the system allows this user or container no more threads; use fewer, or raise';
const retrain = [...small, '--batch-size', '6', '--threads', '6', '-o', 'again.json', '--force'];

describe.skipIf(!canPreload)('the creation of a thread fails', () => {
  const sampling = ['sample', '-n', '60', '-l', '9', '--seed', '4', '--threads', '6'];
  test.each([
    [0, 'one thread'],
    [1, 'one thread'],
    [3, '3 threads'],
  ])(
    'with %d threads: sample and score go on with %s and write the same',
    async (beyond, number) => {
      for (const args of [sampling, ['score', 'lines.txt', '--threads', '6']]) {
        const whole = await folder.run(args);
        const fewer = await withThreads(beyond, args);
        expect(fewer.status).toBe(0);
        expect(fewer.stdout).toBe(whole.stdout);
        expect(fewer.stdout.length).toBeGreaterThan(100);
        expect(fewer.stderr).toContain(`continuing with ${number}: ${noMore}`);
      }
    },
  );

  test('convert goes on and writes the same', async () => {
    const words = Array.from({ length: 300 }, (_, i) => `${i}\t${i % 9}\n`).join('');
    folder.write('pairs.tsv', words);
    const shape = small.filter((word, i, all) => ![word, all[i - 1]].includes('--seq-length'));
    const made = await folder.run(['train', 'pairs.tsv', '--pairs', ...shape, '-o', 'pairs.json']);
    expect(made.status).toBe(0);
    const args = ['convert', '-m', 'pairs.json', 'pairs.tsv', '--threads', '6'];
    const whole = await folder.run(args);
    for (const [beyond, number] of [
      [0, 'one thread'],
      [3, '3 threads'],
    ] as const) {
      const fewer = await withThreads(beyond, args);
      expect([fewer.status, fewer.stdout]).toEqual([0, whole.stdout]);
      expect(fewer.stderr).toContain(`continuing with ${number}: ${noMore}`);
    }
  });

  test('which goes on, too', async () => {
    const args = ['which', 'charnn.json', 'charnn.json', '--text', 'lines.txt', '--threads', '4'];
    const { status, stderr } = await withThreads(2, args);
    expect(stderr).toContain('continuing with 2 threads');
    expect(status).toBe(0);
  });

  test.each([
    ['train', ['train', 'text.txt', ...retrain], 6],
    ['resumed', ['train', '--resume', '--steps', '8', '--threads', '2'], 2],
    [
      'bench',
      ['bench', '--hidden', '8', '--batch-size', '6', '--iterations', '2', '--threads', '6'],
      6,
    ],
    ['compress', ['compress', 'long.txt', '--threads', '4'], 4],
    ['cells check', ['cells', 'check', 'mgu', '--hidden', '8', '--threads', '6'], 6],
  ])('%s ends with a sentence, as its result depends on the threads', async (_, args, threads) => {
    for (const beyond of [0, 1]) {
      const { status, signal, stderr, stdout } = await withThreads(beyond, args);
      expect({ status, signal }).toEqual({ status: 1, signal: null });
      const sentence = `charnn: cannot start ${threads} threads, only ${beyond}: ${noMore}`;
      expect(stderr).toContain(sentence);
      expect(stderr).not.toMatch(/internal error|^ +at /m);
      expect(stdout).toBe('');
    }
  });
});

describe('a limit of processes', () => {
  const isRoot = process.getuid?.() === 0;
  const tools = ['setpriv', 'prlimit'].every((tool) => spawnSync(tool, ['--version']).status === 0);
  /** As a user of no other processes, which also must be able to read the binary. */
  const asUser = (args: readonly string[]) => [
    ...['--reuid=64123', '--regid=64123', '--clear-groups'],
    ...args,
  ];
  const canLimit =
    process.platform === 'linux' &&
    isRoot &&
    tools &&
    spawnSync('setpriv', asUser([process.execPath, binary, '--version'])).status === 0;

  const limited = (limit: number, args: readonly string[]) => {
    const line = ['prlimit', `--nproc=${limit}`, process.execPath, binary, ...args];
    return finished(
      spawn('setpriv', asUser(line), { cwd: folder.path, timeout: 50_000, killSignal: 'SIGKILL' }),
    );
  };

  // below it Node.js itself says that it lacks threads, or hangs
  const least = 7;
  test.skipIf(!canLimit).each([least, least + 1, least + 2, 14, 18])(
    'of %d: it works, or says in a sentence what it needs, and ends',
    async (limit) => {
      chmodSync(folder.path, 0o777);
      for (const name of ['charnn.json', 'text.txt', 'lines.txt']) {
        chmodSync(join(folder.path, name), 0o644);
      }
      for (const args of [
        ['sample', '-n', '60', '-l', '9', '--seed', '4', '--threads', '8'],
        ['score', 'lines.txt', '--threads', '8'],
        [
          'train',
          'text.txt',
          ...small,
          '--batch-size',
          '8',
          '--threads',
          '8',
          '-o',
          `m${limit}.json`,
        ],
      ]) {
        const { status, signal, stderr } = await limited(limit, args);
        expect(signal).toBe(null);
        expect(status === 0 || status === 1, stderr).toBe(true);
        if (status === 1) expect(stderr).toContain('the system allows this user or container');
        expect(stderr).not.toMatch(/internal error|^ +at |Aborted/m);
      }
    },
  );
});

describe('the library in a worker thread of somebody else', () => {
  test('has no effect: the thread answers only what its owner wants, and ends by itself', () => {
    const index = new URL('../../dist/index.js', import.meta.url).href;
    const entry = `
      import { parentPort, workerData } from 'node:worker_threads';
      const charnn = await import(${JSON.stringify(index)});
      parentPort.once('message', (message) => parentPort.postMessage([message, typeof charnn.train]));
    `;
    folder.write('entry.mjs', entry);
    folder.write(
      'owner.mjs',
      `
      import { Worker } from 'node:worker_threads';
      const worker = new Worker(new URL('./entry.mjs', import.meta.url), { workerData: { some: 'data' } });
      const seen = [];
      worker.on('message', (message) => seen.push(message));
      worker.on('error', (error) => seen.push(String(error)));
      worker.on('exit', (code) => console.log(JSON.stringify({ seen, code })));
      worker.postMessage('hello');
      `,
    );
    const { stdout, status } = spawnSync(process.execPath, ['owner.mjs'], {
      ...{ cwd: folder.path, encoding: 'utf8', timeout: 50_000 },
    });
    expect(status).toBe(0);
    expect(JSON.parse(stdout)).toEqual({ seen: [['hello', 'function']], code: 0 });
  });
});
