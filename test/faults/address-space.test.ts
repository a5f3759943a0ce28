/** Little address space, as batch systems set it with `ulimit -v`, and engines without WebAssembly. */
import { execFileSync, spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { temporaryFolder } from '../folder.js';

const binary = new URL('../../bin/charnn.js', import.meta.url).pathname;
const folder = temporaryFolder();
const [text, model] = [join(folder, 'text.txt'), join(folder, 'model.json')];
const small = ['--steps', '3', '--hidden', '8', '--threads', '1', '--quiet', '-f'];

beforeAll(() => {
  writeFileSync(text, 'a text that is read again and again\n'.repeat(60));
  execFileSync(process.execPath, [binary, 'train', text, ...small, '-o', model]);
});

/** @param kilobytes of `ulimit -v` */
function limited(kilobytes: number, ...args: string[]) {
  const command = `ulimit -v ${kilobytes}; exec "$0" "$@"`;
  return spawnSync('sh', ['-c', command, process.execPath, binary, ...args], { encoding: 'utf8' });
}

/** @returns the kilobytes of address space that Node.js itself takes */
function ofNode() {
  const script = `require('fs').readFileSync('/proc/self/status', 'latin1').match(/VmSize:\\s+(\\d+)/)[1]`;
  return Number(execFileSync(process.execPath, ['-p', script], { encoding: 'utf8' }));
}

const onLinux = process.platform === 'linux';

describe.runIf(onLinux)('8 GB of address space', () => {
  const limit = 8_000_000;
  test.each(['auto', 'reference'])('are enough for back end %s', (backend) => {
    const drawn = limited(limit, 'sample', '-m', model, '--length', '5', '--backend', backend);
    expect(drawn.stderr).toBe('');
    expect(drawn.status).toBe(0);
    expect(drawn.stdout).not.toBe('');
  });

  test('are enough for a training and an evaluation', () => {
    const trained = limited(limit, 'train', text, ...small, '-o', join(folder, 'other.json'));
    expect(trained.stderr).not.toContain('charnn:');
    expect(trained.status).toBe(0);
    expect(limited(limit, 'eval', '-m', model, text).status).toBe(0);
  });
});

test.runIf(onLinux)('WebAssembly says where there is too little for it', () => {
  // before Node.js 24, WebAssembly reserves 10 GB, since then as much as is used
  const reserves = Number.parseInt(process.versions.node, 10) < 24;
  const refused = limited(
    reserves ? 8_000_000 : ofNode() + 950_000,
    'sample',
    '-m',
    model,
    '--backend',
    'wasm',
  );
  expect(refused.stderr).toMatch(
    reserves
      ? /^charnn: back end wasm cannot run here: .*address space[^\n]*\n$/
      : /^charnn: (back end wasm cannot run here|out of memory): .*address space[^\n]*\n$/,
  );
  expect(refused.status).toBe(1);
});

test.runIf(onLinux)(
  'where there is address space for few threads, sampling goes on with those',
  () => {
    const sampling = ['sample', '-m', model, '-n', '500', '-l', '9', '--seed', '3'];
    const drawn = limited(4_000_000, ...sampling, '--threads', '16');
    expect(drawn.stderr).toMatch(
      /^continuing with (\d threads|one thread): not enough address space for 16 threads: [^\n]* ulimit -v allows [^\n]*\n$/,
    );
    expect(drawn.status).toBe(0);
    expect(drawn.stdout).toBe(
      execFileSync(process.execPath, [binary, ...sampling], { encoding: 'utf8' }),
    );
  },
);

test.runIf(onLinux)('a training, whose result depends on its threads, does not', () => {
  const trained = limited(
    4_000_000,
    'train',
    text,
    ...small.slice(0, 4),
    '--threads',
    '16',
    '--batch-size',
    '16',
    '-q',
    '-f',
    '-o',
    model,
  );
  expect(trained.stderr).toMatch(
    /^charnn: not enough address space for 16 threads: [^\n]* ulimit -v allows [^\n]*\n$/m,
  );
  expect(trained.status).toBe(1);
});

test.runIf(onLinux)('a search takes as many threads as there is room for, and says so', () => {
  const command = 'ulimit -v 8000000; exec "$0" "$@"';
  const search = ['search', text, '--hidden', '8', '--time', '1s', '--threads', '500'];
  const words = ['-c', command, process.execPath, binary, ...search, '-o', join(folder, 's.json')];
  const { status, stderr } = spawnSync('sh', words, {
    ...{ encoding: 'utf8', timeout: 10_000, killSignal: 'SIGINT' },
  });
  expect(stderr).toMatch(
    /^continuing with \d+ threads: not enough address space for 500 threads: /,
  );
  expect([0, 130, null]).toContain(status);
});

test.runIf(onLinux)('less than the program itself needs is said before anything else', () => {
  const kilobytes = ofNode() + 200_000;
  const refused = limited(kilobytes, '--version');
  expect(refused.stderr).toMatch(
    /^charnn: not enough address space: about \d+ MiB are needed, but ulimit -v allows \d+ MiB; raise that limit\n$/,
  );
  expect(refused.stderr).toContain(`allows ${Math.round(kilobytes / 1024)} MiB`);
  expect(refused.status).toBe(1);
});

test('without WebAssembly another back end computes', () => {
  const run = (...args: string[]) =>
    spawnSync(process.execPath, ['--jitless', binary, 'sample', '-m', model, ...args], {
      encoding: 'utf8',
    });
  const drawn = run('--length', '5');
  expect(drawn.status).toBe(0);
  expect(drawn.stdout).not.toBe('');
  const refused = run('--backend', 'wasm');
  expect(refused.stderr).toMatch(/charnn: back end wasm cannot run here: .*no WebAssembly/);
  expect(refused.status).toBe(1);
});
