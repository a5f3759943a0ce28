/** Models whose weights are finite and overflow when they are multiplied: said so, and never ranked or compared. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { writeModel } from '#charnn/checkpoint/model-file.js';
import type { Model } from '#charnn/model/model-data.js';
import { Folder } from '../commands/run.js';
import { RunningServer } from '../serve/server.js';
import { buildModel } from '../small-model.js';

const folder = new Folder();

beforeAll(async () => {
  const write = (name: string, model: Model) =>
    writeModel(join(folder.path, name), model, { plainWeights: false });
  const sizes = { hidden: 8, embedding: 8 } as const;
  const model = buildModel({ symbols: '\nab', cell: 'lstm', ...sizes });
  const pairs = buildModel({ symbols: '\t\nab', pairs: true, ...sizes });
  // of both signs, so that infinite products cancel out
  const overflowing = (given: Model) => ({
    ...given,
    weights: given.weights.map((weight) => (weight < 0 ? -3e38 : 3e38)),
  });
  await write('good.json', model);
  await write('large.json', overflowing(model));
  await write('pairs.json', overflowing(pairs));
  // all of one sign, so that every logit is infinite whatever has been drawn
  await write('infinite.json', { ...model, weights: model.weights.map(() => 3e38) });
  folder.write('lines.txt', 'abba\n'.repeat(9));
  folder.write('pairs.tsv', 'a\tb\nb\ta\n'.repeat(9));
});

describe('the model cannot predict', () => {
  test.each([
    ['score', ['score', '-m', 'large.json', 'lines.txt']],
    ['score --threshold', ['score', '-m', 'large.json', 'lines.txt', '--threshold', '1']],
    [
      'score --top --window',
      ['score', '-m', 'large.json', 'lines.txt', '--top', '1', '--window', '3'],
    ],
    ['score --total', ['score', '-m', 'large.json', 'lines.txt', '--total']],
    ['eval', ['eval', '-m', 'large.json', 'lines.txt']],
    ['eval --dynamic', ['eval', '-m', 'large.json', 'lines.txt', '--dynamic']],
    ['sample', ['sample', '-m', 'large.json', '-l', '9', '--no-echo']],
    ['sample --temp 0', ['sample', '-m', 'large.json', '-l', '9', '--temp', '0']],
    ['sample --top-p', ['sample', '-m', 'large.json', '-n', '3', '--top-p', '0.9']],
    ['sample --beam', ['sample', '-m', 'large.json', '-l', '9', '--beam', '3']],
    ['visualize', ['visualize', 'lines.txt', '-m', 'large.json', '-o', 'seen.html']],
    ['convert', ['convert', '-m', 'pairs.json', 'lines.txt']],
    ['convert --beam', ['convert', '-m', 'pairs.json', 'lines.txt', '--n-best', '3', '--scores']],
    ['eval of pairs', ['eval', '-m', 'pairs.json', 'pairs.tsv']],
    ['publish', ['publish', 'large.json', '--weights', 'int8', '-q', '-o', 'page.html']],
  ])('%s', async (_, args) => {
    const { status, stdout, stderr } = await folder.run(args);
    expect([status, stdout]).toEqual([1, '']);
    expect(stderr.trim().split('\n').at(-1)).toMatch(
      /^charnn: the model cannot predict: its weights are so large that [^\n]*$/,
    );
  });

  test('training cannot start from it', async () => {
    const words = [
      'lines.txt',
      '--init-from',
      'large.json',
      '-o',
      'new.json',
      '--steps',
      '3',
      '-q',
    ];
    const { status, stdout, stderr } = await folder.run(['train', ...words]);
    expect([status, stdout]).toEqual([1, '']);
    expect(stderr).toMatch(/^charnn: the model to start from cannot predict: [^\n]*\n$/m);
    expect(existsSync(join(folder.path, 'new.json'))).toBe(false);
  });

  test('which names the one of several models that is broken', async () => {
    const args = ['which', 'good.json', 'large.json', '--text', 'lines.txt'];
    const { status, stdout, stderr } = await folder.run(args);
    expect([status, stdout]).toEqual([1, '']);
    expect(stderr).toMatch(/^charnn: model 2 of 2 cannot predict: [^\n]*\n$/);
  });

  test('a request to a server, which goes on', async () => {
    const server = await RunningServer.start(folder, 'infinite.json');
    const told = /^the model cannot predict: its weights are so large that /;
    for (const [path, body] of [
      ['/v1/completions', { prompt: 'a', max_tokens: 3 }],
      ['/v1/completions', { prompt: 'a', max_tokens: 3, temperature: 0, n: 2 }],
      ['/score', { input: ['ab'] }],
    ] as const) {
      const { error } = await server.json(path, body);
      expect(error.message).toMatch(told);
    }
    expect(await server.stop()).toBe(143);
  });
});
