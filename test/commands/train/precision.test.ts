/** `--precision` from outside: what is said, what is recorded, and the same bytes after every interruption. */
import { describe, expect, test } from 'vitest';
import { choosePrecision } from '#charnn/train/precision.js';
import { Folder, fileAppears, finished, small, verses } from '../run.js';

const text = verses(3000);
const half = ['--precision', 'bf16'];
/** Long enough to be interrupted, with all that must survive it. */
const long = [
  ...['--hidden', '24', '--layers', '2', '--batch-size', '4', '--seq-length', '16', ...half],
  ...['--steps', '400', '--eval-every', '40', '--dropout', '0.2', '--threads', '2'],
];
const products = 'matrix products in bf16';

test('auto is a function of sizes and processor, and what is asked for is taken', () => {
  for (const backend of ['wasm', 'reference'] as const) {
    expect(choosePrecision('auto', { hidden: 512, backend })).toBe('f32');
  }
  expect(choosePrecision(undefined, { hidden: 4 })).toBe('f32');
  // cells of equations gain from more units on
  const equations = "h' = tanh(W x + U h)";
  expect(choosePrecision('auto', { hidden: 63, equations })).toBe('f32');
  expect(choosePrecision('auto', { hidden: 64, equations })).toBe(
    choosePrecision('auto', { hidden: 64 }),
  );
  expect(choosePrecision('bf16', { hidden: 4 })).toBe('bf16');
  expect(choosePrecision('f32', { hidden: 512 })).toBe('f32');
});

describe('a training', () => {
  test('in float32 records no precision; in bfloat16 it says so, records it, and comes to other bytes', async () => {
    const [full, rounded] = [new Folder(), new Folder()];
    const plain = await full.train(text, '--precision', 'f32');
    const { status, stderr } = await rounded.train(text, ...half);
    expect(status).toBe(0);
    expect(plain.stderr).not.toContain(products);
    expect(stderr).toContain(products);
    const [before, now] = [full, rounded].map((folder) => folder.json('charnn.state.json'));
    expect(before.config).not.toHaveProperty('precision');
    expect(now.config.precision).toBe('bf16');
    // an earlier charnn would go on in float32 without a word
    expect(now.version).toBeGreaterThan(before.version);
    expect(rounded.json('charnn.json').version).toBe(full.json('charnn.json').version);
    expect(rounded.read('charnn.json').equals(full.read('charnn.json'))).toBe(false);
  });

  test('keeps its precision when it is resumed, and says when it gets another', async () => {
    const folder = new Folder();
    await folder.train(text, ...half, '-q');
    const kept = await folder.run(['train', '--resume', '--steps', '6']);
    expect(kept.stderr).toContain(products);
    const changed = await folder.run(['train', '--resume', '--steps', '8', '--precision', 'f32']);
    expect(changed.status).toBe(0);
    expect(changed.stderr).toContain('was trained in bf16 so far, and training continues in f32');
    expect(changed.stderr).not.toContain(products);
    expect(folder.json('charnn.state.json').config).not.toHaveProperty('precision');
  });

  test.each(['SIGKILL', 'SIGINT'] as const)(
    'stopped by %s and resumed comes to the same bytes as never stopped',
    async (signal) => {
      const [calm, stopped] = [new Folder(), new Folder()];
      for (const folder of [calm, stopped]) folder.write('text.txt', text);
      expect((await calm.run(['train', 'text.txt', ...long, '-q'])).status).toBe(0);
      const child = stopped.start(['train', 'text.txt', ...long]);
      const outcome = finished(child);
      await fileAppears(stopped, 'charnn.state.json');
      child.kill(signal);
      await outcome;
      expect(stopped.json('charnn.state.json').step).toBeLessThan(400);
      expect((await stopped.run(['train', '--resume', '-q'])).status).toBe(0);
      expect(stopped.read('charnn.json').equals(calm.read('charnn.json'))).toBe(true);
    },
  );
});

describe('WebAssembly', () => {
  test('is refused for training in bfloat16, new or resumed, in one line', async () => {
    const folder = new Folder();
    const refused = '--precision bf16 is for --backend native or reference, not wasm';
    const started = await folder.train(text, ...half, '--backend', 'wasm');
    expect(started.status).toBe(2);
    expect(started.stderr).toContain(refused);
    await folder.train(text, ...half, '-q');
    const resumed = await folder.run(['train', '--resume', '--steps', '6', '--backend', 'wasm']);
    expect(resumed.status).toBe(2);
    expect(resumed.stderr).toContain(refused);
  });

  test('is refused by what runs a model', async () => {
    const folder = new Folder();
    await folder.train(text, '-q');
    const args = ['eval', 'text.txt', ...half, '--backend', 'wasm'];
    const { status, stderr } = await folder.run(args);
    expect(status).toBe(1);
    expect(stderr).toContain('it supports only f32');
  });
});

test('a model of layers that profit loses little in bfloat16, and is measured alike by native and reference', async () => {
  const folder = new Folder();
  folder.write('text.txt', verses(600));
  const shape = ['--hidden', '40', '--layers', '2', '--steps', '20', '--threads', '1'];
  await folder.run([
    'train',
    'text.txt',
    ...shape,
    '--batch-size',
    '4',
    '--seq-length',
    '16',
    '-q',
  ]);
  const lossOf = async (...options: string[]) => {
    const { stdout } = await folder.run(['eval', 'text.txt', '--json', ...options]);
    return JSON.parse(stdout).loss as number;
  };
  const full = await lossOf('--precision', 'f32');
  const rounded = await lossOf(...half);
  const reference = await lossOf(...half, '--backend', 'reference');
  expect(rounded).not.toBe(full);
  expect(Math.abs(rounded - full)).toBeLessThan(0.01);
  expect(Math.abs(rounded - reference)).toBeLessThan(1e-3);
});

test.each([
  ['sample', ['--length', '20']],
  ['score', ['text.txt']],
] as const)('%s takes it', async (command, args) => {
  const folder = new Folder();
  await folder.train(text, ...small, '-q');
  const { status, stdout } = await folder.run([command, ...args, ...half]);
  expect(status).toBe(0);
  expect(stdout.length).toBeGreaterThan(0);
});

test.each(['bf16', 'int8'])(
  'in %s, texts sampled on two threads are those of one',
  async (precision) => {
    const folder = new Folder();
    await folder.train(text, ...small, '-q');
    const sampled = async (threads: string) => {
      const many = [
        '-n',
        '40',
        '--length',
        '20',
        '--seed',
        '3',
        '--prompt',
        'the ',
        '--threads',
        threads,
      ];
      return folder.run(['sample', ...many, '--precision', precision, '--quiet']);
    };
    const [one, two] = [await sampled('1'), await sampled('2')];
    expect(two).toMatchObject({ status: 0, stderr: '' });
    expect(two.stdout).toBe(one.stdout);
  },
);
