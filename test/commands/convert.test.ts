/** `charnn convert`, and what other commands make of a model of pairs. */
import { expect, test } from 'vitest';
import { reversals, trainedOnPairs } from './pair-training.js';
import { Folder } from './run.js';

const learnt = trainedOnPairs('--epochs', '60');

test('words that were never seen are reversed, a line out for each line in, in order', async () => {
  const folder = await learnt;
  const words = ['abcd', 'd', '', 'cab', 'ddca', 'bb'];
  const { status, stdout } = await folder.run(['convert'], `${words.join('\r\n')}\n`);
  expect(status).toBe(0);
  const expected = words.map((word) => Array.from(word).reverse().join('').toUpperCase());
  expect(stdout).toBe(`${expected.join('\n')}\n`);
});

test('what is converted does not depend on threads and back end', async () => {
  const folder = await learnt;
  folder.write('words.txt', reversals(3000).replace(/\t.*/g, ''));
  const outputs = await Promise.all(
    [
      ['1', 'native'],
      ['2', 'native'],
      ['1', 'wasm'],
    ].map(([threads, backend]) =>
      folder.run(['convert', 'words.txt', '--threads', threads, '--backend', backend]),
    ),
  );
  expect(outputs[0].stdout.split('\n').length).toBe(3001);
  for (const { status, stdout } of outputs) {
    expect(status).toBe(0);
    expect(stdout).toBe(outputs[0].stdout);
  }
});

test('an unknown character is answered all the same, and named; a line that is too long, too', async () => {
  const folder = await learnt;
  const { status, stdout, stderr } = await folder.run(
    ['convert'],
    `aéb\n${'a'.repeat(1001)}\nab\n`,
  );
  expect(status).toBe(0);
  const [unknown, long, known] = stdout.split('\n');
  expect([unknown.length > 0, long, known]).toEqual([true, '', 'BA']);
  expect(stderr).toContain('1 character is unknown to the model ("é")');
  expect(stderr).toContain('1 line is longer than 1000 characters');
});

test('a beam of 1 is greedy search, and a wider one gives as many targets as are wanted', async () => {
  const folder = await learnt;
  const words = 'abcd\ncab\n\nddca\n';
  const [greedy, one, several] = await Promise.all([
    folder.run(['convert'], words),
    folder.run(['convert', '--beam', '1'], words),
    folder.run(['convert', '--n-best', '3', '--scores'], words),
  ]);
  expect(one.stdout).toBe(greedy.stdout);
  const rows = several.stdout.split('\n').map((line) => line.split('\t'));
  expect(rows.map(([source]) => source)).toEqual([
    'abcd',
    'abcd',
    'abcd',
    'cab',
    'cab',
    'cab',
    '',
    'ddca',
    'ddca',
    'ddca',
    '',
  ]);
  // a source without a target has no scores
  expect(rows[6]).toEqual(['', '', '', '']);
  expect([rows[0][1], rows[3][1], rows[7][1]]).toEqual(['DCBA', 'BAC', 'ACDD']);
  for (const [, target, logProbability, bits] of rows.filter((row) => row[3])) {
    const expected = -Number(logProbability) / Math.LN2 / (target.length + 1);
    expect(Number(bits)).toBeCloseTo(expected, 5);
  }
  for (const first of [0, 3, 7]) {
    const bits = rows.slice(first, first + 3).map((row) => Number(row[3]));
    expect(bits).toEqual(bits.toSorted((a, b) => a - b));
  }
});

test('with a threshold the source or a mark stands for what is unsure', async () => {
  const folder = await learnt;
  const words = 'abcd\nABzd\n';
  const scored = await folder.run(['convert', '--scores', '-q'], words);
  const [sure, unsure] = scored.stdout.split('\n').map((line) => Number(line.split('\t')[2]));
  expect(sure).toBeLessThan(unsure);
  const own = await folder.run(['convert', '--threshold', String(sure)], words);
  expect(own.stdout).toBe('DCBA\nABzd\n');
  expect(own.stderr).toContain(
    '1 source has no target within --threshold, so the source is printed instead',
  );
  const marked = await folder.run(['convert', '--threshold', String(sure), '--mark', '?'], words);
  expect(marked.stdout).toBe('DCBA\n?\n');
  const all = await folder.run(['convert', '--threshold', String(unsure), '-q'], words);
  expect(all.stdout).toBe((await folder.run(['convert', '-q'], words)).stdout);
});

