/** `charnn gradients`, the real binary. */
import { expect, test } from 'vitest';
import { Folder, verses } from './run.js';

test('of a model: chart, norms, spectra and clipping; --json has the same as numbers', async () => {
  const folder = new Folder();
  await folder.train(verses(2000), '--clip', '0.01');
  const args = ['gradients', 'text.txt', '--lags', '12', '--positions', '5'];
  const { status, stdout, stderr } = await folder.run(args);
  expect([status, stderr]).toEqual([0, '']);
  expect(stdout).toMatch(/mean norm, over 5 positions of the text/);
  expect(stdout).toMatch(/● h of layer 0 {3}× c of layer 0/);
  expect(stdout).toMatch(/beyond the edge of a chunk of 8 steps/);
  expect(stdout).toMatch(/lstm 0 forget +\d\.\d{4} +\d\.\d{4} +\d\.\d{4}/);
  expect(stdout).toMatch(/at norm 0\.01, in 100 % of the steps/);

  const [found] = JSON.parse((await folder.run([...args, '--json'])).stdout);
  expect(found.byLag).toHaveLength(12);
  expect(found.states.map((s: { state: string }) => s.state)).toEqual(['h', 'c']);
  expect(found.spectra).toHaveLength(4);
  expect(found.spectra[0].singularValues).toHaveLength(8);
  expect(found.clipping).toMatchObject({ by: 'norm', limit: 0.01, shareOfSteps: 1 });
});

test('fresh networks side by side: equal seeds, equal numbers', async () => {
  const folder = new Folder();
  folder.write('text.txt', verses(500));
  const args = ['gradients', 'text.txt', '--cell', 'rnn,gru', '--hidden', '6', '--lags', '9'];
  const first = await folder.run([...args, '--json']);
  const found = JSON.parse(first.stdout);
  expect(found.map(({ name }: { name: string }) => name)).toEqual(['rnn', 'gru']);
  expect(found[0].clipping).toBeUndefined();
  expect((await folder.run([...args, '--json'])).stdout).toBe(first.stdout);
  const { stdout } = await folder.run([...args, '--layers', '1']);
  expect(stdout).toMatch(/● rnn {3}× gru/);
});

test.each([
  [['--cell', 'rnn,lsmt'], /--cell must be one of rnn, lstm, gru, .*, not "lsmt"/],
  [['--hidden', '9'], /--hidden is for untrained networks: give --cell as well/],
  [['--cell', 'rnn', '-m', 'x.json'], /--cell and --model contradict each other/],
  [['--cell', 'lstm,gru', '--layer-norm'], /--layer-norm is for --cell lstm, not gru/],
  [['--layer-norm'], /--layer-norm is for untrained networks/],
  [['--cell', 'rnn', '-o', 'charnn.json'], /"?charnn.json"? is not the name of a page/],
  [['--cell', 'rnn', '--lags', '1000'], /too short for lags up to 1000/],
])('%j is refused in one line', async (options, message) => {
  const folder = new Folder();
  folder.write('text.txt', verses(500));
  const { status, stderr } = await folder.run(['gradients', 'text.txt', ...options]);
  expect(status).toBeGreaterThan(0);
  expect(stderr).toMatch(message);
  expect(stderr.trimEnd().split('\n')).toHaveLength(1);
});
