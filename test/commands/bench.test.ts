/** `charnn bench`: what it prints, not how fast it is. */
import { describe, expect, test } from 'vitest';
import { Folder } from './run.js';

const tiny = [
  ...['bench', '--layers', '2', '--hidden', '8', '--embedding', '4', '--batch-size', '2'],
  ...['--seq-length', '4', '--iterations', '2', '--threads', '1'],
];
const folder = new Folder();

// each takes as long as it measures, whatever else is done at that time
describe.concurrent('bench', () => {
  test.each([[[]], [['--cell', 'gru']], [['--residual', '--layer-norm']]])(
    '--json says what was timed, in numbers: %j',
    async (more) => {
      const { status, stdout, stderr } = await folder.run([...tiny, ...more, '--json']);
      expect([status, stderr]).toEqual([0, '']);
      const { cell, layers, hidden, threads, backend, ...measured } = JSON.parse(stdout);
      expect([layers, hidden, threads]).toEqual([2, 8, 1]);
      expect(cell).toBe(more.includes('gru') ? 'gru' : 'lstm');
      expect(backend).toMatch(/^(native|wasm|reference)/);
      const names = [
        'ms',
        'charactersPerSecond',
        'gflops',
        'generatedCharactersPerSecond',
        'peakMegabytes',
      ];
      expect(Object.keys(measured)).toEqual(names);
      for (const name of names) expect(measured[name], name).toBeGreaterThan(0);
    },
  );

  test('--profile says where the time goes: shares that add up to one, and the products beside their limit', async () => {
    const { status, stdout, stderr } = await folder.run([...tiny, '--profile', '--json']);
    expect([status, stderr]).toEqual([0, '']);
    const { backend, profile } = JSON.parse(stdout);
    const { products, gates, productsAndGates, optimizer, waiting, other, ...rates } = profile;
    expect(productsAndGates + optimizer + waiting + other).toBeCloseTo(1, 3);
    for (const share of [productsAndGates, optimizer, other]) expect(share).toBeGreaterThan(0);
    expect(rates).toEqual({ productGflops: expect.anything(), peakGflops: expect.anything() });
    if (!backend.startsWith('native')) return;
    expect(products + gates).toBeCloseTo(productsAndGates, 3);
    for (const rate of Object.values(rates)) expect(rate).toBeGreaterThan(0);
  });

  test.each(['wasm', 'reference'])(
    'a profile on %s, which has no clock for products',
    async (name) => {
      const args = [...tiny, '--profile', '--backend', name];
      const { profile } = JSON.parse((await folder.run([...args, '--json'])).stdout);
      for (const key of ['products', 'gates', 'productGflops'])
        expect(profile[key], key).toBeNull();
      expect(profile.productsAndGates).toBeGreaterThan(0);
      const { stdout } = await folder.run(args);
      expect(stdout).toMatch(
        /^profile {5}products and gates [\d.]+ %, optimiser [\d.]+ %, waiting/m,
      );
    },
  );

  test('without it a table for people', async () => {
    const { stdout } = await folder.run([...tiny, '--backend', 'wasm']);
    expect(stdout).toMatch(/^model {7}2 × lstm of 8\nback end {4}wasm/);
    expect(stdout).toMatch(/^training .* thousand char\/s/m);
  });

  test.each([
    [['--iterations', '9007199254740991'], '--iterations must be an integer from 1 to 1000000'],
    [['--cell', 'rnn', '--layer-norm'], '--layer-norm'],
  ])('%j is refused in one line', async (more, words) => {
    const { status, stdout, stderr } = await folder.run([...tiny, ...more]);
    expect([status, stdout]).toEqual([2, '']);
    expect(stderr).toMatch(/^charnn: [^\n]+\n$/);
    expect(stderr).toContain(words);
  });

  test('a batch that memory does not hold is refused in one line', async () => {
    const { status, stderr } = await folder.run([...tiny, '--batch-size', '1000000000000']);
    expect([status, stderr]).toEqual([
      1,
      expect.stringMatching(/^charnn: not enough memory [^\n]+\n$/),
    ]);
  });
});
