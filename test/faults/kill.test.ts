/** Training is stopped at random moments, again and again, and comes to the bytes it would have come to. */
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { readModel } from '#charnn/checkpoint/model-file.js';
import { readState } from '#charnn/checkpoint/state-file.js';
import { Folder, finished, verses } from '../cli/run.js';
import { timeout, times } from './scale.js';

const options = [
  ...['--hidden', '16', '--layers', '1', '--batch-size', '2', '--seq-length', '16'],
  ...['--steps', '3000', '--eval-every', '20', '--dropout', '0.2', '--threads', '1', '--json'],
];
/** After the start of training a signal comes within this time. */
const longestMs = 300;

function begin(folder: Folder) {
  const goesOn = existsSync(join(folder.path, 'charnn.state.json'));
  return folder.start([
    'train',
    ...(goesOn ? ['--resume', '--json'] : ['text.txt', '--force', ...options]),
  ]);
}

/** Runs a training and stops it: while it starts, or shortly after. False when it was done before. */
async function stopped(folder: Folder, signal: NodeJS.Signals): Promise<boolean> {
  const child = begin(folder);
  const outcome = finished(child);
  const started = new Promise<void>((resolve) => {
    child.stdout?.once('data', () => resolve());
    child.once('close', () => resolve());
  });
  const early = Math.random() < 0.1;
  if (!early) await started;
  await new Promise((resolve) => setTimeout(resolve, Math.random() * longestMs));
  child.kill(signal);
  const { status, stderr } = await outcome;
  expect([0, null, 130], stderr).toContain(status);
  return status !== 0;
}

/** Whatever lies in the folder under a model's or a state's name can be read. */
async function checkFiles(folder: Folder): Promise<void> {
  const names = readdirSync(folder.path);
  if (names.includes('charnn.json')) await readModel(join(folder.path, 'charnn.json'));
  if (names.includes('charnn.state.json')) await readState(join(folder.path, 'charnn.state.json'));
}

test.each([
  ['SIGKILL', times(6, 500)],
  ['SIGINT', times(4, 200)],
] as const)('%s, %i times', { timeout }, async (signal, count) => {
  const calm = new Folder();
  calm.write('text.txt', verses(3000));
  expect((await finished(begin(calm))).status).toBe(0);

  let done = 0;
  let leftBehind = 0;
  while (done < count) {
    const folder = new Folder();
    folder.write('text.txt', verses(3000));
    while (done < count && (await stopped(folder, signal))) {
      done++;
      await checkFiles(folder);
      leftBehind += readdirSync(folder.path).filter((name) => name.endsWith('.tmp')).length;
    }
    const last = await finished(begin(folder));
    expect(last.status, last.stderr).toBe(0);
    expect(folder.read('charnn.json').equals(calm.read('charnn.json'))).toBe(true);
    expect(readdirSync(folder.path).sort()).toEqual([
      'charnn.json',
      'charnn.state.json',
      'text.txt',
    ]);
  }
  console.info(`${done} × ${signal}, ${leftBehind} temporary files left behind and cleared away`);
});