test.each([
  [
    ['--beam', '2', '--n-best', '3'],
    '--beam 2 finds no more than 2 targets: give at least --beam 3',
  ],
  [['--mark', '?'], '--mark is for targets that --threshold leaves out'],
  [['--beam', '0'], '--beam'],
  [['--format', 'dict'], 'convert reads only sources'],
  [['--text-column', 'word'], '--text-column needs a table'],
] as const)('%j is refused', async (options, message) => {
  const { status, stdout, stderr } = await (await learnt).run(['convert', ...options], 'a\n');
  expect([status, stdout, stderr]).toEqual([2, '', expect.stringContaining(message)]);
});

test('sources come as a column of a table, too', async () => {
  const folder = await learnt;
  const json = '{"source":"ab","id":1}\n{"id":2,"source":"cd"}\n';
  const { stdout } = await folder.run(['convert', '--format', 'ndjson'], json);
  expect(stdout).toBe('BA\nDC\n');
  const csv = 'id,word\n1,ab\n2,cd\n';
  const named = await folder.run(['convert', '--format', 'csv', '--text-column', 'word'], csv);
  expect(named.stdout).toBe('BA\nDC\n');
});

test('eval counts wrong words and edits, and takes the nearest of several targets', async () => {
  const folder = await learnt;
  folder.write('test.tsv', 'ab\tBA\nab\tXX\ncd\tDA\nabcd\tDCBA\nd\tD');
  const { stdout } = await folder.run(['eval', 'test.tsv', '--json']);
  const result = JSON.parse(stdout);
  expect(result).toMatchObject({ pairs: 5, sources: 4, wordErrorRate: 0.25 });
  expect(result.characterErrorRate).toBeCloseTo(1 / 9, 12);
  expect(result.bitsPerCharacter).toBeGreaterThan(0);
  expect((await folder.run(['eval', 'test.tsv'])).stdout).toContain('25.00 % of 4 sources');
  const beam = await folder.run(['eval', 'test.tsv', '--json', '--beam', '3']);
  expect(JSON.parse(beam.stdout)).toMatchObject({ wordErrorRate: 0.25, loss: result.loss });
});

test('convert refuses a model of a text', async () => {
  const texts = new Folder();
  await texts.train('some text that is learnt '.repeat(20), '-q');
  const { status, stderr } = await texts.run(['convert'], 'a\n');
  expect([status, stderr]).toEqual([1, expect.stringContaining('trained on a text, not on pairs')]);
});

test.each([
  ['sample'],
  ['score', 'pairs.tsv'],
  ['gradients', 'pairs.tsv'],
  ['compress', 'pairs.tsv', '-m', 'charnn.json'],
])('%s refuses a model of pairs in a line', async (...args) => {
  const { status, stderr } = await (await learnt).run(args);
  expect(status).toBe(1);
  expect(stderr).toMatch(/^charnn: .*charnn\.json.* was trained on pairs.*charnn convert/m);
});

test('a file whose tensors are not those of its network is refused', async () => {
  const folder = await learnt;
  const file = folder.json('charnn.json');
  for (const other of [{ layers: 2 }, { attention: 'dot' }]) {
    folder.write('other.json', JSON.stringify({ ...file, model: { ...file.model, ...other } }));
    const { status, stderr } = await folder.run(['convert', '-m', 'other.json'], 'a\n');
    expect([status, stderr]).toEqual([1, expect.stringContaining('tensors')]);
  }
});

test('inspect and report show a model of pairs', async () => {
  const folder = await learnt;
  expect((await folder.run(['inspect'])).stdout).toContain('attention.weight');
  const { status } = await folder.run(['report', 'charnn.json', '-o', 'report.html']);
  expect(status).toBe(0);
});
