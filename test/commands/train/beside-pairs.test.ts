/** Labels and vectors beside pairs: trained with, converted with, evaluated, and refused where they are wrong. */
import { expect, test } from 'vitest';
import { reversals, smallPairs } from '../pair-training.js';
import { Folder } from '../run.js';

const words = [...new Set(reversals(500).match(/^[a-d]+/gm))];
const forms = words.flatMap((word) => [
  ['up', word, word.toUpperCase()],
  ['back', word, Array.from(word).reverse().join('')],
]);

/** A folder with a model that has learnt two forms of each word */
async function labelled(...options: string[]): Promise<Folder> {
  const folder = new Folder();
  const rows = forms.map((row) => row.join(','));
  folder.write('forms.csv', `form,source,target\n${rows.join('\n')}\n`);
  const table = ['forms.csv', '--format', 'csv', '--label', 'form'];
  const { status, stderr } = await folder.run([
    ...['train', ...table, ...smallPairs, '--batch-size', '16', '-q', ...options],
  ]);
  expect(status, stderr).toBe(0);
  return folder;
}

const learnt = labelled('--epochs', '30');

test('the label says which form is written, for all lines or for each', async () => {
  const folder = await learnt;
  expect(folder.json('charnn.json').beside).toEqual({
    labels: [{ name: 'form', values: ['back', 'up'] }],
  });
  const up = await folder.run(['convert', '--label', 'form=up'], 'abc\ndcb\n');
  expect(up.stdout).toBe('ABC\nDCB\n');
  const rows = 'source\tform\nabc\tback\nabc\tup\nbcd\tback\n';
  const each = await folder.run(['convert', '--format', 'tsv'], rows);
  expect(each.stdout).toBe('cba\nABC\ndcb\n');
  const objects = '{"source":"abc","labels":{"form":"up"}}\n{"source":"abc","form":"back"}\n';
  const json = await folder.run(['convert', '--format', 'ndjson', '--beam', '3'], objects);
  expect(json.stdout).toBe('ABC\ncba\n');
});

test('eval reads the labels from the columns of their names', async () => {
  const folder = await learnt;
  folder.write('test.csv', 'source,target,form\nabc,cba,back\nabc,ABC,up\nabc,cba,up\n');
  const { stdout } = await folder.run(['eval', 'test.csv', '--format', 'csv', '--json']);
  // the third is another target of the second's source
  expect(JSON.parse(stdout)).toMatchObject({ pairs: 3, sources: 2, wordErrorRate: 0 });
});

test('a resumed training knows its labels', async () => {
  const folder = await labelled('--steps', '3');
  const { beside, model } = folder.json('charnn.json');
  expect((await folder.run(['train', '--resume', '--steps', '5', '-q'])).status).toBe(0);
  const state = folder.json('charnn.state.json');
  expect([state.step, state.beside, state.model.labels]).toEqual([5, beside, model.labels]);
});

test.each([
  [
    ['--label', 'form=bakc'],
    'a\n',
    1,
    'the model was not trained with form "bakc"; it knows "back", "up"',
  ],
  [['--label', 'from=up'], 'a\n', 2, 'the model has the label form'],
  [['--label', 'form'], 'a\n', 2, 'give NAME=VALUE'],
  [[], 'a\n', 2, 'the model needs form for each source'],
  [
    ['--format', 'tsv'],
    'source\tform\na\tup\nb\tdown\n',
    1,
    'line 3: the model was not trained with form',
  ],
  [['--format', 'tsv'], 'source\na\n', 2, 'has no column form'],
])('convert refuses %j', async (options, input, code, message) => {
  const { status, stderr } = await (await learnt).run(['convert', ...options], input);
  expect([status, stderr]).toEqual([code, expect.stringContaining(message)]);
});

test('a file whose labels are not those of its network is refused', async () => {
  const folder = await learnt;
  const file = folder.json('charnn.json');
  const labels = [{ name: 'form', values: ['back'] }];
  folder.write('other.json', JSON.stringify({ ...file, beside: { labels } }));
  const { status, stderr } = await folder.run(['convert', '-m', 'other.json'], 'a\n');
  expect([status, stderr]).toEqual([
    1,
    expect.stringContaining('labels must have as many labels and values as the network'),
  ]);
});

const units = ['a', 'b', 'c', 'd'];

/** Lists of vectors that stand for letters, with the word as the target, as lines of JSON */
function shown(list: readonly string[]): string {
  const lines = list.map((word) => {
    const vector = Array.from(word, (letter) => units.map((unit) => (unit === letter ? 9 : 1)));
    return JSON.stringify({ vector, target: word });
  });
  return `${lines.join('\n')}\n`;
}

test('targets of lists of vectors, without any source, are learnt, and written for new lists', async () => {
  const folder = new Folder();
  const known = words.filter((word) => word !== 'abc' && word !== 'dcb');
  folder.write('shown.ndjson', shown(known));
  const { status, stderr } = await folder.run([
    ...['train', 'shown.ndjson', '--vector', 'vector', ...smallPairs],
    ...['--batch-size', '16', '--epochs', '60', '-q'],
  ]);
  expect(status, stderr).toBe(0);
  expect(folder.json('charnn.json').model.vectors.size).toBe(4);
  const { stdout } = await folder.run(['convert'], shown(['abc', 'd', 'dcb']));
  expect(stdout).toBe('abc\nd\ndcb\n');
  const evaluated = await folder.run(['eval', 'shown.ndjson', '--json']);
  expect(JSON.parse(evaluated.stdout).sources).toBe(known.length);
  const wrong = await folder.run(['convert'], '{"vector":[1,2]}\n');
  expect([wrong.status, wrong.stderr]).toEqual([
    1,
    expect.stringContaining('line 1 has a vector of 2 numbers, but others have 4'),
  ]);
});

test.each([
  [['--vector', 'x', '--embedding', '0'], 2, '--vector needs embeddings'],
  [['--label', 'x', '--label', 'x'], 2, 'names the column x twice'],
  [['--label', 'z'], 2, 'has no column z'],
])('training with %j is refused', async (options, code, message) => {
  const folder = new Folder();
  folder.write('pairs.tsv', 'source\ttarget\tx\na\tb\t1\nc\td\t2\n');
  const { status, stderr } = await folder.run(['train', 'pairs.tsv', '--pairs', ...options]);
  expect([status, stderr]).toEqual([code, expect.stringContaining(message)]);
});

test('a field that is no vector is named', async () => {
  const folder = new Folder();
  folder.write('pairs.tsv', 'source\ttarget\tx\na\tb\t1 2\nc\td\tone\n');
  const train = ['train', 'pairs.tsv', '--pairs', '--vector', 'x'];
  const { status, stderr } = await folder.run(train);
  expect([status, stderr]).toEqual([1, expect.stringContaining('line 3: "one" is not a vector')]);
});

test('labels and vectors need a table', async () => {
  const folder = new Folder();
  folder.write('text.txt', 'a text '.repeat(100));
  for (const option of ['--label', '--vector']) {
    const { status, stderr } = await folder.run(['train', 'text.txt', option, 'x']);
    expect([status, stderr]).toEqual([2, expect.stringContaining(option)]);
  }
});
