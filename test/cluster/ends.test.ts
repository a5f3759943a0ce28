/**
 * Training in several processes ends whatever happens to one of them, their disk or their connection: within 30
 * seconds, with a sentence that says why, and with files from which it continues.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { type Folder, fileAppears, finished, type Outcome } from '../commands/run.js';
import { type Launcher, launch, launched, launchers, processOf, written } from './launchers.js';
import { reasonAgainst, TwoHosts } from './two-hosts.mjs';

const short = [
  ...['train', 'text.txt', '--hidden', '16', '--layers', '1', '--batch-size', '8'],
  ...['--seq-length', '8', '--threads', '1', '--counts', '0', '--eval-every', '50'],
];
const long = [...short, '--steps', '100000000', '--early-stop', '0', '--no-samples'];

/** Max seconds from a fault to the end of the job */
const maxSeconds = 30;

/** Disturbs a training run that has saved a state, and waits for the end of the job. */
async function disturbed(
  launcher: Launcher,
  disturb: (folder: Folder, launcherProcess: number) => void,
  hosts?: TwoHosts,
): Promise<Outcome & { readonly folder: Folder; readonly seconds: number }> {
  const folder = written();
  const child = launch(launcher, folder, long, {}, hosts);
  const outcome = finished(child);
  await Promise.race([fileAppears(folder, 'charnn.state.json'), outcome]);
  const start = performance.now();
  disturb(folder, child.pid as number);
  const ended = await outcome;
  return { ...ended, folder, seconds: (performance.now() - start) / 1000 };
}

async function goesOn(folder: Folder): Promise<void> {
  const { step } = folder.json('charnn.state.json');
  const { status } = await folder.run(['train', '--resume', '--steps', `${step + 5}`]);
  expect(status).toBe(0);
}

const hasPrlimit = spawnSync('prlimit', ['--version']).status === 0;

// most of the time is spent waiting for processes that do not answer
describe.concurrent.each(launchers)('under $name', (launcher) => {
  test.each([
    ['SIGINT', 'interrupted'],
    ['SIGTERM', 'terminated'],
  ] as const)('%s to the launcher saves', async (signal, word) => {
    const { stderr, status, seconds, folder } = await disturbed(launcher, (_, id) =>
      process.kill(id, signal),
    );
    expect(stderr).toMatch(new RegExp(`${word} after step \\d+; saved`));
    expect(status).not.toBe(0);
    expect(seconds).toBeLessThan(maxSeconds);
    await goesOn(folder);
  });

  test('a process that is killed ends the job', async () => {
    const { status, folder, seconds } = await disturbed(launcher, (place) =>
      process.kill(processOf(1, place), 'SIGKILL'),
    );
    expect(status).not.toBe(0);
    expect(seconds).toBeLessThan(maxSeconds);
    await goesOn(folder);
  });

  test('a process that answers no more ends the job, with a sentence', async () => {
    let stopped = 0;
    const { status, stderr, folder, seconds } = await disturbed(launcher, (place) => {
      stopped = processOf(1, place);
      process.kill(stopped, 'SIGSTOP');
    });
    expect(stderr).toMatch(/process 1 of this training has not answered for \d+ seconds/);
    expect(status).toBe(1);
    expect(seconds).toBeLessThan(maxSeconds);
    await vi.waitFor(() => expect(() => process.kill(stopped, 0)).toThrow(), 20_000);
    await goesOn(folder);
  });

  test.runIf(hasPrlimit)('a full disk of the first process is reported at the end', async () => {
    const { status, stderr, folder } = await disturbed(launcher, (place) => {
      const first = processOf(0, place);
      execFileSync('prlimit', ['--pid', `${first}`, '--fsize=2000:']);
      process.kill(first, 'SIGINT');
    });
    expect(stderr).toMatch(/cannot write charnn\.(state\.)?json/);
    expect(status).not.toBe(0);
    await goesOn(folder);
  });
});

const reason = reasonAgainst();

describe.concurrent
  .skipIf(reason !== undefined)
  .each(launchers)(`on two hosts, under $name (${reason ?? 'by namespaces'})`, (launcher) => {
  let hosts: TwoHosts;
  beforeAll(() => {
    hosts = new TwoHosts();
  });
  afterAll(() => hosts?.remove());

  test('the model is that of one process, and a link that is cut ends the job', async () => {
    const [one, two] = [written(), written()];
    const command = [...short, '--steps', '60'];
    const outcome = await launched(launcher, two, command, {}, hosts);
    expect(outcome.stderr).toContain(`training in 2 processes, connected by ${launcher.name}`);
    expect(outcome).toMatchObject({ status: 0 });
    expect((await one.run([...command, '--threads', '2'])).status).toBe(0);
    expect(two.read('charnn.json').equals(one.read('charnn.json'))).toBe(true);

    const cut = await disturbed(launcher, () => hosts.cut(), hosts);
    expect(cut.stderr).toMatch(/process 1 of this training has not answered for \d+ seconds/);
    expect(cut.status).not.toBe(0);
    expect(cut.seconds).toBeLessThan(maxSeconds);
    await goesOn(cut.folder);
  });
});
