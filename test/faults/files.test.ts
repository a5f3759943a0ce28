/** Models, states, locks and leftovers: who may write what, and what belongs together. */
import {
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  symlinkSync,
  unlinkSync,
  utimesSync,
} from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { Folder, finished, small, verses } from '../commands/run.js';
import { appearance } from './running.js';

const text = verses(1500);
const oneLine = /^charnn: [^\n]+\n$/;

describe('two trainings of one model', () => {
  test('the second is refused and says who the first is; the first is not disturbed', async () => {
    const folder = new Folder();
    folder.write('text.txt', text);
    symlinkSync('model.json', join(folder.path, 'link.json'));
    const command = ['train', 'text.txt', ...small, '--steps', '100000', '-o'];
    const first = folder.start([...command, 'model.json']);
    const outcome = finished(first);
    await appearance(folder, '.model.json.lock');
    for (const name of ['model.json', './model.json', 'link.json']) {
      const { status, stderr } = await folder.run([...command, name, '--force']);
      expect(status).toBe(1);
      expect(stderr).toMatch(oneLine);
      expect(stderr).toContain(`is being trained by process ${first.pid}`);
    }
    first.kill('SIGTERM');
    expect((await outcome).status).toBe(143);
    expect(readdirSync(folder.path).sort()).toEqual([
      'link.json',
      'model.json',
      'model.state.json',
      'text.txt',
    ]);
  });

  const lock = (holder: object) =>
    JSON.stringify({ pid: 1, host: 'elsewhere', realm: 'x', started: '1', token: 'y', ...holder });

  test('a lock of another machine holds while it is touched, and is taken over when it is old', async () => {
    const folder = new Folder();
    folder.write('.charnn.json.lock', lock({}));
    const refused = await folder.train(text);
    expect(refused.status).toBe(1);
    expect(refused.stderr).toMatch(/process 1 on elsewhere/);
    const old = Date.now() / 1000 - 3600;
    utimesSync(join(folder.path, '.charnn.json.lock'), old, old);
    expect((await folder.train(text, '-q')).status).toBe(0);
    expect(existsSync(join(folder.path, '.charnn.json.lock'))).toBe(false);
  });

  test.each([
    ['empty', ''],
    ['of another kind', '[]'],
  ])('a lock that is %s counts by its age', async (_, content) => {
    const folder = new Folder();
    folder.write('.charnn.json.lock', content);
    expect((await folder.train(text)).status).toBe(1);
    const old = Date.now() / 1000 - 3600;
    utimesSync(join(folder.path, '.charnn.json.lock'), old, old);
    expect((await folder.train(text, '-q')).status).toBe(0);
  });

  test.each([
    ['a dangling link', 'ln -s nowhere', 'is a link'],
    ['a link to itself', 'ln -s .charnn.json.lock', 'is a link'],
    ['a pipe', 'mkfifo', 'is a pipe'],
    ['a folder', 'mkdir', 'is a folder'],
    ['a file from the future', "touch -d '2099-01-01'", 'has a modification time in the future'],
  ])('%s in the place of a lock is named, with what to do', async (_, make, words) => {
    for (const name of ['.charnn.json.lock', '.charnn.state.json.lock']) {
      const folder = new Folder();
      await folder.shell(`${make} ${name}`);
      const { status, stderr } = await folder.train(text);
      expect(status).toBe(1);
      expect(stderr).toMatch(oneLine);
      expect(stderr).toContain(`${name}`);
      expect(stderr).toContain(`${words}: if no other training is running, remove it`);
      expect(readdirSync(folder.path).sort()).toEqual([name, 'text.txt']);
      await folder.shell(`rm -r ${name}`);
      expect((await folder.train(text, '-q')).status).toBe(0);
    }
  });

  test('what takes the place of a lock later does not keep a training from its end', async () => {
    const folder = new Folder();
    folder.write('text.txt', text);
    const child = folder.start(['train', 'text.txt', ...small, '--steps', '100000', '--json']);
    const outcome = finished(child);
    await appearance(folder, '.charnn.state.json.lock');
    await folder.shell('rm .charnn.json.lock; mkfifo .charnn.json.lock');
    await new Promise((resolve) => child.stdout?.once('data', resolve));
    child.kill('SIGINT');
    const { status, stderr } = await outcome;
    expect(status).toBe(1);
    expect(stderr.trim().split('\n').at(-1)).toMatch(/^charnn: [^\n]* is a pipe: if no other/);
    expect(readdirSync(folder.path).sort()).toEqual(['.charnn.json.lock', 'text.txt']);
  });

  test('an old lock of hundreds of megabytes is taken over', async () => {
    const folder = new Folder();
    await folder.shell(
      'truncate -s 600M .charnn.json.lock; touch -d "1 hour ago" .charnn.json.lock',
    );
    expect((await folder.train(text, '-q')).status).toBe(0);
  });

  test('a training whose lock was taken over does not write', async () => {
    const folder = new Folder();
    folder.write('text.txt', text);
    const child = folder.start(['train', 'text.txt', ...small, '--steps', '100000', '--json']);
    const outcome = finished(child);
    await appearance(folder, '.charnn.json.lock');
    folder.write('.charnn.json.lock', lock({ host: hostname() }));
    await new Promise((resolve) => child.stdout?.once('data', resolve));
    child.kill('SIGINT');
    const { status, stderr } = await outcome;
    expect(status).toBe(1);
    expect(stderr).toMatch(/is being trained by process 1 on/);
    expect(readdirSync(folder.path).sort()).toEqual(['.charnn.json.lock', 'text.txt']);
  });
});

