/** Training in several processes: the same bytes as in one, and an end whatever happens to one of them. */
import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, test, vi } from 'vitest';
import { Folder, fileAppears, finished, verses } from '../commands/run.js';
import { launch, launched, launchers } from './launchers.js';

const text = verses(3000);
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

function written(): Folder {
  const folder = new Folder();
  folder.write('text.txt', text);
  return folder;
}

/** The process of a rank, among those that run in a folder */
function processOf(rank: number, folder: Folder): number {
  for (const id of readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
    try {
      const variables = readFileSync(`/proc/${id}/environ`, 'latin1').split('\0');
      const isRank = [`OMPI_COMM_WORLD_RANK=${rank}`, `PMI_RANK=${rank}`].some((variable) =>
        variables.includes(variable),
      );
      if (isRank && variables.includes(`CHARNN_TEST=${folder.path}`)) return Number(id);
    } catch {
      // it has ended, or belongs to another user
    }
  }
  throw new Error(`there is no process of rank ${rank}`);
}

describe.each(launchers)('under $name', (launcher) => {
  test.each(Object.entries(kinds))(
    '%s: two processes of a thread write the model of one process with two',
    async (_, options) => {
      const [one, two] = [written(), written()];
      const command = ['train', 'text.txt', ...sizes, ...steps, ...options];
      expect((await one.run([...command, '--threads', '2'])).status).toBe(0);
      const outcome = await launched(launcher, 2, two, [...command, '--threads', '1']);
      expect(outcome.stderr).toContain(`training in 2 processes, connected by ${launcher.name}`);
      expect(outcome).toMatchObject({ status: 0 });
      expect(two.read('charnn.json').equals(one.read('charnn.json'))).toBe(true);
    },
  );

  test('a training goes on in one process, or in several, to the same bytes', async () => {
    const folders = [written(), written(), written()];
    const [whole, merged, divided] = folders;
    const command = ['train', 'text.txt', ...sizes, '--steps', '30', '--dropout', '0.2'];
    const half = [...command, '--eval-every', '5', '--target-loss', '100'];
    const rest = ['train', '--resume', '--target-loss', '0.001'];
    expect((await whole.run([...half, '--threads', '2'])).status).toBe(0);
    expect((await divided.run([...half, '--threads', '2'])).status).toBe(0);
    expect((await launched(launcher, 2, merged, [...half, '--threads', '1'])).status).toBe(0);
    expect((await whole.run(rest)).status).toBe(0);
    expect((await merged.run(rest)).status).toBe(0);
    expect((await launched(launcher, 2, divided, rest)).status).toBe(0);
    for (const folder of [merged, divided]) {
      expect(folder.read('charnn.json').equals(whole.read('charnn.json'))).toBe(true);
    }
  });

  test('what is wrong is said once, and ends the job', async () => {
    const folder = written();
    const outcome = await launched(launcher, 2, folder, ['train', 'text.txt', '--hidden', '0']);
    expect(outcome.status).toBe(2);
    expect(outcome.stderr.match(/charnn:/g)).toHaveLength(1);
    const missing = await launched(launcher, 2, folder, ['train', 'nothing.txt']);
    expect(missing.status).toBe(1);
    expect(missing.stderr.match(/charnn: cannot read nothing.txt/g)).toHaveLength(1);
  });

  test('other commands run in one of the processes', async () => {
    const { status, stdout } = await launched(launcher, 2, new Folder(), ['cells']);
    expect(status).toBe(0);
    expect(stdout.match(/lstm/g)).toEqual(
      (await new Folder().run(['cells'])).stdout.match(/lstm/g),
    );
  });

  test('help is printed once', async () => {
    const { status, stdout } = await launched(launcher, 2, new Folder(), ['train', '--help']);
    expect(status).toBe(0);
    expect(stdout.match(/Usage: charnn train/g)).toHaveLength(1);
  });

  const long = ['train', 'text.txt', ...sizes, '--steps', '1000000', '--eval-every', '50'];

  test('an interrupt of the first process saves, and the training goes on from there', async () => {
    const folder = written();
    const environment = { CHARNN_TEST: folder.path };
    const child = launch(launcher, 2, folder, [...long, '--threads', '1'], environment);
    const outcome = finished(child);
    await fileAppears(folder, 'charnn.state.json');
    process.kill(processOf(0, folder), 'SIGINT');
    const { status, stderr } = await outcome;
    expect(status).toBe(130);
    expect(stderr).toMatch(/interrupted after step \d+; saved/);
    const { step } = folder.json('charnn.state.json');
    const more = await folder.run(['train', '--resume', '--steps', `${step + 5}`]);
    expect(more.status).toBe(0);
  });

  test('a process that is killed ends the job', async () => {
    const folder = written();
    const environment = { CHARNN_TEST: folder.path };
    const child = launch(launcher, 2, folder, [...long, '--threads', '1'], environment);
    const outcome = finished(child);
    await fileAppears(folder, 'charnn.state.json');
    process.kill(processOf(1, folder), 'SIGKILL');
    expect((await outcome).status).not.toBe(0);
    const { step } = folder.json('charnn.state.json');
    expect((await folder.run(['train', '--resume', '--steps', `${step + 5}`])).status).toBe(0);
  });

  test('a process that answers no more ends the job, with a sentence', async () => {
    const folder = written();
    const environment = { CHARNN_TEST: folder.path };
    const child = launch(launcher, 2, folder, [...long, '--threads', '1'], environment);
    const outcome = finished(child);
    await fileAppears(folder, 'charnn.state.json');
    const stopped = processOf(1, folder);
    process.kill(stopped, 'SIGSTOP');
    const { status, stderr } = await outcome;
    expect(stderr).toMatch(/process 1 of this training has not answered for \d+ seconds/);
    expect(status).toBe(1);
    await vi.waitFor(() => expect(() => process.kill(stopped, 0)).toThrow(), 20_000);
  }, 60_000);
});

test.runIf(launchers.length > 1)('the library of another launcher is refused', async () => {
  const [openMpi] = launchers;
  const environment = { CHARNN_MPI: 'libmpich.so.12' };
  const folder = written();
  const { status, stderr } = await launched(openMpi, 2, folder, ['train', 'text.txt'], environment);
  expect(status).not.toBe(0);
  expect(stderr).toContain('the launcher has started 2 processes, but MPICH');
});
