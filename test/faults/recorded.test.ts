/** The text of a training that goes on: changed meanwhile, or named by a state from anybody. */
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { Folder, finished, small, verses } from '../commands/run.js';
import { appearance, until } from './running.js';

const text = verses(1500);

describe('a text that is changed while it is trained on', () => {
  test.each([
    ['other contents', (folder: Folder) => folder.write('text.txt', verses(1600).slice(100))],
    ['a letter', (folder: Folder) => folder.write('text.txt', text.replace('green', 'greem'))],
    ['gone', (folder: Folder) => execFileSync('rm', [join(folder.path, 'text.txt')])],
  ])(
    '%s: training goes on with what it has read, --resume is refused until it is back',
    async (_, change) => {
      const folder = new Folder();
      folder.write('text.txt', text);
      const endless = ['--steps', '100000000', '--eval-every', '20', '--early-stop', '0'];
      const child = folder.start(['train', 'text.txt', ...small, ...endless]);
      const outcome = finished(child);
      await appearance(folder, 'charnn.state.json');
      const { step } = folder.json('charnn.state.json');
      change(folder);
      await until(() => folder.json('charnn.state.json').step > step + 100);
      child.kill('SIGINT');
      expect((await outcome).status).toBe(130);

      const [model, state] = ['charnn.json', 'charnn.state.json'].map((name) => folder.read(name));
      const more = ['train', '--resume', '--steps', `${folder.json('charnn.state.json').step + 1}`];
      const refused = await folder.run(more);
      expect(refused.status).toBe(1);
      expect(refused.stderr).toMatch(/^charnn: [^\n]*text\.txt[^\n]*\n$/);
      expect(refused.stderr).toMatch(
        /is not the one that charnn\.state\.json was trained|no such file/,
      );
      expect(folder.read('charnn.json').equals(model)).toBe(true);
      expect(folder.read('charnn.state.json').equals(state)).toBe(true);

      folder.write('elsewhere.txt', text);
      expect((await folder.run([...more, 'elsewhere.txt'])).status).toBe(0);
      folder.write('text.txt', text);
      expect((await folder.run(more)).status).toBe(0);
    },
  );

  test('an older state knows no hash of its validation text and goes on', async () => {
    const folder = new Folder();
    folder.write('val.txt', text);
    await folder.train(text, '--val-file', 'val.txt', '-q');
    const { sha256, provenance, ...state } = folder.json('charnn.state.json');
    const { validationSha256, validationBytes, ...older } = provenance;
    expect([sha256, validationSha256, validationBytes]).not.toContain(undefined);
    const written = { ...state, version: 1, provenance: older };
    folder.write('charnn.state.json', JSON.stringify(written));
    const more = ['train', '--resume', '--steps', '6'];
    expect((await folder.run(more)).status).toBe(0);
    const device = { ...written, source: { ...state.source, valFile: '/dev/zero' } };
    folder.write('charnn.state.json', JSON.stringify(device));
    const { status, stderr } = await folder.run(more);
    expect([status, stderr]).toEqual([1, expect.stringContaining('neither a file nor a folder')]);
  });

  test('the validation text, too', async () => {
    const folder = new Folder();
    folder.write('val.txt', text);
    await folder.train(text, '--val-file', 'val.txt', '-q');
    const more = ['train', '--resume', '--steps', '6'];
    folder.write('val.txt', text.replace('green', 'greem'));
    const { status, stderr } = await folder.run(more);
    expect(status).toBe(1);
    expect(stderr).toMatch(/val\.txt" is not the one that charnn\.state\.json was trained on/);
    folder.write('val.txt', text);
    expect((await folder.run(more)).status).toBe(0);
  });
});

describe('a state from a stranger', () => {
  /** Names other texts than its own, and has no hash to give that away. */
  async function naming(paths: readonly string[], bytes = text.length): Promise<Folder> {
    const folder = new Folder();
    await folder.train(text, '-q');
    const { sha256: _, ...state } = folder.json('charnn.state.json');
    state.source.texts = paths;
    state.provenance.bytes = bytes;
    folder.write('charnn.state.json', JSON.stringify({ ...state, version: 1 }));
    return folder;
  }

  test.each([
    ['a device without end', '/dev/zero'],
    ['a pipe that nobody writes to', 'pipe'],
  ])('that names %s: not opened', async (_, path) => {
    const folder = await naming([path]);
    execFileSync('mkfifo', [join(folder.path, 'pipe')]);
    const { status, stderr } = await folder.run(['train', '--resume', '--steps', '6']);
    expect(status).toBe(1);
    expect(stderr).toMatch(
      /^charnn: charnn\.state\.json names [^\n]* neither a file nor a folder[^\n]*\n$/,
    );
  });

  test.each([
    ['of another size', text.length],
    ['of the size it says', 'a secret'.length],
  ])('that names a file %s: nothing is learnt from it', async (_, bytes) => {
    const folder = await naming(['secret.txt'], bytes);
    folder.write('secret.txt', 'a secret');
    const model = folder.read('charnn.json');
    const { status, stderr } = await folder.run(['train', '--resume', '--steps', '6']);
    expect(status).toBe(1);
    expect(stderr).toMatch(/^charnn: the text secret\.txt is not the one that [^\n]*\n$/m);
    expect(folder.read('charnn.json').equals(model)).toBe(true);
  });
});

test('a state where a model is expected, or the other way round, is called what it is', async () => {
  const folder = new Folder();
  await folder.train(text, '-q');
  const sampled = await folder.run(['sample', '-m', 'charnn.state.json']);
  expect(sampled.status).toBe(1);
  expect(sampled.stderr).toMatch(/charnn\.state\.json is the state of a training run, not a model/);
  folder.write('charnn.state.json', folder.read('charnn.json'));
  const resumed = await folder.run(['train', '--resume']);
  expect(resumed.status).toBe(1);
  expect(resumed.stderr).toMatch(/charnn\.state\.json is a model, not the state of a training run/);
});
