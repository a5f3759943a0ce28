/** Language models with labels: trained on a table, sampled, scored and evaluated for a label. */
import { expect, test } from 'vitest';
import { Folder } from '../run.js';

const words: Readonly<Record<string, readonly string[]>> = {
  cat: ['meow', 'purr'],
  dog: ['woof', 'bark'],
};

/** Lines that each have the words of one kind alone */
function sounds(count: number): string {
  const rows = Array.from({ length: count }, (_, i) => {
    const kind = i % 3 === 0 ? 'dog' : 'cat';
    const said = Array.from({ length: 2 + (i % 2) }, (_, k) => words[kind][((i * 7) >> k) & 1]);
    return `${said.join(' ')}\t${kind}\n`;
  });
  return `text\tkind\n${rows.join('')}`;
}

const table = ['--format', 'tsv', '--text-column', 'text'];
const shape = ['--layers', '1', '--hidden', '24', '--embedding', '8', '--threads', '1'];
const small = [...table, '--label', 'kind', ...shape, '--dropout', '0', '-q'];

async function labelled(...options: string[]): Promise<Folder> {
  const folder = new Folder();
  folder.write('sounds.tsv', sounds(400));
  const { status, stderr } = await folder.run(['train', 'sounds.tsv', ...small, ...options]);
  expect(status, stderr).toBe(0);
  return folder;
}

const learnt = labelled('--steps', '400', '--counts', '0');

test('records are written for the label that is chosen, and scored by it', async () => {
  const folder = await learnt;
  expect(folder.json('charnn.json').beside.labels).toEqual([
    { name: 'kind', values: ['cat', 'dog'] },
  ]);
  for (const [kind, own] of Object.entries(words)) {
    const sample = ['sample', '--label', `kind=${kind}`, '-n', '20', '--temp', '0.5', '-q'];
    const { stdout } = await folder.run(sample);
    const said = stdout.split(/\s+/).filter((word) => word !== '');
    const right = said.filter((word) => own.includes(word));
    expect(right.length / said.length, stdout).toBeGreaterThan(0.8);
  }
  const scoreOf = async (kind: string) => {
    const { stdout } = await folder.run(['score', '--label', `kind=${kind}`, '-q'], 'woof bark\n');
    return Number.parseFloat(stdout);
  };
  expect(await scoreOf('dog')).toBeLessThan(0.5 * (await scoreOf('cat')));
});

test('eval reads the labels of a table; a label for all gives what its records come to', async () => {
  const folder = await learnt;
  const loss = async (...args: string[]) =>
    JSON.parse((await folder.run(['eval', ...args, '--json', '-q'])).stdout).loss as number;
  const whole = await loss('sounds.tsv', ...table);
  const validation = folder.json('charnn.json').history.at(-1).validationLoss;
  expect(Math.abs(whole - validation)).toBeLessThan(0.1);
  folder.write('dogs.tsv', 'text\tkind\nwoof bark\tdog\nbark woof\tdog\n');
  folder.write('dogs.txt', 'woof bark\nbark woof\n');
  const dogs = await loss('dogs.tsv', ...table);
  expect(await loss('dogs.txt', '--label', 'kind=dog')).toBeCloseTo(dogs, 5);
  expect(await loss('dogs.txt', '--label', 'kind=cat')).toBeGreaterThan(2 * dogs);
});

test('a text ends with its record, and --stop says otherwise', async () => {
  const folder = await learnt;
  const sample = ['sample', '--label', 'kind=cat', '-l', '200', '--seed', '3', '-q'];
  const { stdout: one } = await folder.run(sample);
  expect(one).not.toContain('\n');
  expect(one.length).toBeLessThan(40);
  const records = (await folder.run([...sample, '-n', '3'])).stdout;
  expect(records.split('\n')[0]).toBe(one);
  const { stdout: prompted } = await folder.run([...sample, '-p', 'me']);
  expect(prompted).toMatch(/^me.{0,40}$/);
  const { stdout: until } = await folder.run([...sample, '--until', '\\n']);
  expect(until).toBe(`${one}\n`);
});

