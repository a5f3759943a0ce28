/** `charnn train` from outside: determinism, resuming, signals, manners. */
import { beforeAll, describe, expect, test } from 'vitest';
import { reversals } from '../pair-training.js';
import { Folder, fileAppears, finished, small, verses } from '../run.js';

const text = verses(3000);
/** Long enough to be interrupted, with all that must survive it. */
const long = [
  ...['--hidden', '24', '--layers', '2', '--batch-size', '4', '--seq-length', '16'],
  ...['--steps', '400', '--eval-every', '40', '--dropout', '0.2', '--threads', '2'],
];

test('what is picked is said, and what is given is not picked', async () => {
  const folder = new Folder();
  folder.write('text.txt', text);
  const brief = ['--steps', '2', '--threads', '1', '-f'];
  const picked = await folder.run(['train', 'text.txt', ...brief]);
  expect(picked.stderr).toContain('chose size tiny (1 × 128), dropout');
  const sized = await folder.run([
    'train',
    'text.txt',
    ...brief,
    '--size',
    'tiny',
    '--dropout',
    '0',
  ]);
  expect(sized.stderr).toContain('chose size tiny (1 × 128): the text');
  const given = await folder.run(['train', 'text.txt', ...brief, ...small, '--dropout', '0']);
  expect(given.stderr).not.toContain('chose');
});

test('--early-stop ends a training that only learns by heart, its best model kept', async () => {
  const folder = new Folder();
  // what is to be predicted has nothing to do with what is learned
  const noise = [...verses(400)].reverse().join('');
  folder.write('val.txt', noise);
  folder.write('text.txt', verses(400));
  const options = ['--hidden', '64', '--layers', '1', '--threads', '1', '--dropout', '0'];
  const length = ['--steps', '3000', '--eval-every', '20', '--early-stop', '2'];
  const { status, stderr } = await folder.run([
    ...['train', 'text.txt', '--val-file', 'val.txt', '--schedule', 'constant'],
    ...options,
    ...length,
  ]);
  expect(status).toBe(0);
  expect(stderr).toContain('stopped early');
  const { history, training } = folder.json('charnn.json');
  const state = folder.json('charnn.state.json');
  expect(state.step).toBe(training.step + 40);
  expect(history.at(-1).step).toBe(training.step);
});

