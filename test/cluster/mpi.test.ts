/** Training in several processes: the same bytes as in one. */
import { describe, expect, test } from 'vitest';
import { Folder, verses } from '../commands/run.js';
import { launched, launchers, written } from './launchers.js';

const sizes = ['--hidden', '16', '--layers', '2', '--batch-size', '8', '--seq-length', '8'];
const steps = ['--steps', '30', '--eval-every', '10'];

const kinds: Readonly<Record<string, readonly string[]>> = {
  'an LSTM with Muon, dropout, averaging and counts': ['--dropout', '0.2', '--counts', '3'],
  'a GRU with AdamW, clipped by value': [
    ...['--cell', 'gru', '--optimizer', 'adamw', '--clip', '0.05', '--clip-by', 'value'],
    ...['--average', '0', '--counts', '0'],
  ],
  'documents in WebAssembly': ['--documents', '--backend', 'wasm', '--format', 'lines'],
};

const usual = Object.keys(kinds)[0];

const commandOf = (kind: string) => ['train', 'text.txt', ...sizes, ...steps, ...kinds[kind]];

const half = [
  ...['train', 'text.txt', ...sizes, '--steps', '30', '--dropout', '0.2'],
  ...['--eval-every', '5', '--target-loss', '100'],
];
const rest = ['train', '--resume', '--target-loss', '0.001'];

/** Models of one process with two threads, each of which all launchers are compared with */
const models = new Map<string, Promise<Buffer>>();

function modelOfOne(name: string, commands: readonly (readonly string[])[]): Promise<Buffer> {
  const train = async () => {
    const folder = written();
    for (const command of commands) expect((await folder.run(command)).status).toBe(0);
    return folder.read('charnn.json');
  };
  const model = models.get(name) ?? train();
  models.set(name, model);
  return model;
}

// processes that start and end leave the cores idle, so the launchers take turns
describe.concurrent.each(launchers)('under $name', (launcher) => {
  test.each(Object.keys(kinds))(
    '%s: two processes of a thread write the model of one process with two',
    async (kind) => {
      const command = commandOf(kind);
      const two = written();
      const outcome = await launched(launcher, two, [...command, '--threads', '1']);
      expect(outcome.stderr).toContain(`training in 2 processes, connected by ${launcher.name}`);
      expect(outcome).toMatchObject({ status: 0 });
      const one = await modelOfOne(kind, [[...command, '--threads', '2']]);
      expect(two.read('charnn.json').equals(one)).toBe(true);
    },
  );

  test('a training goes on in one process, or in several, to the same bytes', async () => {
    const [merged, divided] = [written(), written()];
    const whole = modelOfOne('resumed', [[...half, '--threads', '2'], rest]);
    expect((await divided.run([...half, '--threads', '2'])).status).toBe(0);
    expect((await launched(launcher, merged, [...half, '--threads', '1'])).status).toBe(0);
    expect((await merged.run(rest)).status).toBe(0);
    expect((await launched(launcher, divided, rest)).status).toBe(0);
    for (const folder of [merged, divided]) {
      expect(folder.read('charnn.json').equals(await whole)).toBe(true);
    }
  });

  test('what is wrong is said once, and ends the job', async () => {
    const folder = written();
    const outcome = await launched(launcher, folder, ['train', 'text.txt', '--hidden', '0']);
    expect(outcome.status).toBe(2);
    expect(outcome.stderr.match(/charnn:/g)).toHaveLength(1);
    const together = ['train', 'text.txt', '--pairs', '--seq-length', '8'];
    const contradiction = await launched(launcher, folder, together);
    expect(contradiction.status).toBe(2);
    expect(contradiction.stderr.match(/charnn:/g)).toHaveLength(1);
    const missing = await launched(launcher, folder, ['train', 'nothing.txt']);
    expect(missing.status).toBe(1);
    expect(missing.stderr.match(/charnn: cannot read nothing.txt/g)).toHaveLength(1);
  });

  test('other commands run in one of the processes', async () => {
    const { status, stdout } = await launched(launcher, new Folder(), ['cells']);
    expect(status).toBe(0);
    expect(stdout.match(/lstm/g)).toEqual(
      (await new Folder().run(['cells'])).stdout.match(/lstm/g),
    );
  });

  test.each([
    ['score', ['score', 'text.txt', '-n']],
    ['sample', ['sample', '-n', '20', '--length', '40', '--seed', '1']],
    // it may end before the other process has sent all that it has drawn
    ['sample --unique', ['sample', '-n', '3', '--length', '20000', '--seed', '1', '--unique']],
    // the calibration and the lines are two pieces of work
    ['a calibrated score', ['score', 'text.txt', '--threshold', '50%', '--calibrate', 'text.txt']],
  ])('%s writes the same in two processes', async (_, command) => {
    const folder = written();
    folder.write('charnn.json', await modelOfOne(usual, [[...commandOf(usual), '--threads', '2']]));
    const shared = await launched(launcher, folder, [...command, '--threads', '1']);
    expect(shared.stderr).toContain(`working in 2 processes, connected by ${launcher.name}`);
    const alone = await folder.run(command);
    expect(alone.status).toBe(0);
    expect(shared).toMatchObject({ status: 0, stdout: alone.stdout });
  });

  test('a validation text of its own, whose temporary file is closed', async () => {
    const [one, two] = [written(), written()];
    for (const folder of [one, two]) folder.write('other.txt', verses(3000));
    const command = [...commandOf(usual), '--val-file', 'other.txt'];
    expect((await one.run([...command, '--threads', '2'])).status).toBe(0);
    // files that were left to the collector would be found by it
    const collected = { NODE_OPTIONS: '--max-semi-space-size=1' };
    const outcome = await launched(launcher, two, [...command, '--threads', '1'], collected);
    expect(outcome.stderr).not.toMatch(/descriptor|DEP\d+/);
    expect(outcome.status).toBe(0);
    expect(two.read('charnn.json').equals(one.read('charnn.json'))).toBe(true);
  });

  test('large pieces of lines and of their scores pass in both directions at the same time', async () => {
    const folder = written();
    folder.write('charnn.json', await modelOfOne(usual, [[...commandOf(usual), '--threads', '2']]));
    folder.write('long.txt', verses(1_000_000));
    const command = ['score', 'long.txt', '--per-char'];
    const shared = await launched(launcher, folder, [...command, '--threads', '1']);
    const alone = await folder.run([...command, '--threads', '1']);
    expect(alone.status).toBe(0);
    expect(shared).toMatchObject({ status: 0, stdout: alone.stdout });
  });

  test('help is printed once', async () => {
    const { status, stdout } = await launched(launcher, new Folder(), ['train', '--help']);
    expect(status).toBe(0);
    expect(stdout.match(/Usage: charnn train/g)).toHaveLength(1);
  });
});

test.runIf(launchers.length > 1)('the library of another launcher is refused', async () => {
  const [openMpi] = launchers;
  const environment = { CHARNN_MPI: 'libmpich.so.12' };
  const folder = written();
  const { status, stderr } = await launched(openMpi, folder, ['train', 'text.txt'], environment);
  expect(status).not.toBe(0);
  expect(stderr).toContain('the launcher has started 2 processes, but MPICH');
});
