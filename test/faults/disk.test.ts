/**
 * Saves that fail while training runs: a full disk (a limit on a file's size does the same to a write),
 * a folder that is gone or read-only, threads that fail, outputs that are closed.
 */
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { accessSync, chmodSync, chownSync, constants, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { readModel } from '#charnn/checkpoint/model-file.js';
import { readState } from '#charnn/checkpoint/state-file.js';
import { binary, Folder, finished, verses } from '../commands/run.js';
import { appearance, complaints, until } from './running.js';

/** Steps enough to be disturbed in between, saves enough to fail. */
const options = [
  ...['train', 'text.txt', '--hidden', '16', '--layers', '1', '--batch-size', '2'],
  ...['--seq-length', '16', '--steps', '4000', '--eval-every', '50', '--early-stop', '0'],
  ...['--no-samples', '--threads', '1'],
];

function withText(): Folder {
  const folder = new Folder();
  folder.write('text.txt', verses(2000));
  return folder;
}

const calm = (async () => {
  const folder = withText();
  expect((await folder.run(options)).status).toBe(0);
  return folder.read('charnn.json');
})();

async function filesAreWhole(path: string): Promise<void> {
  await readModel(join(path, 'charnn.json'));
  await readState(join(path, 'charnn.state.json'));
}

const hasPrlimit = spawnSync('prlimit', ['--version']).status === 0;
const isRoot = process.getuid?.() === 0;
const nobody = 65534;

/** Whether another user may run the binary at all. */
function othersMayRun(): boolean {
  try {
    accessSync(binary, constants.R_OK);
    const { status } = spawnSync(process.execPath, [binary, '--version'], {
      ...(isRoot && { uid: nobody, gid: nobody }),
    });
    return status === 0;
  } catch {
    return false;
  }
}

describe('training goes on, the last good files stay, and it is saved when that is possible again', () => {
  test.runIf(hasPrlimit)('a disk that is full for a while', async () => {
    const folder = withText();
    const child = folder.start(options);
    const said = complaints(child);
    const outcome = finished(child);
    await appearance(folder, 'charnn.state.json');
    const limit = (size: string) =>
      execFileSync('prlimit', ['--pid', `${child.pid}`, `--fsize=${size}:`]);
    limit('2000');
    await until(() => said().includes('warning: cannot write'));
    await filesAreWhole(folder.path);
    limit('unlimited');
    const { status, stderr } = await outcome;
    expect(status).toBe(0);
    expect(stderr).toMatch(
      /cannot write charnn(\.state)?\.json: .*will try to save again at the next/,
    );
    expect(folder.read('charnn.json').equals(await calm)).toBe(true);
    await filesAreWhole(folder.path);
  });

  test('a disk that stays full: exit code 1 at the end, with the reason', async () => {
    const folder = withText();
    const limited = await folder.shell(`ulimit -f 1; charnn ${options.join(' ')} --quiet`);
    expect(limited.status).toBe(1);
    expect(limited.stderr.trim().split('\n').at(-1)).toMatch(
      /^charnn: cannot write charnn\.json: /,
    );
    expect((await folder.shell('ls -A')).stdout).toBe('text.txt\n');
  });

  test('a folder that is away for a while', async () => {
    const folder = withText();
    const child = folder.start(options);
    const said = complaints(child);
    const outcome = finished(child);
    await appearance(folder, 'charnn.state.json');
    // a name that was given relative to the folder still leads there; its own path does not
    renameSync(folder.path, `${folder.path} away`);
    writeFileSync(folder.path, '');
    await new Promise((resolve) => setTimeout(resolve, 300));
    execFileSync('rm', [folder.path]);
    renameSync(`${folder.path} away`, folder.path);
    const { status } = await outcome;
    expect(status, said()).toBe(0);
    expect(folder.read('charnn.json').equals(await calm)).toBe(true);
  });

  test.runIf(othersMayRun())('a folder that is read-only for a while', async () => {
    const folder = withText();
    // root may write everywhere
    if (isRoot) chownSync(folder.path, nobody, nobody);
    const child = spawn(process.execPath, [binary, ...options], {
      cwd: folder.path,
      stdio: ['ignore', 'pipe', 'pipe'],
      ...(isRoot && { uid: nobody, gid: nobody }),
    });
    const said = complaints(child);
    const outcome = finished(child);
    await appearance(folder, 'charnn.state.json');
    chmodSync(folder.path, 0o555);
    await until(() => said().includes('permission denied'));
    await filesAreWhole(folder.path);
    chmodSync(folder.path, 0o755);
    expect((await outcome).status, said()).toBe(0);
    expect(folder.read('charnn.json').equals(await calm)).toBe(true);
  });
});

test('a folder without room is found out before training', async () => {
  const folder = withText();
  const huge = ['--hidden', '16000', '--layers', '64'];
  const { status, stderr } = await folder.run(['train', 'text.txt', ...huge, '--steps', '1']);
  expect(status).toBe(1);
  expect(stderr).toMatch(/charnn: the folder \. has no room [^\n]* MB are free[^\n]*\n$/);
});

describe('a thread that fails from inside', () => {
  /** Loaded into every thread of the process: in training threads the given statement comes to pass. */
  const failing = (folder: Folder, statement: string) => {
    folder.write(
      'fail.mjs',
      `import { isMainThread } from 'node:worker_threads';
      const sqrt = Math.sqrt;
      let calls = 0;
      if (!isMainThread) Math.sqrt = (x) => { if (++calls === 3000) { ${statement} } return sqrt(x); };`,
    );
    const child = spawn(process.execPath, [binary, ...options.slice(0, -1), '2'], {
      cwd: folder.path,
      stdio: ['ignore', 'pipe', 'pipe'],
      env: {
        ...process.env,
        NODE_OPTIONS: `--import=${new URL(`file:${join(folder.path, 'fail.mjs')}`).href}`,
      },
    });
    return finished(child);
  };

  test.each([
    ['throws', 'throw new Error("a fault on purpose")', /a fault on purpose/],
    ['ends', 'process.exit(7)', /a worker thread ended before its work was done \(code 7\)/],
  ])('%s: its error, exit code 1, and the model so far', async (_, statement, message) => {
    const folder = withText();
    const { status, stderr } = await failing(folder, statement);
    expect(status).toBe(1);
    expect(stderr.trim().split('\n').at(-1)).toMatch(message);
    await filesAreWhole(folder.path);
    expect((await folder.run(['sample', '-l', '5', '--seed', '1'])).status).toBe(0);
  });
});

describe('outputs that are closed', () => {
  test('standard output: training goes on and says so once', async () => {
    const folder = withText();
    const { stderr } = await folder.shell(`charnn ${options.join(' ')} --json | head -n 1`);
    expect(
      stderr.match(/events can no longer be written to standard output: it is closed/g),
    ).toHaveLength(1);
    expect(folder.read('charnn.json').equals(await calm)).toBe(true);
    const full = await folder.shell(`charnn ${options.join(' ')} --json --force > /dev/full`);
    expect(full.status).toBe(0);
    expect(
      full.stderr.match(/can no longer be written to standard output: no space is left/g),
    ).toHaveLength(1);
    expect(folder.read('charnn.json').equals(await calm)).toBe(true);
  });

  test('standard error, or all of them', async () => {
    const folder = withText();
    const { status } = await folder.shell(`charnn ${options.join(' ')} 2>&-`);
    expect(status).toBe(0);
    const all = await folder.shell(`charnn ${options.join(' ')} --force <&- >&- 2>&-`);
    expect(all.status).toBe(0);
    expect(folder.read('charnn.json').equals(await calm)).toBe(true);
  });

  test('a full disk under standard output is an error', async () => {
    const folder = withText();
    await folder.run([...options.slice(0, -2), '--threads', '1', '--steps', '10']);
    const { status, stderr } = await folder.shell('charnn sample -l 100 > /dev/full');
    expect(status).toBe(1);
    expect(stderr).toMatch(/^charnn: cannot write to standard output: no space is left[^\n]*\n$/);
  });
});