describe('the same bytes', () => {
  test('for the same command, others for another seed', async () => {
    const models = await Promise.all(
      ['1', '1', '2'].map(async (seed) => {
        const folder = new Folder();
        await folder.train(text, '--seed', seed, '-q');
        return folder.read('charnn.json');
      }),
    );
    expect(models[1].equals(models[0])).toBe(true);
    expect(models[2].equals(models[0])).toBe(false);
  });

  test('by the clock, and by the options that it says would make the same model', async () => {
    const [clock, steps] = [new Folder(), new Folder()];
    for (const folder of [clock, steps]) folder.write('text.txt', verses(60_000));
    const shape = ['--hidden', '8', '--layers', '1', '--threads', '1'];
    const { stderr } = await clock.run(['train', 'text.txt', ...shape, '--time', '2s']);
    const again = stderr.match(/give these options instead of --time: (.*)/)?.[1] ?? '';
    expect(again).toContain('--steps');
    await steps.run(['train', 'text.txt', '--threads', '1', ...again.split(' '), '-q']);
    expect(steps.read('charnn.json').equals(clock.read('charnn.json'))).toBe(true);
  });

  test('by the clock on pairs, whose weight decay is picked', async () => {
    const folders = [new Folder(), new Folder()];
    for (const folder of folders) folder.write('pairs.tsv', reversals(300));
    const [clock, steps] = folders;
    const { stderr } = await clock.run([
      'train',
      'pairs.tsv',
      '--pairs',
      '--threads',
      '1',
      '--time',
      '2s',
    ]);
    const again = stderr.match(/give these options instead of --time: (.*)/)?.[1] ?? '';
    expect(again).toContain('--weight-decay');
    await steps.run(['train', 'pairs.tsv', '--threads', '1', ...again.split(' '), '-q']);
    expect(steps.read('charnn.json').equals(clock.read('charnn.json'))).toBe(true);
  });

  /** A training that nothing has disturbed, the same for all that were */
  const calm = new Folder();
  beforeAll(async () => {
    calm.write('text.txt', text);
    expect((await calm.run(['train', 'text.txt', ...long, '-q'])).status).toBe(0);
  }, 60_000);

  test('whether killed (SIGKILL) and resumed or never disturbed', async () => {
    const killed = new Folder();
    killed.write('text.txt', text);

    const child = killed.start(['train', 'text.txt', ...long]);
    const outcome = finished(child);
    await fileAppears(killed, 'charnn.state.json');
    child.kill('SIGKILL');
    expect((await outcome).signal).toBe('SIGKILL');
    const { step } = killed.json('charnn.state.json');
    expect(step).toBeLessThan(400);

    expect((await killed.run(['train', '--resume', '-q'])).status).toBe(0);
    expect(killed.read('charnn.json').equals(calm.read('charnn.json'))).toBe(true);
  });

  test.each([
    ['SIGINT', 130],
    ['SIGTERM', 143],
  ] as const)('whether stopped by %s (exit code %i) and resumed', async (signal, code) => {
    const stopped = new Folder();
    stopped.write('text.txt', text);
    const child = stopped.start(['train', 'text.txt', ...long]);
    const outcome = finished(child);
    await fileAppears(stopped, 'charnn.state.json');
    child.kill(signal);
    const { status, stderr } = await outcome;
    expect(status).toBe(code);
    expect(stderr).toContain('charnn train --resume');
    expect((await stopped.run(['train', '--resume', '-q'])).status).toBe(0);
    expect(stopped.read('charnn.json').equals(calm.read('charnn.json'))).toBe(true);
  });
});

describe('going on', () => {
  test('100 steps and, resumed, 100 more come to step 200', async () => {
    const folder = new Folder();
    await folder.train(text, '--steps', '10', '-q');
    const { status } = await folder.run(['train', '--resume', '--steps', '20']);
    expect(status).toBe(0);
    expect(folder.json('charnn.state.json').step).toBe(20);
  });

  test.each([
    ['a second more', 1],
    ['a time that is over', 0],
  ])('by the clock with %s, whatever the number of steps was to be', async (_, more) => {
    const folder = new Folder();
    folder.write('text.txt', text);
    const endless = ['--steps', '100000000', '--early-stop', '0', '--eval-every', '10'];
    const child = folder.start(['train', 'text.txt', ...small, ...endless]);
    const outcome = finished(child);
    await fileAppears(folder, 'charnn.state.json');
    child.kill('SIGINT');
    expect((await outcome).status).toBe(130);
    const { step, seconds } = folder.json('charnn.state.json');
    const time = `${Math.floor(1000 * (seconds + more)) / 1000}s`;
    const { status, stderr } = await folder.run(['train', '--resume', '--time', time]);
    expect(stderr).toContain('done');
    expect(status).toBe(0);
    const after = folder.json('charnn.state.json').step;
    if (more > 0) expect(after).toBeGreaterThan(step);
    else expect(after).toBe(step);
  });

  test('another text is refused', async () => {
    const folder = new Folder();
    await folder.train(text, '-q');
    folder.write('other.txt', verses(500));
    const { status, stderr } = await folder.run(['train', 'other.txt', '--resume']);
    expect(status).toBe(1);
    expect(stderr).toContain('not the one');
  });

  test('an option that would make it another training is refused', async () => {
    const folder = new Folder();
    await folder.train(text, '-q');
    const { status, stderr } = await folder.run(['train', '--resume', '--hidden', '9']);
    expect(status).toBe(2);
    expect(stderr).toContain('--hidden');
  });

  test('--init-from matches characters, whatever their ids, and says what is new', async () => {
    const folder = new Folder();
    await folder.train('abcdefgh \n'.repeat(60), '-q');
    folder.write('new.txt', '!bcdefgh \n'.repeat(60));
    const options = [...small, '--init-from', 'charnn.json', '-o', 'new.json'];
    const { status, stderr } = await folder.run(['train', 'new.txt', ...options]);
    expect(status).toBe(0);
    expect(stderr).toMatch(
      /knows 9 characters of the new text; new characters: 1 \("!"\); characters no longer used: 1/,
    );
  });
});

