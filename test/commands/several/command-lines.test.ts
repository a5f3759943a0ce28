/** Command lines that are nearly right: what is meant is done or suggested, and nothing is guessed. */
import { beforeAll, describe, expect, test } from 'vitest';
import { Folder, small, verses } from '../run.js';

const folder = new Folder();
beforeAll(async () => {
  await folder.train(verses(1500), '-o', 'good.json', '--cell', 'GRU', '-q');
  folder.write('charnn.json', folder.read('good.json'));
});

test('a choice in capitals is taken', () => {
  expect(folder.json('good.json').model.cell).toBe('gru');
});

test('a time may have units spelt out', async () => {
  // the length is refused beside another one only after it has been understood
  const args = ['train', 'text.txt', '--time', '1h 30min', '--steps', '3'];
  expect((await folder.run(args)).stderr).toMatch(/--time and --steps|--steps and --time/);
});

describe('temperature', () => {
  const draw = (...options: string[]) => folder.run(['sample', '-l', '40', ...options]);

  test.each([
    ['-t', '0'],
    ['--temp', '0'],
    ['--temperature', '0'],
  ])('%s %s is greedy', async (...t) => {
    const [first, second] = await Promise.all([
      draw(...t, '--seed', '1'),
      draw('--greedy', '--seed', '2'),
    ]);
    expect([first.status, first.stderr]).toEqual([0, '']);
    expect(first.stdout).toBe(second.stdout);
  });

  test('--temperature is --temp, and the last of both holds', async () => {
    const [a, b] = await Promise.all([
      draw('--temp', '0.5', '--seed', '1'),
      draw('--temp', '3', '--temperature', '0.5', '--seed', '1'),
    ]);
    expect(b.stdout).toBe(a.stdout);
  });
});

describe('a model', () => {
  test('may be the argument of sample and of inspect, or their option', async () => {
    const seed = ['--seed', '3', '-l', '30'];
    const [argument, option] = await Promise.all([
      folder.run(['sample', 'good.json', ...seed]),
      folder.run(['sample', '-m', 'good.json', ...seed]),
    ]);
    expect([argument.status, argument.stdout]).toEqual([0, option.stdout]);
    const inspected = await folder.run(['inspect', '-m', 'good.json']);
    expect([inspected.status, inspected.stdout]).toEqual([0, expect.stringContaining('gru')]);
    const compared = await folder.run(['which', '-m', 'good.json', '-m', 'charnn.json'], 'a\n');
    expect(compared.status).toBe(0);
  });

  test('given twice, and not the same, is refused', async () => {
    const { status, stderr } = await folder.run(['sample', 'good.json', '-m', 'charnn.json']);
    expect([status, stderr]).toEqual([2, expect.stringContaining('two models are given')]);
  });
});

describe('a model given as a text', () => {
  test.each([
    [['eval', 'good.json', '-m', 'gone.json']],
    [['score', 'good.json']],
    [['score', '--total', 'good.json']],
    [['train', 'good.json', '-o', 'new.json']],
    [['train', 'text.txt', '--val-file', 'good.json', '-o', 'new.json']],
    [['gradients', 'good.json', '-m', 'gone.json']],
    [['visualize', 'good.json', '-o', 'new.html']],
    [['novelty', 'text.txt', '--corpus', 'good.json']],
    [['sample', '--complete', 'good.json']],
    [['sample', '--prompt-file', 'good.json']],
    [['sample', '--novel', 'good.json']],
    [['which', 'good.json', 'good.json', '--text', 'good.json']],
  ])('%j: says how a model is named', async (args) => {
    const { status, stdout, stderr } = await folder.run(args);
    expect([status, stdout]).toEqual([2, '']);
    expect(stderr).toMatch(
      /^charnn: good\.json is a model, not a text: a model is named with --model, or for training with --init-from\n$/m,
    );
  });

  test('is compressed, because that is done with files of any kind', async () => {
    expect(
      (await folder.shell('charnn compress -q good.json | charnn decompress -q | cmp - good.json'))
        .status,
    ).toBe(0);
  });

  test('the state of a training is refused, too', async () => {
    const { status, stderr } = await folder.run(['eval', 'good.state.json']);
    expect([status, stderr]).toEqual([
      2,
      'charnn: good.state.json is the state of a training run, not a text: name a text\n',
    ]);
  });
});

test('an old spelling is taken with a warning', async () => {
  const { status, stdout, stderr } = await folder.run(['sample', '--prime', 'green', '-l', '0']);
  expect([status, stdout]).toEqual([0, 'green']);
  expect(stderr).toMatch(/^warning: --prime is now called --prompt: [^\n]*\n$/);
});

test('an environment variable stands for an option that is not given, and is checked', async () => {
  const { status, stderr } = await folder.shell('CHARNN_THREADS=many charnn sample -n 2 -l 3');
  expect([status, stderr]).toEqual([
    2,
    expect.stringContaining('CHARNN_THREADS must be an integer'),
  ]);
  const given = await folder.shell('CHARNN_BACKEND=wasm charnn sample -l 3 --backend reference');
  expect(given.status).toBe(0);
});

test.each([
  [['generate'], 'unknown command "generate"; did you mean sample?'],
  [['trian', 'x'], 'unknown command "trian"; did you mean train?'],
  [['help', 'sampel'], 'unknown command "sampel"; did you mean sample?'],
  [['frobnicate'], 'unknown command "frobnicate"; see charnn --help'],
  [['train', 'x', '--hiden', '5'], "unknown option '--hiden'; did you mean --hidden?"],
  [['train', 'x', '--cell', 'lsmt'], 'not "lsmt"; did you mean lstm?'],
  [['train', 'x', '--optimizer', 'rmsprob'], 'not "rmsprob"; did you mean rmsprop?'],
  [['generate', '-n', '3'], 'unknown command "generate"; did you mean sample?'],
  [['--verion'], 'unknown option "--verion"; see charnn --help'],
])('%j is refused with a suggestion', async (args, message) => {
  const { status, stdout, stderr } = await folder.run(args);
  expect([status, stdout]).toEqual([2, '']);
  expect(stderr).toMatch(/^charnn: [^\n]*\n$/);
  expect(stderr).toContain(message);
});

test('help of a command, by word and by option, is the same', async () => {
  const [word, option] = await Promise.all([
    folder.run(['help', 'sample']),
    folder.run(['sample', '--help']),
  ]);
  expect([word.status, word.stdout]).toEqual([0, option.stdout]);
});

test('JSON has one style of names, and bits beside nats', async () => {
  const snake = /"[a-z]+_[a-z_]+":/;
  const outputs = await Promise.all([
    folder.run(['eval', 'text.txt', '-m', 'good.json', '--json']),
    folder.run(['score', '--per-char', '-m', 'good.json'], 'green bottles\n'),
    folder.run(['gradients', 'text.txt', '-m', 'good.json', '--json', '--lags', '3']),
    folder.run(['train', 'text.txt', ...small, '-o', 'log.json', '--json', '-q']),
  ]);
  for (const { status, stdout } of outputs) {
    expect(status).toBe(0);
    expect(stdout).not.toMatch(snake);
  }
  const events = outputs[3].stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
  const validation = events.find(({ type }) => type === 'validation');
  for (const [nats, bits] of [
    ['trainLoss', 'trainBitsPerCharacter'],
    ['validationLoss', 'validationBitsPerCharacter'],
  ]) {
    expect(validation[bits]).toBeCloseTo(validation[nats] / Math.LN2, 9);
  }
  expect(events.at(-1)).toMatchObject({ type: 'baseline', ngramOrder: 6 });
});
