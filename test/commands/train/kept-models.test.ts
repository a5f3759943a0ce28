/** Models besides the best one: those of the last validations, the latest, and the one that was given. */
import { readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { Folder, finished, small, verses } from '../run.js';

const text = verses(3000);
const steps = ['--steps', '60', '--eval-every', '10'];

function kept(folder: Folder): string[] {
  return readdirSync(folder.path)
    .filter((name) => name.includes('.step-'))
    .sort();
}

describe('--keep', () => {
  test('keeps the models of the last validations, each with its loss, and removes older ones', async () => {
    const folder = new Folder();
    const { status, stdout } = await folder.train(text, ...steps, '--keep', '2', '--json');
    expect(status).toBe(0);
    expect(kept(folder)).toEqual(['charnn.step-000050.json', 'charnn.step-000060.json']);
    const events = stdout
      .trimEnd()
      .split('\n')
      .map((row) => JSON.parse(row));
    const saved = events.filter(({ what }) => what === 'kept').map(({ path }) => path);
    expect(saved).toHaveLength(6);
    for (const step of [50, 60]) {
      const name = `charnn.step-0000${step}.json`;
      const loss = events.find((e) => e.type === 'validation' && e.step === step).validationLoss;
      expect(folder.json(name).history.at(-1)).toMatchObject({ step, validationLoss: loss });
      const inspected = await folder.run(['inspect', name]);
      expect(inspected.stdout).toMatch(
        new RegExp(`validation +${loss.toFixed(4)} nats.*step ${step}`),
      );
      const sampled = await folder.run(['sample', '-m', name, '-l', '5', '--seed', '1']);
      expect([sampled.status, sampled.stdout.length]).toEqual([0, 5]);
    }
    // the best one is not changed by it
    const plain = new Folder();
    await plain.train(text, ...steps, '-q');
    expect(plain.read('charnn.json').equals(folder.read('charnn.json'))).toBe(true);
  });

  test('goes on after --resume, with the files of before', async () => {
    const folder = new Folder();
    await folder.train(text, ...steps, '--keep', '2', '-q');
    expect((await folder.run(['train', '--resume', '--steps', '80', '-q'])).status).toBe(0);
    expect(kept(folder)).toEqual(['charnn.step-000070.json', 'charnn.step-000080.json']);
    await folder.run(['train', '--resume', '--steps', '100', '--keep', '3', '-q']);
    expect(kept(folder)).toEqual(
      [80, 90, 100].map((n) => `charnn.step-${`${n}`.padStart(6, '0')}.json`),
    );
  });

  test('neither replaces nor removes what this training has not made', async () => {
    const folder = new Folder();
    await folder.train(text, '--keep', '1', '-q');
    const foreign = folder.read('charnn.step-000004.json');
    for (const name of ['charnn.json', 'charnn.state.json']) rmSync(join(folder.path, name));
    const refused = await folder.train(text, '--seed', '2', '--keep', '1');
    expect(refused.status).toBe(1);
    expect(refused.stderr).toMatch(/charnn\.step-000004\.json exists already.*--force/);
    expect(folder.read('charnn.step-000004.json').equals(foreign)).toBe(true);
    // a later step's is left alone
    const other = ['--steps', '3', '--eval-every', '1', '--seed', '2', '--keep', '1'];
    const forced = await folder.train(text, ...other, '-f');
    expect(forced.status).toBe(0);
    expect(kept(folder)).toEqual(['charnn.step-000003.json', 'charnn.step-000004.json']);
    expect(folder.read('charnn.step-000004.json').equals(foreign)).toBe(true);
    // nor is one that stands in the way of a training that goes on
    folder.write('charnn.step-000005.json', foreign);
    folder.write('charnn.step-000006.json', 'notes');
    const resumed = await folder.run(['train', '--resume', '--steps', '7', '--keep', '1']);
    expect(resumed.status).toBe(0);
    expect(resumed.stderr).toMatch(/charnn\.step-00000[56]\.json exists already/);
    expect(folder.read('charnn.step-000005.json').equals(foreign)).toBe(true);
    expect(folder.read('charnn.step-000006.json').toString()).toBe('notes');
    const own = await folder.train(text, '-f', '--keep', '1');
    expect(own.stderr).toMatch(/charnn\.step-000006\.json is not a file that charnn wrote/);
  });

  test('never replaces the model that it starts from, even with --force', async () => {
    const folder = new Folder();
    await folder.train(text, '--keep', '1', '-q');
    const start = folder.read('charnn.step-000004.json');
    const options = ['-f', '--keep', '1', '--init-from', 'charnn.step-000004.json'];
    const refused = await folder.train(text, ...options);
    expect(refused.status).toBe(1);
    expect(refused.stderr).toMatch(
      /charnn: charnn\.step-000004\.json is the file [^\n]*, which this command reads/,
    );
    expect(folder.read('charnn.step-000004.json').equals(start)).toBe(true);
    expect((await folder.train(text, ...options, '-o', 'new.json', '-q')).status).toBe(0);
  });

  test('clears away what a killed training has left of writing one', async () => {
    const folder = new Folder();
    folder.write('.charnn.step-000004.json.0123abcd.tmp', '{');
    folder.write('.other.step-000004.json.0123abcd.tmp', '{');
    await folder.train(text, '--keep', '1', '-q');
    const hidden = readdirSync(folder.path).filter((name) => name.endsWith('.tmp'));
    expect(hidden).toEqual(['.other.step-000004.json.0123abcd.tmp']);
  });
});

test('--last is the latest model, where the best is an earlier one', async () => {
  const folder = new Folder();
  folder.write('val.txt', [...verses(400)].reverse().join(''));
  folder.write('text.txt', verses(400));
  const { stdout } = await folder.run([
    ...['train', 'text.txt', '--val-file', 'val.txt', '--hidden', '64', '--layers', '1', '--json'],
    ...['--threads', '1', '--dropout', '0', '--steps', '3000', '--eval-every', '20'],
    ...['--early-stop', '2', '--schedule', 'constant', '--keep', '1'],
    // eval computes in float32
    ...['--precision', 'f32'],
  ]);
  const validations = stdout
    .trimEnd()
    .split('\n')
    .map((row) => JSON.parse(row))
    .filter(({ type }) => type === 'validation');
  const best = Math.min(...validations.map(({ validationLoss }) => validationLoss));
  const last = validations.at(-1);
  expect(last.validationLoss).toBeGreaterThan(best);
  const loss = async (...args: string[]) =>
    JSON.parse((await folder.run(['eval', 'val.txt', '--json', ...args])).stdout).loss;
  expect(await loss()).toBeCloseTo(best, 4);
  expect(await loss('--last')).toBeCloseTo(last.validationLoss, 4);
  const [name] = kept(folder);
  expect(await loss('-m', name)).toBeCloseTo(last.validationLoss, 4);
  const sample = async (...args: string[]) =>
    (await folder.run(['sample', '-l', '300', '--seed', '1', ...args])).stdout;
  expect(await sample('--last')).toBe(await sample('-m', name));
  expect(await sample('--last')).not.toBe(await sample());
  folder.write('alone.json', folder.read('charnn.json'));
  const none = await folder.run(['sample', '--last', '-m', 'alone.json']);
  expect([none.status, none.stdout]).toEqual([1, '']);
  expect(none.stderr).toContain('alone.state.json');
});

describe('--target-loss', () => {
  test('ends as soon as a validation is as low, also when it is given on resuming', async () => {
    const folder = new Folder();
    const { stdout } = await folder.train(text, '--steps', '300', '--eval-every', '20', '--json');
    const validations = stdout
      .trimEnd()
      .split('\n')
      .map((row) => JSON.parse(row))
      .filter(({ type }) => type === 'validation');
    const wanted = validations[5].validationLoss;
    const first = validations.find(({ validationLoss }) => validationLoss <= wanted);
    const options = ['--steps', '300', '--eval-every', '20', '--target-loss', `${wanted}`, '-f'];
    const { status, stderr } = await folder.train(text, ...options);
    expect(status).toBe(0);
    expect(stderr).toContain('--target-loss');
    expect(folder.json('charnn.json').training.step).toBe(first.step);
    expect(folder.json('charnn.state.json').step).toBe(first.step);
    const lower = validations.at(-1).validationLoss;
    await folder.run(['train', '--resume', '--target-loss', `${lower}`, '-q']);
    expect(folder.json('charnn.state.json').step).toBeGreaterThan(first.step);
  });
});

describe('--init-from', () => {
  test('leaves the given weights where nothing is better, and says so', async () => {
    const folder = new Folder();
    await folder.train(text, '--steps', '200', '-q');
    folder.write('new.txt', verses(4000).replaceAll('g', 'é'));
    const given = ['--init-from', 'charnn.json', '-o', 'new.json', '--learning-rate', '3'];
    const rough = ['--warmup', '0', '--average', '0', '--clip-by', 'none', '--optimizer', 'sgd'];
    for (const [file, options] of [
      ['text.txt', []],
      ['new.txt', ['--eval-every', '2']],
    ] as const) {
      const { status, stderr } = await folder.run([
        ...['train', file, ...small, ...given, ...rough, ...options, '-f'],
      ]);
      expect(status).toBe(0);
      const { history, training, tensors } = folder.json('new.json');
      expect(history[0]).toMatchObject({ step: 0, trainLoss: null });
      if (file !== 'text.txt') continue;
      expect(stderr).toMatch(
        /training did not improve on the given model, so new\.json contains its weights/,
      );
      expect(training.step).toBe(0);
      expect(history).toHaveLength(1);
      expect(tensors).toEqual(folder.json('charnn.json').tensors);
      expect(folder.json('new.state.json').history.length).toBeGreaterThan(1);
      const inspected = await folder.run(['inspect', 'new.json']);
      expect(inspected.status).toBe(0);
      const report = await folder.run(['report', 'new.json', '-o', 'report.html']);
      expect(report.status).toBe(0);
    }
  });
});

describe('validation on what was trained on', () => {
  const random = (seed: number, length: number) => {
    let [state, made] = [seed, ''];
    while (made.length < length) {
      state = (Math.imul(state, 1103515245) + 12345) & 0x7fffffff;
      made += String.fromCharCode(97 + ((state >> 16) % 26));
    }
    return made;
  };

  test.each([
    ['a validation file', 5000],
    ['in a long text', 700_000],
  ])('is warned of with its share: %s', async (_, length) => {
    const folder = new Folder();
    folder.write('text.txt', random(1, length));
    const copied = random(1, length).slice(length / 2 + 3, length / 2 + 1003);
    folder.write('half.txt', `${random(2, 500)}${copied}${random(3, 500)}`);
    const options = ['train', 'text.txt', ...small, '--steps', '1', '-f', '-q'];
    const { stderr } = await folder.run([...options, '--val-file', 'half.txt']);
    const share = /warning: (\d+) % of the validation text also occurs in the training text/.exec(
      stderr,
    );
    expect(Number(share?.[1])).toBeGreaterThanOrEqual(43);
    expect(Number(share?.[1])).toBeLessThanOrEqual(50);
  });

  test('also of the split, and not where there is nothing', async () => {
    const folder = new Folder();
    const part = random(5, 3000);
    folder.write('twice.txt', part + part);
    folder.write('once.txt', random(6, 6000));
    const run = async (name: string) =>
      (await folder.run(['train', name, ...small, '--steps', '1', '-f', '-q'])).stderr;
    expect(await run('twice.txt')).toMatch(/100 % of the validation text/);
    expect(await run('once.txt')).toBe('');
  });
});

test('a training that is killed while it keeps models goes on as if it had not been', async () => {
  const [calm, killed] = [new Folder(), new Folder()];
  const long = [...small, '--steps', '400', '--eval-every', '20', '--keep', '3'];
  for (const folder of [calm, killed]) folder.write('text.txt', text);
  await calm.run(['train', 'text.txt', ...long, '-q']);
  const child = killed.start(['train', 'text.txt', ...long, '--json']);
  const outcome = finished(child);
  let written = '';
  child.stdout?.on('data', (chunk: Buffer) => {
    written += chunk;
    // the state of the validation before is there by then
    if (written.split('"what":"kept"').length > 4) child.kill('SIGKILL');
  });
  expect((await outcome).signal).toBe('SIGKILL');
  expect((await killed.run(['train', '--resume', '-q'])).status).toBe(0);
  expect(kept(killed)).toEqual(kept(calm));
  for (const name of [...kept(calm), 'charnn.json']) {
    expect(killed.read(name).equals(calm.read(name)), name).toBe(true);
  }
});