test('a training with counts, in pieces, is the same as in one, on one thread and a validation file', async () => {
  const folders = [new Folder(), new Folder()];
  for (const folder of folders) {
    folder.write('sounds.tsv', sounds(500));
    folder.write('val.tsv', sounds(30));
  }
  const train = ['train', 'sounds.tsv', ...small, '--val-file', 'val.tsv', '--counts', '3'];
  const [whole, pieces] = folders;
  expect((await whole.run([...train, '--steps', '8', '--schedule', 'constant'])).status).toBe(0);
  expect((await pieces.run([...train, '--steps', '4', '--schedule', 'constant'])).status).toBe(0);
  expect((await pieces.run(['train', '--resume', '--steps', '8', '-q'])).status).toBe(0);
  const [a, b] = folders.map((folder) => folder.json('charnn.state.json'));
  expect([b.step, b.tensors]).toEqual([8, a.tensors]);
});

test('a new value of a label joins those of the model that a training starts from', async () => {
  const folder = await learnt;
  folder.write('more.tsv', `${sounds(200)}moo\tcow\n`);
  const go = ['train', 'more.tsv', ...table, '--init-from', 'charnn.json', '-o', 'more.json'];
  const train = [...go, '--threads', '1', '--steps', '1', '--counts', '0', '-q'];
  const { status, stderr } = await folder.run([...train, '--label', 'kind']);
  expect(status, stderr).toBe(0);
  expect(folder.json('more.json').beside.labels[0].values).toEqual(['cat', 'cow', 'dog']);
  const dog = ['score', '--label', 'kind=dog', '-q', '-m'];
  const [before, after] = [
    await folder.run([...dog, 'charnn.json'], 'woof bark\n'),
    await folder.run([...dog, 'more.json'], 'woof bark\n'),
  ].map(({ stdout }) => Number.parseFloat(stdout));
  expect(Math.abs(after - before)).toBeLessThan(0.2);
  const without = await folder.run([...train, '--force']);
  expect([without.status, without.stderr]).toEqual([
    2,
    expect.stringContaining('its labels are kind; give --label'),
  ]);
});

test.each([
  [['sample'], '', 2, 'the model was trained with the label kind: give --label kind=…'],
  [
    ['sample', '--label', 'kind=cow'],
    '',
    1,
    'the model was not trained with kind "cow"; it knows "cat", "dog"',
  ],
  [['sample', '--label', 'sort=cat'], '', 2, 'the model has the label kind'],
  [['sample', '--label', 'kind=cat', '--label', 'kind=dog'], '', 2, 'gives kind twice'],
  [['score'], 'woof\n', 2, 'the model was trained with the label kind'],
  [['eval', 'dogs.txt'], '', 2, 'the model was trained with the label kind'],
  [['export', '-o', 'model.onnx'], '', 2, 'the model was trained with the label kind'],
  [['which', 'charnn.json', 'charnn.json'], 'a\n', 2, 'the model was trained with the label kind'],
])('%j is refused', async (args, input, code, message) => {
  const folder = await learnt;
  folder.write('dogs.txt', 'woof bark\n');
  const { status, stderr } = await folder.run(args, input);
  expect([status, stderr]).toEqual([code, expect.stringContaining(message)]);
});

test('compress uses the model for a label, and decompress needs the same', async () => {
  const folder = await learnt;
  folder.write('dogs.txt', 'woof bark\nbark woof\n'.repeat(30));
  const compressed = ['compress', 'dogs.txt', '-m', 'charnn.json', '--label', 'kind=dog'];
  const { status, stdoutBytes } = await folder.run(compressed);
  expect(status).toBe(0);
  folder.write('dogs.cz', stdoutBytes);
  const restored = await folder.run([
    ...['decompress', 'dogs.cz', '-m', 'charnn.json', '--label', 'kind=dog'],
  ]);
  expect(restored.stdout).toBe('woof bark\nbark woof\n'.repeat(30));
  const other = ['decompress', 'dogs.cz', '-m', 'charnn.json', '--label', 'kind=cat'];
  expect((await folder.run(other)).status).toBe(1);
});
