/**
 * Training in several processes ends whatever happens to one of them, their disk or their connection: within 30
 * seconds, with a sentence that says why, and with files from which it continues.
 */
import { type ChildProcess, execFileSync, spawn, spawnSync } from 'node:child_process';
import { describe, expect, test, vi } from 'vitest';
import { binary, type Folder, fileAppears, finished } from '../commands/run.js';
import { type Launcher, launch, launched, launchers, processOf, written } from './launchers.js';
import { reasonAgainst, TwoHosts } from './two-hosts.mjs';

const short = [
  ...['train', 'text.txt', '--hidden', '16', '--layers', '1', '--batch-size', '8'],
  ...['--seq-length', '8', '--threads', '1', '--counts', '0', '--eval-every', '50'],
];
const long = [...short, '--steps', '100000000', '--early-stop', '0', '--no-samples'];

/** Many jobs run at the same time, perhaps on a busy machine. */
const timeout = 240_000;

/** Max seconds from a fault to the end of the job */
const maxSeconds = 30;

interface Disturbance {
  readonly launcher: Launcher;
  readonly hosts?: TwoHosts;
  /** Called when a state has been saved */
  disturb(folder: Folder, launching: ChildProcess): void;
}

/** Disturbs a training run, and waits for the end of the job. */
async function disturbed({ launcher, hosts, disturb }: Disturbance) {
  const folder = written();
  // Open MPI kills processes one second after a signal, which may be before they have saved
  const patient = { OMPI_MCA_odls_base_sigkill_timeout: '4' };
  const child = launch(launcher, folder, long, patient, hosts);
  const outcome = finished(child);
  await Promise.race([fileAppears(folder, 'charnn.state.json'), outcome]);
  const start = performance.now();
  disturb(folder, child);
  const ended = await outcome;
  expect((performance.now() - start) / 1000).toBeLessThan(maxSeconds);
  return { ...ended, folder };
}

/** @param hosts the hosts on one of which the training ran, as a lock belongs to the host that made it */
async function goesOn(folder: Folder, hosts?: TwoHosts): Promise<void> {
  // a launcher may end before the processes do
  await vi.waitFor(() => expect(() => processOf(0, folder)).toThrow(), 30_000);
  const { step } = folder.json('charnn.state.json');
  const program = [process.execPath, binary, 'train', '--resume', '--steps', `${step + 5}`];
  const [own, ...args] = program;
  const line = hosts?.onFirstHost(program) ?? { command: own, args };
  const child = spawn(line.command, line.args, { cwd: folder.path });
  expect(await finished(child)).toMatchObject({ status: 0 });
}

const hasPrlimit = spawnSync('prlimit', ['--version']).status === 0;

const notAnswered = /process 1 of this training has not answered for \d+ seconds/;

const reason = reasonAgainst();

// Most of the time is spent waiting for processes that do not answer, so all tests run at the same time; those that
// wait longest come first.
describe.concurrent('a training of two processes ends', { timeout }, () => {
  test.each(launchers)('if one answers no more, under $name', async (launcher) => {
    let stopped = 0;
    const { status, stderr, folder } = await disturbed({
      launcher,
      disturb(place) {
        stopped = processOf(1, place);
        process.kill(stopped, 'SIGSTOP');
      },
    });
    expect(stderr).toMatch(notAnswered);
    expect(status).toBe(1);
    await vi.waitFor(() => expect(() => process.kill(stopped, 0)).toThrow(), 20_000);
    await goesOn(folder);
  });

  const onHosts = test.skipIf(reason !== undefined);
  const title = `if the link between their hosts is cut, under $name${reason ? ` (${reason})` : ''}`;
  onHosts.each(launchers)(title, async (launcher) => {
    const hosts = new TwoHosts();
    try {
      const [one, two] = [written(), written()];
      const command = [...short, '--steps', '60'];
      const outcome = await launched(launcher, two, command, {}, hosts);
      expect(outcome.stderr).toContain(`training in 2 processes, connected by ${launcher.name}`);
      expect(outcome).toMatchObject({ status: 0 });
      expect((await one.run([...command, '--threads', '2'])).status).toBe(0);
      expect(two.read('charnn.json').equals(one.read('charnn.json'))).toBe(true);

      const cut = await disturbed({
        launcher,
        hosts,
        disturb(_, launching) {
          hosts.cut();
          if (launcher.id === 'mpich') interruptAfterwards(launching);
        },
      });
      // Open MPI may notice it first
      expect(cut.stderr).toMatch(
        launcher.id === 'openmpi' ? /has not answered|lost communication/ : notAnswered,
      );
      expect(cut.status).not.toBe(0);
      await goesOn(cut.folder, hosts);
    } finally {
      hosts.remove();
    }
  });

  const signals = launchers.flatMap((launcher) =>
    (['SIGINT', 'SIGTERM'] as const).map((signal) => ({ launcher, signal, name: launcher.name })),
  );
  test.each(signals)('by $signal to the launcher, under $name', async ({ launcher, signal }) => {
    const { stderr, status, folder } = await disturbed({
      launcher,
      disturb: (_, launching) => launching.kill(signal),
    });
    expect(stderr).toMatch(/interrupted after step [\d,]+; saved/);
    // the launcher of MPICH reports no failure when it has passed on a signal itself
    if (launcher.id === 'openmpi') expect(status).not.toBe(0);
    await goesOn(folder);
  });

  test.each(launchers)('if one is killed, under $name', async (launcher) => {
    const { status, folder } = await disturbed({
      launcher,
      disturb: (place) => process.kill(processOf(1, place), 'SIGKILL'),
    });
    expect(status).not.toBe(0);
    await goesOn(folder);
  });

  test.runIf(hasPrlimit).each(launchers)(
    'with a sentence if the disk of the first one is full, under $name',
    async (launcher) => {
      const { status, stderr, folder } = await disturbed({
        launcher,
        disturb(place) {
          const first = processOf(0, place);
          // writing beyond such a limit fails as on a full disk
          execFileSync('prlimit', ['--pid', `${first}`, '--fsize=2000:']);
          process.kill(first, 'SIGINT');
        },
      });
      expect(stderr).toMatch(/cannot write charnn\.(state\.)?json/);
      expect(status).not.toBe(0);
      await goesOn(folder);
    },
  );
});

/** Ends the launcher of MPICH when the processes have ended, because it would wait for the lost host. */
function interruptAfterwards(launching: ChildProcess): void {
  let said = '';
  launching.stderr?.on('data', (piece: Buffer) => {
    said += piece;
  });
  const interrupting = setInterval(() => {
    if (notAnswered.test(said)) launching.kill('SIGTERM');
  }, 1000);
  launching.on('exit', () => clearInterval(interrupting));
}
