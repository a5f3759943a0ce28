/** Training is stopped at random moments, again and again, and comes to the bytes it would have come to. */
import type { ChildProcess } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, expect, test } from 'vitest';
import { readModel } from '#charnn/checkpoint/model-file.js';
import { readState } from '#charnn/checkpoint/state-file.js';
import { Folder, finished, verses } from '../commands/run.js';
import { timeout, times } from './scale.js';

/** The long form's hundreds of moments fall into one training, or a few. */
const steps = times(3000, 80_000);
const options = [
  ...['--hidden', '16', '--layers', '1', '--batch-size', '2', '--seq-length', '16'],
  ...['--steps', `${steps}`, '--eval-every', `${times(20, 100)}`, '--early-stop', '0'],
  ...['--dropout', '0.2', '--threads', '1', '--json', '--no-samples'],
];

function begin(folder: Folder) {
  const goesOn = existsSync(join(folder.path, 'charnn.state.json'));
  return folder.start([
    'train',
    ...(goesOn ? ['--resume', '--json'] : ['text.txt', '--force', ...options]),
  ]);
}

/** Comes true with the first event of a training, or its end. */
function beginning(child: ChildProcess): Promise<void> {
  return new Promise((resolve) => {
    child.stdout?.once('data', () => resolve());
    child.once('close', () => resolve());
  });
}

/**
 * Runs a training and stops it: while it starts, or within `longestMs` of its first event.
 * @returns false when it was done before
 */
async function stopped(
  folder: Folder,
  signal: NodeJS.Signals,
  longestMs: number,
): Promise<boolean> {
  const child = begin(folder);
  const outcome = finished(child);
  const early = Math.random() < 0.1;
  if (!early) await beginning(child);
  await new Promise((resolve) => setTimeout(resolve, Math.random() * longestMs));
  child.kill(signal);
  const { status, stderr } = await outcome;
  expect([0, null, 130], stderr).toContain(status);
  return status !== 0;
}

/**
 * Whatever lies in the folder under a model's or a state's name can be read.
 * @returns how many files that were
 */
async function checkFiles(folder: Folder): Promise<number> {
  const names = readdirSync(folder.path);
  const [model, state] = ['charnn.json', 'charnn.state.json'].map((name) => names.includes(name));
  if (model) await readModel(join(folder.path, 'charnn.json'));
  if (state) await readState(join(folder.path, 'charnn.state.json'));
  return Number(model) + Number(state);
}

let calm: Folder;
/** Milliseconds from the first event of an undisturbed training to its end */
let duration = 0;

beforeAll(async () => {
  calm = new Folder();
  calm.write('text.txt', verses(3000));
  const undisturbed = begin(calm);
  const outcome = finished(undisturbed);
  await beginning(undisturbed);
  const started = performance.now();
  expect((await outcome).status).toBe(0);
  duration = performance.now() - started;
}, timeout);

test.each([
  ['SIGKILL', times(6, 500)],
  ['SIGINT', times(4, 200)],
] as const)('%s, %i times', { timeout }, async (signal, count) => {
  // enough for a checkpoint, and to bring a training to its end with about the last of the signals
  const longestMs = Math.max(400, (2.5 * duration) / count);

  let done = 0;
  let trainings = 0;
  let read = 0;
  let leftBehind = 0;
  while (done < count) {
    const folder = new Folder();
    folder.write('text.txt', verses(3000));
    while (done < count && (await stopped(folder, signal, longestMs))) {
      done++;
      read += await checkFiles(folder);
      leftBehind += readdirSync(folder.path).filter((name) => name.endsWith('.tmp')).length;
    }
    trainings++;
    const last = await finished(begin(folder));
    expect(last.status, last.stderr).toBe(0);
    expect(folder.read('charnn.json').equals(calm.read('charnn.json'))).toBe(true);
    expect(readdirSync(folder.path).sort()).toEqual([
      'charnn.json',
      'charnn.state.json',
      'text.txt',
    ]);
  }
  console.info(
    `${done} × ${signal} in ${trainings} trainings: ${read} files read, none unreadable; ${leftBehind} temporary files left behind and cleared away`,
  );
});
