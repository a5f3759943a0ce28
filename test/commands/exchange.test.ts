/** `charnn export` and `charnn import`. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { parts } from '../exchange/safetensors-case.js';
import { Folder, verses } from './run.js';

const folder = new Folder();

beforeAll(async () => {
  const trained = await folder.train(verses(6000), '--counts', '3');
  expect(trained.status).toBe(0);
  folder.write('pairs.tsv', 'ab\tba\nbb\tbb\nba\tab\nabb\tbba\n'.repeat(20));
  const pairs = ['--pairs', '--hidden', '8', '--steps', '2', '--threads', '1', '-o', 'pairs.json'];
  expect((await folder.run(['train', 'pairs.tsv', ...pairs, '-q'])).status).toBe(0);
  const more = [
    '--residual',
    '--layer-norm',
    '--normalize',
    'nfc',
    '--documents',
    '--separator',
    '\\n',
  ];
  const other = await folder.train(verses(3000), ...more, '-o', 'other.json');
  expect(other.status).toBe(0);
  await folder.train(verses(1000), '--cell', 'mgu', '-o', 'mgu.json', '-q');
}, 120_000);

describe('safetensors', () => {
  test.each(['charnn.json', 'pairs.json', 'other.json', 'mgu.json'])(
    '%s comes back as the same bytes',
    async (model) => {
      const out = await folder.run(['export', model, '-o', 'out.safetensors']);
      expect(out).toMatchObject({ status: 0, stdout: '' });
      expect(out.stderr).toBe('the model is in out.safetensors\n');
      const back = await folder.run(['import', 'out.safetensors', '-o', 'back.json', '--force']);
      expect(back.status).toBe(0);
      expect(back.stderr).toMatch(
        /^the model is in back\.json: 1 × (lstm|mgu) of 8, \d+ characters\n$/,
      );
      expect(folder.read('back.json').equals(folder.read(model))).toBe(true);
    },
  );

  test('names are made of the other file’s; counts are a tensor, or left out', async () => {
    expect((await folder.run(['export'])).stderr).toContain('charnn.safetensors');
    const { header } = parts(folder.read('charnn.safetensors'));
    expect(header.counts.dtype).toBe('U8');
    await folder.run(['export', '--no-counts', '-o', 'alone.safetensors']);
    const alone = parts(folder.read('alone.safetensors')).header;
    expect(alone.counts).toBeUndefined();
    expect(alone.__metadata__?.counts).toBeUndefined();
    expect((await folder.run(['import', 'alone.safetensors'])).status).toBe(0);
    expect(existsSync(join(folder.path, 'alone.json'))).toBe(true);
    const text = ['eval', 'text.txt', '--json', '-m'];
    const [network, without] = await Promise.all([
      folder.run([...text, 'alone.json']),
      folder.run([...text, 'charnn.json', '--counts-weight', '0']),
    ]);
    expect(network.stdout).toBe(without.stdout);
  });

  test('a model comes out of standard output and of pipes, too', async () => {
    await folder.run(['export', '-o', 'out.safetensors']);
    const { stdoutBytes, status } = await folder.run(['import', 'out.safetensors', '-o', '-']);
    expect([status, stdoutBytes.equals(folder.read('charnn.json'))]).toEqual([0, true]);
    const piped = await folder.shell(
      'charnn import out.safetensors -o >(cat > piped.json); wait $!',
    );
    expect(piped.status).toBe(0);
    expect(folder.read('piped.json').equals(folder.read('charnn.json'))).toBe(true);
    const closed = await folder.shell(
      'charnn import out.safetensors -o - | head -c 10 > /dev/null',
    );
    expect(closed.stderr).toBe('');
    expect(existsSync(join(folder.path, '-'))).toBe(false);
  });

  test.each(['train', 'search'])('%s needs a file, and says so', async (command) => {
    const { status, stderr, stdout } = await folder.run([command, 'text.txt', '-o', '-']);
    expect([status, stdout]).toEqual([2, '']);
    expect(stderr).toMatch(
      /^charnn: --output - would be standard output, and .* is not written there: name/,
    );
    expect(existsSync(join(folder.path, '-'))).toBe(false);
  });

  test('standard output takes it, and a closed pipe is no failure', async () => {
    await folder.run(['export', '-o', 'whole.safetensors']);
    const { stdoutBytes, status } = await folder.run(['export', '-o', '-']);
    expect(status).toBe(0);
    expect(stdoutBytes.equals(folder.read('whole.safetensors'))).toBe(true);
    const closed = await folder.shell('charnn export -o - | head -c 10 > /dev/null');
    expect(closed).toMatchObject({ status: 0, stderr: '' });
  });
});

describe('ONNX', () => {
  test('the ending tells the format, and counts are said to stay behind', async () => {
    const { status, stderr } = await folder.run(['export', '-o', 'net.onnx']);
    expect(status).toBe(0);
    expect(stderr).toMatch(
      /^the graph is in net\.onnx\nthe graph contains only the network: .*counts/,
    );
    expect(folder.read('net.onnx').subarray(0, 10).toString('latin1')).toBe(
      '\x08\x08\x12\x06charnn',
    );
    // an older file of its kind may be replaced
    const again = ['export', '--format', 'ONNX', '-o', 'net.onnx', '--graph', 'sequence', '-q'];
    expect(await folder.run(again)).toMatchObject({ status: 0, stderr: '' });
  });

  test('a model of pairs is refused', async () => {
    const { status, stderr } = await folder.run(['export', 'pairs.json', '-o', 'pairs.onnx']);
    expect(status).toBe(1);
    expect(stderr).toBe(
      'charnn: pairs.json cannot be exported: --pairs is for --format safetensors, not onnx\n',
    );
    expect(existsSync(join(folder.path, 'pairs.onnx'))).toBe(false);
  });

  test('a label is refused for a model of pairs', async () => {
    const label = ['--label', 'author=Keats', '-o', 'labelled.safetensors'];
    const { status, stderr } = await folder.run(['export', 'pairs.json', ...label]);
    expect(status).toBe(2);
    expect(stderr).toContain('--label is for models of texts, but this model was trained on pairs');
    expect(existsSync(join(folder.path, 'labelled.safetensors'))).toBe(false);
  });

  test('a graph over a sequence of a cell that ONNX does not have is refused', async () => {
    const { status, stderr } = await folder.run([
      ...['export', 'mgu.json', '-o', 'mgu.onnx', '--graph', 'sequence'],
    ]);
    expect(status).toBe(1);
    expect(stderr).toMatch(
      /^charnn: mgu\.json cannot be exported as a graph that reads a sequence: .*--graph step\n$/,
    );
  });
});

describe('what is refused before any work', () => {
  test.each<[string, number, readonly string[], string]>([
    [
      'a graph of safetensors',
      2,
      ['export', '--graph', 'sequence'],
      '--graph is for --format onnx',
    ],
    ['a text as the output', 1, ['export', '-o', 'text.txt'], 'so it is not replaced'],
    [
      'the model itself as the output',
      1,
      ['export', '-o', 'charnn.json'],
      'is a model, not a safetensors file',
    ],
    ['no file', 2, ['import'], 'no file given'],
    ['a file that is not there', 1, ['import', 'none.safetensors'], 'no file none.safetensors'],
    [
      'a model as the file',
      1,
      ['import', 'charnn.json', '-o', 'x.json'],
      'does not need to be imported',
    ],
    [
      'an existing model',
      1,
      ['import', 'a.safetensors', '-o', 'charnn.json'],
      'give --force to replace it, or another --output',
    ],
    [
      'a list for a file of charnn’s own',
      2,
      ['import', 'own.safetensors', '-o', 'x.json', '--vocabulary', 'list.json'],
      'leave --vocabulary out',
    ],
  ])('%s', async (_, code, words, message) => {
    folder.write('list.json', '["a"]');
    await folder.run(['export', '-o', 'own.safetensors', '-q']);
    const before = folder.read('charnn.json');
    const { status, stderr } = await folder.run(words);
    expect([status, stderr]).toEqual([code, expect.stringContaining(message)]);
    expect(stderr).toMatch(/^charnn: [^\n]+\n$/);
    expect(folder.read('charnn.json').equals(before)).toBe(true);
    expect(existsSync(join(folder.path, 'x.json'))).toBe(false);
  });
});
