/** How a training is brought to its end from outside: signals, and the terminal that goes away. */
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { readModel } from '#charnn/checkpoint/model-file.js';
import { readState } from '#charnn/checkpoint/state-file.js';
import { binary, Folder, finished, verses } from '../commands/run.js';
import { appearance, until } from './running.js';

/** Goes on until it is ended. */
const options = [
  ...['train', 'text.txt', '--hidden', '16', '--layers', '1', '--batch-size', '2'],
  ...['--seq-length', '16', '--steps', '100000000', '--eval-every', '50', '--early-stop', '0'],
  ...['--threads', '1'],
];
const codes = [
  ['SIGINT', 130],
  ['SIGTERM', 143],
  ['SIGHUP', 129],
] as const;

function withText(): Folder {
  const folder = new Folder();
  folder.write('text.txt', verses(2000));
  return folder;
}

async function filesAreWhole({ path }: Folder): Promise<void> {
  if (existsSync(join(path, 'charnn.json'))) await readModel(join(path, 'charnn.json'));
  if (existsSync(join(path, 'charnn.state.json'))) await readState(join(path, 'charnn.state.json'));
}

test.each(codes)('%s: saved, said where, exit code %i', async (signal, code) => {
  const folder = withText();
  const child = folder.start(options);
  const outcome = finished(child);
  await appearance(folder, 'charnn.state.json');
  child.kill(signal);
  const { status, stderr } = await outcome;
  expect(status).toBe(code);
  expect(stderr.trim().split('\n').at(-1)).toMatch(
    /^interrupted after step [\d,]+; saved\. Continue with: charnn train --resume$/,
  );
  expect(readdirSync(folder.path).sort()).toEqual(['charnn.json', 'charnn.state.json', 'text.txt']);
  await filesAreWhole(folder);
});

test.each(codes)('%s again and again: an end at once, whole files', async (signal, code) => {
  const folder = withText();
  const child = folder.start(options);
  const outcome = finished(child);
  await appearance(folder, 'charnn.state.json');
  // more than two: they may arrive as one
  const repeated = setInterval(() => child.kill(signal), 1);
  const { status } = await outcome;
  clearInterval(repeated);
  expect([code, null]).toContain(status);
  expect(existsSync(join(folder.path, '.charnn.json.lock'))).toBe(false);
  await filesAreWhole(folder);
});

test.each(codes)(
  '%s while the text is read: exit code %i, nothing is left',
  async (signal, code) => {
    const folder = new Folder();
    const child = folder.start(['train', '-'], 'pipe');
    const outcome = finished(child);
    await appearance(folder, '.charnn.json.lock');
    child.stdin?.write(verses(100));
    child.kill(signal);
    expect((await outcome).status).toBe(code);
    expect(readdirSync(folder.path)).toEqual([]);
  },
);

const has = (command: string) => spawnSync(command, ['--version']).status === 0;

describe('a terminal that is closed', () => {
  test.runIf(has('script'))('ends the training by SIGHUP, after saving', async () => {
    const folder = withText();
    const command = `'${process.execPath}' '${binary}' ${options.join(' ')}`;
    // the system tells the first process of the terminal, and when that is dead, those in front
    folder.write('run.sh', `(trap '' HUP; ${command}; echo $? > status)\ntrue\n`);
    const terminal = spawn('script', ['-qec', 'sh run.sh', '/dev/null'], {
      cwd: folder.path,
      stdio: ['pipe', 'pipe', 'pipe'],
    });
    const closed = finished(terminal);
    await appearance(folder, 'charnn.state.json');
    terminal.kill('SIGKILL');
    await closed;
    const status = join(folder.path, 'status');
    await until(() => existsSync(status) && readFileSync(status, 'utf8').endsWith('\n'));
    expect(readFileSync(status, 'utf8')).toBe('129\n');
    expect(existsSync(join(folder.path, '.charnn.json.lock'))).toBe(false);
    await filesAreWhole(folder);
    // not at a checkpoint: saved when it was asked to end
    expect(folder.json('charnn.state.json').tally.steps).toBeGreaterThan(0);
  });

  test.runIf(has('nohup'))('does not disturb a training that nohup has started', async () => {
    const folder = withText();
    folder.write('run.sh', `nohup "$@" &\necho $! > pid\nwait $!\necho $? > status\n`);
    const child = spawn('bash', ['run.sh', process.execPath, binary, ...options], {
      cwd: folder.path,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const outcome = finished(child);
    await appearance(folder, 'charnn.state.json');
    const pid = Number(folder.read('pid'));
    process.kill(pid, 'SIGHUP');
    const { step } = folder.json('charnn.state.json');
    await until(() => folder.json('charnn.state.json').step > step + 200);
    process.kill(pid, 'SIGTERM');
    await outcome;
    expect(folder.read('status').toString()).toBe('143\n');
  });
});
