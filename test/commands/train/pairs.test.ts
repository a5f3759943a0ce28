/** `charnn train --pairs`. */
import { expect, test } from 'vitest';
import { quickPairs, reversals, smallPairs, trainedOnPairs } from '../pair-training.js';
import { Folder, fileAppears, finished } from '../run.js';

test('a training that is killed and resumed makes the same bytes', async () => {
  const long = ['--steps', '200', '--eval-every', '20', '--seed', '5'];
  const calm = await trainedOnPairs(...long);
  const killed = new Folder();
  killed.write('pairs.tsv', reversals(400));
  const child = killed.start([...quickPairs, ...long]);
  const outcome = finished(child);
  await fileAppears(killed, 'charnn.state.json');
  child.kill('SIGKILL');
  await outcome;
  expect(killed.json('charnn.state.json').step).toBeLessThan(200);
  expect((await killed.run(['train', '--resume', '-q'])).status).toBe(0);
  expect(killed.read('charnn.json').equals(calm.read('charnn.json'))).toBe(true);
});

test('two threads train, from standard input, and validate on a file of their own', async () => {
  const folder = new Folder();
  folder.write('val.tsv', 'ab\tBA\ncd\tDC\n');
  const args = ['train', '-', '--pairs', '--hidden', '8', '--steps', '4', '--threads', '2'];
  const { status, stdout } = await folder.run(
    [...args, '--val-file', 'val.tsv', '--json'],
    reversals(100),
  );
  expect(status).toBe(0);
  const start = JSON.parse(stdout.split('\n')[0]);
  expect(start).toMatchObject({ type: 'start', threads: 2, validationCharacters: 6 });
});

test('many pairs are learned at a lower rate, which is told, unless a rate is given', async () => {
  const folder = new Folder();
  folder.write('pairs.tsv', reversals(6000));
  const fixed = ['--steps', '1', '--schedule', 'constant', '--warmup', '0', '--json', '--force'];
  const rateOf = async (...options: string[]) => {
    const args = ['train', 'pairs.tsv', ...smallPairs, ...fixed, ...options];
    const { status, stdout, stderr } = await folder.run(args);
    expect(status, stderr).toBe(0);
    const events = stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
    return [events.find(({ type }) => type === 'validation').learningRate, stderr];
  };
  const [picked, told] = await rateOf();
  expect(picked).toBe(0.0015);
  expect(told.replaceAll('\n', ' ')).toContain('learning rate 0.0015');
  const [adam] = await rateOf('--optimizer', 'adamw');
  expect(adam).toBe(0.001);
  const [given, silent] = await rateOf('--learning-rate', '0.004');
  expect(given).toBe(0.004);
  expect(silent).not.toContain('learning rate');
  folder.write('pairs.tsv', reversals(400));
  expect((await rateOf())[0]).toBe(0.006);
});

test('lines that are no pairs are named with their number, and counted', async () => {
  const folder = new Folder();
  folder.write('pairs.tsv', `${reversals(60)}no tab\n\tb\na\t\n\nab\tBA\tmore\nalso none\n`);
  const { status, stderr } = await folder.run([
    'train',
    'pairs.tsv',
    ...smallPairs,
    '--steps',
    '1',
  ]);
  expect(status).toBe(0);
  expect(stderr).toContain(
    'left out 4 lines of the text: line 61 has no target, line 62 has an empty source, line 63 has an empty target, …',
  );
  expect(stderr).toContain('1 line has more than two columns');
});

test('a deep network with everything trains and converts, and the choice of attention is recorded', async () => {
  const folder = await trainedOnPairs(
    ...['--layers', '3', '--residual', '--layer-norm', '--attention', 'dot', '--steps', '3'],
    ...['--dropout', '0.2'],
  );
  expect(folder.json('charnn.json').model).toMatchObject({ layers: 3, attention: 'dot' });
  expect((await folder.run(['inspect'])).stdout).toContain('attention (dot)');
  expect((await folder.run(['convert'], 'abc\n')).status).toBe(0);
});

test('pairs can be learnt on from a model of pairs, whose characters are matched', async () => {
  const folder = await trainedOnPairs('--epochs', '24', '--attention', 'dot');
  // other ids for all characters
  folder.write('more.tsv', `Z1\tz!\n${reversals(60)}`);
  const go = ['train', 'more.tsv', '--pairs', '--init-from', 'charnn.json', '-o', 'more.json'];
  const { status, stderr } = await folder.run([...go, '--dropout', '0', '--steps', '1']);
  expect(status, stderr).toBe(0);
  expect(stderr).toContain('new characters: 4');
  expect(folder.json('more.json').model).toMatchObject({ hidden: 32, attention: 'dot' });
  const words = 'abc\ndcb\nbb\n';
  const [before, after] = [
    await folder.run(['convert', '-m', 'charnn.json'], words),
    await folder.run(['convert', '-m', 'more.json'], words),
  ];
  expect(after.stdout).toBe(before.stdout);
  for (const [args, message] of [
    [['train', 'more.tsv', '--init-from', 'charnn.json', '-o', 'x.json'], 'was trained on pairs'],
    [[...go, '--force', '--attention', 'none'], 'its attention is dot; give --attention dot'],
    [[...go, '--force', '--target-unit', 'byte'], 'it has --target-unit char'],
  ] as const) {
    const refused = await folder.run(args);
    expect([refused.status === 0, refused.stderr]).toEqual([
      false,
      expect.stringContaining(message),
    ]);
  }
});

test('attention is for pairs', async () => {
  const folder = new Folder();
  folder.write('text.txt', 'a text '.repeat(100));
  const { status, stderr } = await folder.run(['train', 'text.txt', '--attention', 'dot']);
  expect([status, stderr]).toEqual([2, expect.stringContaining('--attention is for --pairs')]);
});

test.each([
  ['no pair at all\nnor here\n', [], 1, 'the text has no pairs'],
  [
    'word,sound\na,b\n',
    ['--format', 'csv'],
    2,
    'has no column source; its columns are word, sound',
  ],
  [
    '{"source":"a"}\n{"source":"b"}\n',
    [],
    1,
    'give a source and a target on each line, with a tab in between, or in columns of these names',
  ],
  ['a\t\nb\t\n', [], 1, 'line 1 has an empty target'],
  ['a\tb\n', ['--layer-norm', '--cell', 'gru'], 2, '--layer-norm is for --cell lstm, not gru'],
  ['a\tb\n', ['--attention', 'keen'], 2, 'one of general, dot, none'],
  ['a\tb\n', ['--documents'], 2, '--pairs cannot be combined with --documents'],
  ['a\tb\n', ['--seq-length', '9'], 2, '--pairs cannot be combined with --seq-length'],
])('%j with %j is refused', async (text, options, code, message) => {
  const folder = new Folder();
  folder.write('pairs.tsv', text);
  const { status, stderr } = await folder.run(['train', 'pairs.tsv', '--pairs', ...options]);
  expect([status, stderr]).toEqual([code, expect.stringContaining(message)]);
});