test('what a killed process left of writing is cleared away, and nothing else', async () => {
  const folder = new Folder();
  const leftovers = ['.charnn.json.0123abcd.tmp', '.charnn.state.json.89abcdef.tmp'];
  const others = ['.charnn.json.0123abcde.tmp', '.other.json.0123abcd.tmp', 'charnn.json.tmp'];
  for (const name of [...leftovers, ...others]) folder.write(name, 'x');
  expect((await folder.train(text, '-q')).status).toBe(0);
  const names = readdirSync(folder.path);
  for (const name of leftovers) expect(names).not.toContain(name);
  for (const name of others) expect(names).toContain(name);
});

describe('a state and a model', () => {
  test('of different trainings are not mixed', async () => {
    const [one, other] = [new Folder(), new Folder()];
    await one.train(text, '--seed', '1', '-q');
    await other.train(text, '--seed', '2', '-q');
    one.write('charnn.json', other.read('charnn.json'));
    const before = one.read('charnn.json');
    const { status, stderr } = await one.run(['train', '--resume', '--steps', '8']);
    expect(status).toBe(1);
    expect(stderr).toMatch(oneLine);
    expect(stderr).toMatch(/charnn\.state\.json belongs to another model than charnn\.json/);
    expect(one.read('charnn.json').equals(before)).toBe(true);
  });

  test('with nothing left to do: what the best one was is known', async () => {
    const folder = new Folder();
    const { stderr } = await folder.train(text, '--eval-every', '2');
    const best = /the best model is in charnn\.json, validation [\d.]+ bits\/char/.exec(
      stderr,
    )?.[0];
    expect(best).toBeDefined();
    const resumed = await folder.run(['train', '--resume']);
    expect(resumed.status).toBe(0);
    expect(resumed.stderr).toContain(best);
  });

  test('a missing model is said, and made anew', async () => {
    const folder = new Folder();
    await folder.train(text, '-q');
    unlinkSync(join(folder.path, 'charnn.json'));
    const { status, stderr } = await folder.run(['train', '--resume', '--steps', '8']);
    expect(status).toBe(0);
    expect(stderr).toContain('warning: charnn.json is missing');
    expect((await folder.run(['inspect'])).status).toBe(0);
  });

  test('a damaged state is refused with the field, and nothing is overwritten', async () => {
    const folder = new Folder();
    await folder.train(text, '-q');
    const state = folder.read('charnn.state.json').toString();
    folder.write('charnn.state.json', state.replace('"step":4', '"step":3'));
    const before = folder.read('charnn.json');
    const { status, stderr } = await folder.run(['train', '--resume']);
    expect(status).toBe(1);
    expect(stderr).toMatch(/^charnn: charnn\.state\.json: sha256 is [^\n]+\n$/);
    expect(folder.read('charnn.json').equals(before)).toBe(true);
  });
});