describe('manners', () => {
  test('an existing model is kept unless --force is given', async () => {
    const folder = new Folder();
    await folder.train(text, '-q');
    const before = folder.read('charnn.json');
    const refused = await folder.train(text, '--seed', '5');
    expect(refused.status).toBe(1);
    expect(refused.stderr).toMatch(/^charnn: charnn\.json exists already[^\n]*\n$/);
    expect(folder.read('charnn.json').equals(before)).toBe(true);
    expect((await folder.train(text, '--seed', '5', '--force', '-q')).status).toBe(0);
  });

  test('--json writes an object a line, and nothing else, on standard output', async () => {
    const { stdout } = await new Folder().train(text, '--json');
    const events = stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
    const types = events.map((event) => event.type);
    expect(types[0]).toBe('start');
    expect(types.slice(-2)).toEqual(['end', 'baseline']);
    expect(types).toContain('validation');
  });

  test('--quiet says nothing; without it no colours go into a pipe', async () => {
    const quiet = await new Folder().train(text, '--quiet');
    expect(quiet.stdout + quiet.stderr).toBe('');
    const { stderr, stdout } = await new Folder().train(text);
    expect(stderr).toContain('validation');
    expect(stderr).not.toContain('\u001b');
    expect(stdout).toBe('');
  });

  test('divergence ends with exit code 3 and names the step', async () => {
    const { status, stderr } = await new Folder().train(
      text,
      ...['--optimizer', 'sgd', '--learning-rate', '1e6', '--clip-by', 'none', '--warmup', '0'],
      ...['--steps', '50'],
    );
    expect(status).toBe(3);
    expect(stderr).toMatch(/charnn: training diverged after step \d+/);
  });

  test('the last of repeated options counts', async () => {
    const folder = new Folder();
    expect((await folder.train(text, '--steps', '9', '--steps', '6', '-q')).status).toBe(0);
    expect(folder.json('charnn.state.json').step).toBe(6);
  });

  test('a folder that cannot hold the model is found out before training', async () => {
    const folder = new Folder();
    const { status, stderr } = await folder.train(text, '-o', 'missing/model.json');
    expect(status).toBe(1);
    expect(stderr).toMatch(/^charnn: cannot write to the folder missing[^\n]*\n$/);
  });
});

describe('wrong usage: exit code 2 and one line', () => {
  test.each([
    [['train', 'x', '--hiden', '5'], /--hiden.*did you mean --hidden/],
    [['trian'], /did you mean train\?/],
    [['train', 'x', '--hidden', '0'], /--hidden must be an integer from 1 to \d+, not "0"/],
    [['train', 'x', '--dropout', '1'], /--dropout must be a number from 0 to below 1/],
    [['train', 'x', '--cell', 'gpt'], /--cell must be one of rnn, lstm, gru/],
    [['train', 'x', '--time', 'soon'], /--time must be a time such as/],
    [['train', 'x', '--steps', '5', '--time', '3m'], /--steps and --time contradict/],
    [['train', 'x', '--cell', 'gru', '--layer-norm'], /--layer-norm is for --cell lstm, not gru/],
    [['train', 'x', '--unit', 'byte', '--normalize', 'nfc'], /--normalize/],
    [['sample', '--temp', '-1'], /--temp must be a number of at least 0/],
    [['sample', 'one', 'extra'], /too many arguments/],
  ])('%j', async (args, message) => {
    const { status, stdout, stderr } = await new Folder().run(args);
    expect(status).toBe(2);
    expect(stderr).toMatch(/^charnn: [^A-Z][^\n]*\n$/);
    expect(stderr).toMatch(message);
    expect(stdout).toBe('');
  });
});
