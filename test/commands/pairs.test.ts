/** Models of pairs by the real binary: trained, resumed, converting lines, evaluated, refused. */
import { expect, test } from 'vitest';
import { Folder, fileAppears, finished } from './run.js';

/** Words of the letters a to d with their reversals in capitals */
function reversals(count: number): string {
  const lines: string[] = [];
  for (let i = 0; lines.length < count; i++) {
    const word = Array.from({ length: 1 + (i % 4) }, (_, k) => 'abcd'[(i >> (2 * k + 1)) & 3]);
    lines.push(`${word.join('')}\t${word.toReversed().join('').toUpperCase()}\n`);
  }
  return lines.join('');
}

const tiny = ['--pairs', '--hidden', '32', '--embedding', '8', '--dropout', '0', '--threads', '1'];
const quick = ['train', 'pairs.tsv', ...tiny, '--batch-size', '16', '-q'];

async function trained(...options: string[]): Promise<Folder> {
  const folder = new Folder();
  folder.write('pairs.tsv', reversals(400));
  const { status, stderr } = await folder.run([...quick, ...options]);
  expect(status, stderr).toBe(0);
  return folder;
}

const learnt = trained('--epochs', '14');

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
  expect(stderr).toContain('1 character is unknown to the model');
  expect(stderr).toContain('1 line is longer than 1000 characters');
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
});

test('files of pairs have a version of their own, which those of texts have not', async () => {
  const folder = await learnt;
  expect(folder.json('charnn.json').version).toBe(5);
  expect(folder.json('charnn.state.json').version).toBe(6);
  const texts = new Folder();
  await texts.train('some text that is learnt '.repeat(20));
  expect(texts.json('charnn.json').version).toBe(3);
  const { status, stderr } = await texts.run(['convert'], 'a\n');
  expect([status, stderr]).toEqual([1, expect.stringContaining('trained on a text, not on pairs')]);
});

test.each([
  ['sample'],
  ['score', 'pairs.tsv'],
  ['visualize', 'pairs.tsv'],
  ['gradients', 'pairs.tsv'],
  ['compress', 'pairs.tsv', '-m', 'charnn.json'],
  ['train', 'pairs.tsv', '--init-from', 'charnn.json', '-o', 'new.json'],
])('%s refuses a model of pairs in a line', async (...args) => {
  const { status, stderr } = await (await learnt).run(args);
  expect(status).toBe(1);
  expect(stderr).toMatch(/^charnn: .*charnn\.json.* was trained on pairs.*charnn convert/m);
});

test('a file of pairs with more than one layer is refused', async () => {
  const folder = await learnt;
  const file = folder.json('charnn.json');
  folder.write('two.json', JSON.stringify({ ...file, model: { ...file.model, layers: 2 } }));
  const { status, stderr } = await folder.run(['convert', '-m', 'two.json'], 'a\n');
  expect([status, stderr]).toEqual([1, expect.stringContaining('pairs goes with one layer')]);
});

test('inspect and report show a model of pairs', async () => {
  const folder = await learnt;
  expect((await folder.run(['inspect'])).stdout).toContain('attention.weight');
  const { status } = await folder.run(['report', 'charnn.json', '-o', 'report.html']);
  expect(status).toBe(0);
});

test('a training that is killed and resumed makes the same bytes', async () => {
  const long = ['--steps', '300', '--eval-every', '20', '--seed', '5'];
  const calm = await trained(...long);
  const killed = new Folder();
  killed.write('pairs.tsv', reversals(400));
  const child = killed.start([...quick, ...long]);
  const outcome = finished(child);
  await fileAppears(killed, 'charnn.state.json');
  child.kill('SIGKILL');
  await outcome;
  expect(killed.json('charnn.state.json').step).toBeLessThan(300);
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

test('lines that are no pairs are named with their number, and counted', async () => {
  const folder = new Folder();
  folder.write('pairs.tsv', `${reversals(60)}no tab\n\tb\na\t\n\nab\tBA\tmore\nalso none\n`);
  const { status, stderr } = await folder.run(['train', 'pairs.tsv', ...tiny, '--steps', '1']);
  expect(status).toBe(0);
  expect(stderr).toContain(
    'left out 4 lines of the text: line 61 has no tab, line 62 has an empty source, line 63 has an empty target, …',
  );
  expect(stderr).toContain('1 line has more than two columns');
});

test.each([
  ['no pair at all\nnor here\n', [], 1, 'the text has no pairs'],
  ['a\t\nb\t\n', [], 1, 'line 1 has an empty target'],
  ['a\tb\n', ['--layers', '2'], 2, '--pairs has --layers 1'],
  ['a\tb\n', ['--layer-norm'], 2, '--pairs does not go with --layer-norm'],
  ['a\tb\n', ['--documents'], 2, '--pairs does not go with --documents'],
  ['a\tb\n', ['--seq-length', '9'], 2, '--pairs does not go with --seq-length'],
])('%j with %j is refused', async (text, options, code, message) => {
  const folder = new Folder();
  folder.write('pairs.tsv', text);
  const { status, stderr } = await folder.run(['train', 'pairs.tsv', '--pairs', ...options]);
  expect([status, stderr]).toEqual([code, expect.stringContaining(message)]);
});