describe('where a model goes', () => {
  test('through a symbolic link, also to a file that is not there yet', async () => {
    const folder = new Folder();
    mkdirSync(join(folder.path, 'models'));
    symlinkSync('models/real.json', join(folder.path, 'charnn.json'));
    expect((await folder.train(text, '-q')).status).toBe(0);
    expect((await folder.train(text, '--force', '-q')).status).toBe(0);
    expect(lstatSync(join(folder.path, 'charnn.json')).isSymbolicLink()).toBe(true);
    expect(readdirSync(join(folder.path, 'models'))).toEqual(['real.json']);
  });

  test.each(['it\'s "so", 모델 ü.json', 'a\nb\u001b[31m.json'])(
    'under the name %j, and messages stay one line',
    async (name) => {
      const folder = new Folder();
      const output = ['-o', `./${name}`];
      expect((await folder.train(text, ...output, '-q')).status).toBe(0);
      const again = await folder.train(text, ...output);
      expect(again.status).toBe(1);
      expect(again.stderr).toMatch(oneLine);
      expect(again.stderr).not.toContain('\u001b');
      const resumed = await folder.run(['train', '--resume', '--steps', '6', ...output]);
      expect(resumed.status).toBe(0);
      const sampled = await folder.run(['sample', '-m', name, '-l', '5', '--seed', '1']);
      expect(sampled.status).toBe(0);
      expect(sampled.stdout).toHaveLength(5);
    },
  );

  test("never over what is not charnn's, such as the text itself", async () => {
    const folder = new Folder();
    for (const [name, kept] of [
      ['text.txt', text],
      ['essay.state.txt', 'years of work'],
    ]) {
      folder.write(name, kept);
      const output = name.replace('.state', '');
      const { status, stderr } = await folder.train(text, '-o', output, '--force');
      expect(status).toBe(1);
      expect(stderr).toMatch(oneLine);
      expect(stderr).toContain(`${name} is not a file that charnn wrote, so it is not replaced`);
      expect(folder.read(name).toString()).toBe(kept);
    }
  });

  test('not over the state of another training, unless forced', async () => {
    const folder = new Folder();
    await folder.train(text, '-q');
    unlinkSync(join(folder.path, 'charnn.json'));
    const { status, stderr } = await folder.train(text);
    expect(status).toBe(1);
    expect(stderr).toMatch(/^charnn: charnn\.state\.json exists already: [^\n]+\n$/);
    expect((await folder.train(text, '--force', '-q')).status).toBe(0);
  });

  test.each([
    ['empty', '', /--output is empty/],
    ['too long for the files beside it', `${'x'.repeat(235)}.json`, /too long a name/],
  ])('not under a name that is %s', async (_, name, message) => {
    const folder = new Folder();
    const { status, stderr } = await folder.train(text, '-o', name);
    expect(status).toBe(2);
    expect(stderr).toMatch(oneLine);
    expect(stderr).toMatch(message);
    expect(readdirSync(folder.path)).toEqual(['text.txt']);
  });

  test('never over a device', async () => {
    const { status, stderr } = await new Folder().train(text, '-o', '/dev/null', '--force');
    expect(status).toBe(2);
    expect(stderr).toMatch(/\/dev\/null is a device or a pipe/);
    expect(lstatSync('/dev/null').isCharacterDevice()).toBe(true);
  });

  test('a model can be read from a pipe', async () => {
    const folder = new Folder();
    await folder.train(text, '-q');
    const direct = await folder.run(['sample', '--seed', '3', '-l', '30']);
    const { status, stdout } = await folder.shell(
      'charnn sample -m <(cat charnn.json) --seed 3 -l 30',
    );
    expect(status).toBe(0);
    expect(stdout).toBe(direct.stdout);
  });
});
