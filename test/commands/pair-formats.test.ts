/** Trainings on pairs of every format and unit: the same pairs make the same model. */
import { expect, test } from 'vitest';
import { quickPairs, reversals, smallPairs } from './pair-training.js';
import { Folder } from './run.js';

const quick = ['--batch-size', '16', '-q', '--steps', '6', '--eval-every', '3'];
const pairs = reversals(120)
  .trimEnd()
  .split('\n')
  .map((line) => line.split('\t'));

async function weightsOf(name: string, content: string, ...options: string[]) {
  const folder = new Folder();
  folder.write(name, content);
  const { status, stderr } = await folder.run(['train', name, ...smallPairs, ...quick, ...options]);
  expect(status, stderr).toBe(0);
  const { tensors, vocabulary } = folder.json('charnn.json');
  return { tensors, vocabulary };
}

const tsv = pairs.map(([source, target]) => `${source}\t${target}\n`).join('');

test.each([
  ['pairs.csv', pairs.map((pair) => `${pair.join(',')}\n`).join(''), 'source,target\n', 'csv'],
  [
    'pairs.ndjson',
    pairs.map(([source, target]) => `${JSON.stringify({ target, source })}\n`).join(''),
    '',
    'ndjson',
  ],
  ['pairs.tsv', pairs.map((pair) => `${pair.join('\t')}\tmore\n`).join(''), '', 'tsv'],
  ['named.tsv', pairs.map(([a, b]) => `${b}\t${a}\n`).join(''), 'target\tsource\n', 'tsv'],
  ['pairs.dict', pairs.map((pair) => `${pair.join('  ')}\n`).join(''), ';;; made\n', 'dict'],
])('%s makes the model that lines with tabs make', async (name, lines, header, format) => {
  const expected = await weightsOf('plain.tsv', tsv, '--target-unit', 'char');
  const found = await weightsOf(
    ...[name, header + lines, '--format', format, '--target-unit', 'char'],
  );
  expect(found).toEqual(expected);
});

test('a pipe is read as a file is', async () => {
  const folder = new Folder();
  const args = ['train', '-', ...smallPairs, ...quick];
  const { status } = await folder.run(args, tsv);
  expect(status).toBe(0);
  expect(folder.json('charnn.json').tensors).toEqual((await weightsOf('plain.tsv', tsv)).tensors);
});

const spellings = Array.from({ length: 400 }, (_, i) => {
  const word = reversals(i + 1)
    .split('\n')
    [i].split('\t')[0];
  return [word, Array.from(word, (c) => `${c.toUpperCase()}${c === 'a' ? '1' : 'X'}`).join(' ')];
});
const lexicon = spellings.map((pair) => `${pair.join('  ')}\n`).join('');

test('symbols separated by blanks are learnt, written and counted as such, also after an interruption', async () => {
  const folder = new Folder();
  folder.write('lexicon.dict', lexicon);
  const train = ['train', 'lexicon.dict', ...smallPairs, '--batch-size', '16', '--steps', '600'];
  const { status, stderr } = await folder.run([...train, '--eval-every', '300']);
  expect(status, stderr).toBe(0);
  expect(stderr).toContain('targets are read as symbols separated by blanks (--target-unit)');
  const { text, vocabulary } = folder.json('charnn.json');
  expect(text.pairs).toMatchObject({ source: 'char', target: 'symbol' });
  expect(text.pairs.symbols.toSorted()).toEqual(['A1', 'BX', 'CX', 'DX']);
  // tab, newline, four letters and four symbols
  expect(vocabulary.symbols.length).toBe(10);
  const { stdout } = await folder.run(['convert'], 'abcd\ndad\n');
  expect(stdout).toBe('A1 BX CX DX\nDX A1 DX\n');
  expect((await folder.run(['inspect'])).stdout).toMatch(
    /unit +char to symbol[\s\S]*a b c d.* A1 BX/,
  );
  folder.write('test.dict', 'abcd  A1 BX CX DX\nbad  BX A1 DX\nad  A1 ZZ\n');
  const evaluated = JSON.parse((await folder.run(['eval', 'test.dict', '--json'])).stdout);
  expect(evaluated.wordErrorRate).toBeCloseTo(1 / 3, 12);
  expect(evaluated.symbolErrorRate).toBeCloseTo(1 / 9, 12);
  // the units are remembered when the training goes on, by the same symbols
  const resumed = await folder.run(['train', '--resume', '--steps', '610']);
  expect(resumed.status, resumed.stderr).toBe(0);
  const straight = new Folder();
  straight.write('lexicon.dict', lexicon);
  await straight.run([...train.slice(0, -1), '610', '--eval-every', '300']);
  expect(folder.json('charnn.json').text).toEqual(straight.json('charnn.json').text);
});

test('an unknown symbol of a source is named as it is written', async () => {
  const folder = new Folder();
  folder.write('back.tsv', spellings.map(([word, symbols]) => `${symbols}\t${word}\n`).join(''));
  const args = ['train', 'back.tsv', ...smallPairs, '--batch-size', '16', '--steps', '20', '-q'];
  expect((await folder.run(args)).status).toBe(0);
  expect(folder.json('charnn.json').text.pairs).toMatchObject({ source: 'symbol', target: 'char' });
  const { stdout, stderr } = await folder.run(['convert'], 'A1 QQ BX\n');
  expect(stdout.split('\n').length).toBe(2);
  expect(stderr).toContain('1 character is unknown to the model ("QQ")');
});

test('bytes on one side are learnt and written as bytes', async () => {
  const folder = new Folder();
  folder.write('pairs.tsv', reversals(300).replaceAll('A', 'é'));
  const { status, stderr } = await folder.run([
    ...quickPairs,
    '--epochs',
    '20',
    '--target-unit',
    'byte',
  ]);
  expect(status, stderr).toBe(0);
  expect((await folder.run(['convert'], 'cab\n')).stdout).toBe('BéC\n');
});

test('lines that are no pairs are named with their number, and counted', async () => {
  const folder = new Folder();
  folder.write('pairs.ndjson', `${'{"source":"a","target":"b"}\n'.repeat(30)}[]\n{"source":"a"}\n`);
  const args = ['train', 'pairs.ndjson', ...smallPairs, '--steps', '2'];
  const { status, stderr } = await folder.run(args);
  expect(status, stderr).toBe(0);
  expect(stderr).toContain(
    'left out 2 lines of the text: line 31 has no target, line 32 has no target',
  );
});

test.each([
  [['--source-unit', 'symbol'], '--source-unit needs --pairs'],
  [
    ['--pairs', '--unit', 'byte', '--target-unit', 'symbol'],
    '--unit byte is for both sides of pairs',
  ],
  [['--format', 'dict'], '--format dict is for pairs: give --pairs'],
  [['--pairs', '--format', 'csv', '--text-column', 'x'], '--text-column'],
])('%j is refused', async (options, message) => {
  const folder = new Folder();
  folder.write('pairs.tsv', tsv);
  const { status, stderr } = await folder.run(['train', 'pairs.tsv', ...options]);
  expect([status, stderr]).toEqual([2, expect.stringContaining(message)]);
});
