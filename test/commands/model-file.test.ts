/** What is done with a model: sampling, evaluating, inspecting, and refusing damaged files. */
import { beforeAll, describe, expect, test } from 'vitest';
import { Folder, verses } from './run.js';

let model: Buffer;
beforeAll(async () => {
  const folder = new Folder();
  await folder.train(verses(2000));
  model = folder.read('charnn.json');
});

function withModel(): Folder {
  const folder = new Folder();
  folder.write('charnn.json', model);
  return folder;
}

describe('sample', () => {
  test('a closed pipe ends it quietly with status 0', async () => {
    const { status, stdout, stderr } = await withModel().shell(
      'charnn sample --length 1000000 | head -c 10',
    );
    expect([status, stdout.length, stderr]).toEqual([0, 10, '']);
  });

  test('the same seed gives the same text, another seed another', async () => {
    const folder = withModel();
    const draw = async (seed: string) => (await folder.run(['sample', '--seed', seed])).stdout;
    expect(await draw('1')).toBe(await draw('1'));
    expect(await draw('2')).not.toBe(await draw('1'));
  });

  test('the prompt comes first and does not count; --length 0 writes it alone', async () => {
    const folder = withModel();
    const { stdout } = await folder.run(['sample', '-p', 'green', '-l', '20', '--seed', '1']);
    expect(stdout.startsWith('green')).toBe(true);
    expect(stdout).toHaveLength(25);
    const none = await folder.run(['sample', '-p', 'green', '-l', '0']);
    expect(none.stdout).toBe('green');
  });

  test('unknown characters of the prompt are said, not fatal', async () => {
    const { status, stdout, stderr } = await withModel().run(['sample', '-p', 'Ωmega', '-l', '3']);
    expect(status).toBe(0);
    expect(stderr).toMatch(/warning: .*"Ω"/);
    expect(Array.from(stdout)).toHaveLength(8);
  });

  test('--greedy does not depend on the seed', async () => {
    const folder = withModel();
    const a = await folder.run(['sample', '--greedy', '--seed', '1']);
    const b = await folder.run(['sample', '--greedy', '--seed', '2']);
    expect(b.stdout).toBe(a.stdout);
  });

  test('text arrives before the last character is drawn', async () => {
    const child = withModel().start(['sample', '--length', '100000000']);
    const first = await new Promise<Buffer>((resolve) => child.stdout?.once('data', resolve));
    child.kill('SIGKILL');
    expect(first.length).toBeGreaterThan(0);
  });
});

describe('eval and inspect', () => {
  test('eval prints loss, bits per character, perplexity, characters and unknowns', async () => {
    const folder = withModel();
    folder.write('other.txt', `${verses(500)}Ω`);
    const { stdout } = await folder.run(['eval', 'other.txt', '--json']);
    const result = JSON.parse(stdout);
    expect(result.unknown).toBe(1);
    expect(result.bitsPerCharacter).toBeCloseTo(result.loss / Math.LN2, 9);
    expect(result.perplexity).toBeCloseTo(Math.exp(result.loss), 6);
    const plain = await folder.run(['eval'], verses(500));
    expect(plain.stdout).toMatch(/bits per char +\d/);
  });

  test('eval of the validation part is the loss that training reported', async () => {
    const folder = withModel();
    const { history } = JSON.parse(model.toString());
    const best = Math.min(...history.map((h: { validationLoss: number }) => h.validationLoss));
    const text = verses(2000);
    folder.write('val.txt', text.slice(text.length - Math.round(text.length * 0.1)));
    const { stdout } = await folder.run(['eval', 'val.txt', '--json']);
    expect(JSON.parse(stdout).loss).toBeCloseTo(best, 4);
  });

  test('inspect says what a model is', async () => {
    const folder = withModel();
    const { stdout } = await folder.run(['inspect']);
    expect(stdout).toContain('1 × lstm of 8');
    expect(stdout).toContain('rnn.weight_hh_l0');
    // a histogram of each tensor, and the course of the loss
    expect(stdout).toMatch(/−0\.\d+ [ ▁▂▃▄▅▆▇█]{40} 0\.\d+/);
    expect(stdout).toMatch(/● training, bits per character {3}× validation/);
    const summary = JSON.parse((await folder.run(['inspect', '--json'])).stdout);
    expect(summary.model.cell).toBe('lstm');
    expect(summary.tensors[0].name).toBe('embedding.weight');
  });
});

describe('damaged models are refused in one line that names the field', () => {
  type Json = Record<string, never> & { model: { hidden: number }; tensors: { data: string }[] };
  const changed = (change: (value: Json) => void) => {
    const value = JSON.parse(model.toString());
    change(value);
    return JSON.stringify(value);
  };
  test.each([
    ['cut off', () => model.subarray(0, model.length / 2), /not valid JSON/],
    ['of another kind', () => '{"format":"x"}', /format/],
    [
      'of a later version',
      () => model.toString().replace('"version":3', '"version":99'),
      /later charnn/,
    ],
    [
      'with another hidden size',
      () =>
        changed((v) => {
          v.model.hidden = 9;
        }),
      /tensors\[1\]: shape \(rnn\.weight_ih_l0\)/,
    ],
    [
      'with a hidden size that is no number',
      () => model.toString().replace('"hidden":8', '"hidden":"8"'),
      /model: hidden must be an integer/,
    ],
    [
      'with layer normalisation of a cell that has none',
      () => model.toString().replace('"cell":"lstm"', '"cell":"rnn","layerNorm":true'),
      /model: layerNorm is for cell lstm, not rnn/,
    ],
    [
      'with not-a-number in a tensor',
      () =>
        changed((v) => {
          v.tensors[0].data = `AADAfwAA${v.tensors[0].data.slice(8)}`;
        }),
      /data \(embedding\.weight\) must be finite/,
    ],
    [
      'with too little data',
      () =>
        changed((v) => {
          v.tensors[0].data = v.tensors[0].data.slice(4);
        }),
      /data \(embedding\.weight\)/,
    ],
  ])('%s', async (_, content, message) => {
    const folder = new Folder();
    folder.write('charnn.json', content());
    const { status, stdout, stderr } = await folder.run(['sample']);
    expect(status).toBe(1);
    expect(stderr).toMatch(/^charnn: [^\n]+\n$/);
    expect(stderr).toMatch(message);
    expect(stdout).toBe('');
  });

  test('a missing model says how to get one', async () => {
    const { status, stderr } = await new Folder().run(['sample']);
    expect(status).toBe(1);
    expect(stderr).toMatch(/charnn train/);
  });
});
