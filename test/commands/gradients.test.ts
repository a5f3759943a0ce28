/** `charnn gradients`, the real binary. */
import { describe, expect, test } from 'vitest';
import { Folder, small, verses } from './run.js';

test('of a model: chart, norms, spectra and clipping; --json has the same as numbers', async () => {
  const folder = new Folder();
  await folder.train(verses(2000), '--clip', '0.01', '-q');
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

interface Found {
  readonly name: string;
  readonly regime: { kind: string; factor: number; peak?: number };
  readonly byLag: readonly { lag: number; mean: number }[];
  readonly spectra: readonly { singularValues: readonly number[]; spectralRadius: number }[];
  readonly truncated?: readonly {
    seqLength: number;
    activationBytes: number;
    error: number;
    cosine: number;
  }[];
}

/** A text that is long enough for the windows, and a small vanilla network */
const vanilla = ['--hidden', '24', '--layers', '1', '--embedding', '8', '--positions', '6'];

async function measured(...args: string[]): Promise<Found[]> {
  const folder = new Folder();
  folder.write('text.txt', verses(2500));
  const { status, stdout, stderr } = await folder.run(['gradients', 'text.txt', '--json', ...args]);
  expect(status, stderr).toBe(0);
  return JSON.parse(stdout);
}

describe('--recurrent-scale', () => {
  test('without input the norm follows the power of the factor within 2 %', async () => {
    const scales = [0.5, 0.9, 1, 1.1, 1.5];
    const given = ['--recurrent-scale', scales.join(), '--input-scale', '0', '--lags', '60'];
    const found = await measured(...given, ...vanilla);
    found.forEach(({ byLag, spectra, regime }, i) => {
      const s = scales[i];
      for (const { lag, mean } of byLag) {
        expect(Math.abs(mean / byLag[0].mean / s ** (lag - 1) - 1)).toBeLessThan(0.02);
      }
      for (const value of spectra[0].singularValues)
        expect(Math.abs(value / s - 1)).toBeLessThan(1e-5);
      expect(regime.kind).toBe(s < 1 ? 'vanishes' : s > 1 ? 'explodes' : 'keeps');
    });
  });

  test('with very small inputs it does the same up to a factor of 1', async () => {
    const given = ['--recurrent-scale', '0.5,0.9,1', '--input-scale', '1e-4', '--lags', '40'];
    const found = await measured(...given, ...vanilla);
    for (const [i, s] of [0.5, 0.9, 1].entries()) {
      const { byLag } = found[i];
      for (const { lag, mean } of byLag) {
        expect(Math.abs(mean / byLag[0].mean / s ** (lag - 1) - 1)).toBeLessThan(0.02);
      }
    }
  });

  test('with ordinary inputs it vanishes below 1 and explodes far above', async () => {
    const found = await measured('--recurrent-scale', '0.5,1,3', '--lags', '60', ...vanilla);
    const growth = found.map(({ byLag }) => byLag[59].mean / byLag[0].mean);
    expect(growth[0]).toBeLessThan(1e-15);
    // tanh shrinks what the matrix would keep
    expect(growth[1]).toBeLessThan(0.5);
    expect(growth[2]).toBeGreaterThan(10);
    expect(found.map(({ regime }) => regime.kind)).toEqual(['vanishes', 'vanishes', 'explodes']);
  });

  test('makes every gate of every cell so, equations included', async () => {
    const cells = 'rnn,lstm,gru,mgu';
    const given = ['--cell', cells, '--recurrent-scale', '0.7', '--lags', '5'];
    const found = await measured(...given, ...vanilla);
    expect(found).toHaveLength(4);
    for (const { spectra } of found) {
      for (const { singularValues } of spectra) {
        for (const value of singularValues) expect(Math.abs(value / 0.7 - 1)).toBeLessThan(1e-5);
      }
    }
  });
});

test('--seq-length with several lengths: shorter chunks, less memory, another gradient', async () => {
  const given = ['--cell', 'lstm', '--seq-length', '16,64,256,full', '--lags', '20'];
  const [{ truncated = [] }] = await measured(...given, ...vanilla);
  expect(truncated.map(({ seqLength }) => seqLength)).toEqual([16, 64, 256, 1024]);
  for (let i = 1; i < truncated.length; i++) {
    const [shorter, longer] = [truncated[i - 1], truncated[i]];
    expect(longer.activationBytes / shorter.activationBytes).toBeCloseTo(
      longer.seqLength / shorter.seqLength,
      6,
    );
    expect(longer.error).toBeLessThan(shorter.error);
  }
  expect(truncated[0].error).toBeGreaterThan(0.01);
  expect(truncated[3].error).toBe(0);
  expect(truncated[3].cosine).toBeCloseTo(1, 6);
});

test('--explode: without clipping the loss ends above where it began, with it below', async () => {
  const folder = new Folder();
  folder.write('text.txt', verses(20_000));
  const { status, stdout, stderr } = await folder.run([
    ...['gradients', 'text.txt', '--explode', '--json'],
  ]);
  expect(status, stderr).toBe(0);
  interface Step {
    readonly loss: number;
    readonly normBefore: number;
    readonly normAfter: number;
    readonly cosine: number;
  }
  const [none, byNorm, byValue] = (JSON.parse(stdout) as { steps: Step[] }[]).map(
    ({ steps }) => steps,
  );
  expect(Math.max(...none.map(({ normBefore }) => normBefore))).toBeGreaterThan(100);
  for (const { normBefore, normAfter, cosine } of byNorm) {
    expect(normAfter).toBeLessThan(1.0001);
    expect(Math.abs(normAfter - Math.min(1, normBefore))).toBeLessThan(1e-4);
    expect(cosine).toBeGreaterThan(0.9999);
  }
  expect(Math.min(...byValue.map(({ cosine }) => cosine))).toBeLessThan(0.9);
  const end = (steps: readonly Step[]) => {
    const last = steps.slice(-10);
    return last.reduce((sum, { loss }) => sum + loss, 0) / last.length;
  };
  expect(end(byNorm)).toBeLessThan(0.9 * byNorm[0].loss);
  expect(end(none)).toBeGreaterThan(1.1 * end(byNorm));
});

test('several models side by side, each with the text in its own characters', async () => {
  const folder = new Folder();
  await folder.train(verses(2000), '-o', 'a.json', '-q');
  folder.write('other.txt', `${verses(2000)}ZZ`);
  await folder.run(['train', 'other.txt', ...small, '--cell', 'gru', '-o', 'b.json', '-q']);
  const models = ['-m', 'a.json', '-m', 'b.json', '--lags', '9', '--positions', '4'];
  const { stdout, stderr, status } = await folder.run([
    'gradients',
    'text.txt',
    '--json',
    ...models,
  ]);
  expect([status, stderr]).toEqual([0, '']);
  const found: Found[] = JSON.parse(stdout);
  expect(found.map(({ name }) => name)).toEqual(['a.json', 'b.json']);
  for (const [i, file] of ['a.json', 'b.json'].entries()) {
    const one = ['gradients', 'text.txt', '--json', '-m', file, '--lags', '9', '--positions', '4'];
    const [alone] = JSON.parse((await folder.run(one)).stdout);
    expect(found[i].byLag).toEqual(alone.byLag);
  }
});
