/** Text from files on its way to a terminal: nothing in it steers the terminal. */

import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { beforeAll, describe, expect, test } from 'vitest';
import { binary, Folder, finished, type Outcome, small, verses } from '../commands/run.js';
import { hasPseudoTerminals } from '../commands/terminal.js';

/** Colour, window title, C1's introducer of control sequences, DEL, a mark that turns the text around */
const attack = '\u001b[31m\u001b]0;title\u0007\u009b2J\u007f\u202e';
// biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is looked for
const steering = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/;

function expectPlain({ stdout, stderr }: Outcome): void {
  expect(stdout).not.toMatch(steering);
  expect(stderr).not.toMatch(steering);
  expect(stderr).not.toContain('internal error');
}

describe('escape sequences', () => {
  const folder = new Folder();
  const withModel = (name: string, change: (model: Record<string, never>) => object) => {
    const { sha256: _, ...model } = folder.json('charnn.json');
    const changed = change({ ...model, version: 1 } as never);
    return folder.write(name, JSON.stringify(changed));
  };

  beforeAll(async () => {
    const trained = await folder.train(`${verses(1500)}\u0085\u009b\u007f\u202e`);
    expect(trained.status).toBe(0);
  });

  test.each([
    ['the hash', (m: object) => ({ ...m, sha256: attack })],
    ['a kind', (m: object) => ({ ...m, model: { cell: attack } })],
    ['a history key', (m: object) => ({ ...m, history: [{ [attack]: attack }] })],
    ['a field that is there twice', undefined],
    [
      'a tensor name',
      (m: { tensors: object[] }) => ({
        ...m,
        tensors: [{ ...m.tensors[0], name: attack }, ...m.tensors.slice(1)],
      }),
    ],
    [
      'a shape',
      (m: { tensors: object[] }) => ({
        ...m,
        tensors: [{ ...m.tensors[0], shape: [attack] }, ...m.tensors.slice(1)],
      }),
    ],
    ['the vocabulary', (m: object) => ({ ...m, vocabulary: { [attack]: attack } })],
  ])('in %s: refused in plain characters', async (_, change) => {
    if (change === undefined) {
      const key = JSON.stringify(attack);
      folder.write('bad.json', `{${key}:1,${key}:2}`);
    } else withModel('bad.json', change as never);
    const outcome = await folder.run(['inspect', 'bad.json']);
    expect(outcome.status).toBe(1);
    expect(outcome.stderr).toMatch(/^charnn: [^\n]+\n$/);
    expectPlain(outcome);
  });

  test('in what training recorded, and in the vocabulary: inspected in plain characters', async () => {
    const training = { [attack]: attack, clip: { name: attack, limit: 1 }, list: [attack] };
    withModel('odd.json', (model) => ({ ...(model as object), training }));
    for (const args of [
      ['inspect', 'odd.json'],
      ['inspect', 'odd.json', '--json'],
      ['gradients', 'text.txt', '-m', 'odd.json', '--positions', '2', '--lags', '4'],
    ]) {
      const outcome = await folder.run(args);
      expect([outcome.status, outcome.stderr]).toEqual([0, outcome.stderr]);
      expectPlain(outcome);
    }
    const { training: read } = JSON.parse(
      (await folder.run(['inspect', 'odd.json', '--json'])).stdout,
    );
    expect(read).toEqual(training);
  });

  test('in names of models and files, and in arguments', async () => {
    const name = `${attack.replaceAll('/', '')}.json`;
    folder.write(name, folder.read('charnn.json'));
    folder.write('lines.txt', 'green bottles\n');
    for (const args of [
      ['which', name, 'charnn.json', '--text', 'lines.txt'],
      ['report', name, '-o', `${attack}.html`],
      ['inspect', attack],
      ['sample', '--match', `(${attack}`],
      ['sample', '--allow', `z-${attack}`],
      ['sample', '--seed', attack],
      // what sample writes is data: this seed draws a plain letter
      ['sample', '--stop', attack, '-l', '1', '--seed', '1'],
      ['sample', `--${attack}`],
      [attack],
    ]) {
      expectPlain(await folder.run(args));
    }
  });

  test("in a compressed file's back end", async () => {
    const { stdoutBytes: file } = await folder.run(['compress', 'text.txt']);
    const end = 12 + file.readUInt32LE(8);
    const header = file.toString('utf8', 12, end);
    expect(header).toMatch(/"backend":"[^"]+"/);
    const changed = header.replace(
      /"backend":"[^"]+"/,
      () => `"backend":${JSON.stringify(attack)}`,
    );
    const json = Buffer.from(changed);
    const length = Buffer.alloc(4);
    length.writeUInt32LE(json.length);
    const checksum = createHash('sha256').update(json).digest().subarray(0, 8);
    folder.write(
      'x.cz',
      Buffer.concat([file.subarray(0, 8), length, json, checksum, file.subarray(end + 8)]),
    );
    const outcome = await folder.run(['decompress', 'x.cz']);
    expect(outcome.status).toBe(1);
    expect(outcome.stderr).toContain('can be decompressed only as it was compressed');
    expectPlain(outcome);
  });
});

describe.runIf(hasPseudoTerminals)('what a terminal can do', () => {
  const folder = new Folder();
  folder.write('text.txt', verses(1500));
  /** All that a terminal is sent, standard error and standard output */
  async function sent(env: Record<string, string>, args: readonly string[]): Promise<string> {
    const words = [process.execPath, binary, ...args].map((word) => `'${word}'`).join(' ');
    // an environment of its own: colours also depend on variables such as CI
    const { PATH = '' } = process.env;
    const options = { cwd: folder.path, env: { PATH, ...env }, stdio: 'pipe' } as const;
    const child = spawn('script', ['-qec', words, '/dev/null'], options);
    child.stdin.end();
    const { status, stdout } = await finished(child);
    expect(status).toBe(0);
    return stdout.replaceAll('\r\n', '\n');
  }
  // long enough that a bar is shown
  const train = ['train', 'text.txt', ...small, '--time', '2s', '-f'].filter(
    (x, i, all) => x !== '--steps' && all[i - 1] !== '--steps',
  );
  // biome-ignore lint/suspicious/noControlCharactersInRegex: colours of a terminal
  const colour = /\u001b\[[\d;]*m/;

  test('TERM=dumb: nothing moves the cursor, nothing has a colour', async () => {
    for (const args of [train, ['inspect']]) {
      const shown = await sent({ TERM: 'dumb' }, args);
      for (const control of ['\u001b', '\r', '\b']) expect(shown).not.toContain(control);
    }
  });

  test('NO_COLOR: the cursor moves, without colours', async () => {
    const shown = await sent({ TERM: 'xterm-256color', NO_COLOR: '1' }, train);
    expect(shown).toContain('\u001b');
    expect(shown).not.toMatch(colour);
  });

  test('a terminal has colours where nothing speaks against them', async () => {
    expect(await sent({ TERM: 'xterm-256color' }, train)).toMatch(colour);
  });
});
