/** Networks that differ from PyTorch's by an option: every command takes them as it takes plain ones. */
import { beforeAll, describe, expect, test } from 'vitest';
import { Folder, finished, small, verses } from '../run.js';

const text = verses(3000);

describe.each([
  { option: '--residual', config: { residual: true }, shown: 'residual' },
  { option: '--layer-norm', config: { layerNorm: true }, shown: 'layer normalisation' },
])('$option', ({ option, config, shown }) => {
  const shape = ['--layers', '2', '--steps', '60', '--eval-every', '20', option];
  const folder = new Folder();
  const plain = new Folder();
  beforeAll(async () => {
    expect((await folder.train(text, ...shape, '-q')).status).toBe(0);
    await plain.train(text, ...shape.slice(0, -1), '-q');
  });

  test('is kept in the model, shown by inspect, and not in a plain one', async () => {
    expect(folder.json('charnn.json').model).toMatchObject(config);
    expect((await folder.run(['inspect'])).stdout).toContain(shown);
    expect(plain.json('charnn.json').model).not.toHaveProperty(Object.keys(config)[0]);
    expect((await plain.run(['inspect'])).stdout).not.toContain(shown);
  });

  test('a claim that is not true or false names its field', async () => {
    const [field] = Object.keys(config);
    const { model, ...rest } = folder.json('charnn.json');
    folder.write('odd.json', JSON.stringify({ ...rest, model: { ...model, [field]: 'yes' } }));
    const { status, stderr } = await folder.run(['sample', '-m', 'odd.json']);
    expect([status, stderr]).toEqual([1, expect.stringContaining(`model: ${field}`)]);
  });

  test('makes another model, which has learned', async () => {
    const [last, plainLast] = [folder, plain].map(
      (f) => f.json('charnn.json').history.at(-1).validationLoss,
    );
    expect(last).not.toBe(plainLast);
    expect(last).toBeLessThan(folder.json('charnn.json').history[0].validationLoss);
  });

  test('goes on from a step to the same bytes', async () => {
    const steady = [...shape, '--schedule', 'constant'];
    const [whole, parts] = [new Folder(), new Folder()];
    await whole.train(text, ...steady, '-q');
    await parts.train(text, ...steady, '--steps', '40', '-q');
    const { status } = await parts.run(['train', '--resume', '--steps', '60']);
    expect(status).toBe(0);
    expect(parts.read('charnn.json').equals(whole.read('charnn.json'))).toBe(true);
  });

  test('score, in pieces, is what eval says of the whole; sampling is by the seed', async () => {
    const { stdout } = await folder.run(['score', '--total'], verses(12_000));
    const evaluated = await folder.run(['eval', '--json'], verses(12_000));
    expect(Math.abs(Number(stdout) - JSON.parse(evaluated.stdout).bitsPerCharacter)).toBeLessThan(
      1e-6,
    );
    const drawn = await folder.run(['sample', '-n', '3', '-l', '50', '--seed', '4']);
    const again = await folder.run(['sample', '-n', '3', '-l', '50', '--seed', '4']);
    expect(drawn.status).toBe(0);
    expect(again.stdout).toBe(drawn.stdout);
  });

  test('gradients, visualize and eval --dynamic run', async () => {
    for (const args of [['gradients', '--lags', '9'], ['visualize'], ['eval', '--dynamic']]) {
      const { status, stderr } = await folder.run([...args, 'text.txt']);
      expect([args[0], status, stderr]).toEqual([args[0], 0, expect.any(String)]);
    }
    const fresh = ['gradients', 'text.txt', '--cell', 'lstm', '--hidden', '8', '--json'];
    const [with_, without] = [[option], []].map((more) => folder.run([...fresh, ...more]));
    expect((await with_).stdout).not.toBe((await without).stdout);
  });

  test('compresses to fewer bytes and back', async () => {
    const packed = await folder.run(['compress', '-m', 'charnn.json'], text);
    expect(packed.status).toBe(0);
    const back = await folder.run(['decompress', '-m', 'charnn.json'], packed.stdoutBytes);
    expect(back.stdout).toBe(text);
  });

  test('--init-from wants the same network', async () => {
    const args = ['train', 'text.txt', ...small, '--layers', '2', '-f', '-o', 'new.json'];
    const from = async (f: Folder, more: readonly string[]) =>
      finished(f.start([...args, '--init-from', 'charnn.json', ...more]));
    expect((await from(folder, [])).status).toBe(0);
    expect(folder.json('new.json').model).toMatchObject(config);
    const { status, stderr } = await from(plain, [option]);
    expect([status, stderr]).toEqual([2, expect.stringContaining(option)]);
  });
});

describe('what a size has of them', () => {
  const folder = new Folder();
  const modelOf = async (size: string, ...options: string[]) => {
    const shape = ['--layers', '3', '--hidden', '8', '--embedding', '4', '--steps', '2'];
    const { status } = await folder.train(text, '--size', size, ...shape, '-f', ...options);
    expect(status).toBe(0);
    return folder.json('charnn.json').model;
  };

  test('large is residual, unless that is not wanted', async () => {
    expect((await modelOf('large')).residual).toBe(true);
    expect(await modelOf('large', '--no-residual')).not.toHaveProperty('residual');
  });

  test('medium is normalised too, where the cell can be and it is wanted', async () => {
    expect(await modelOf('medium')).toMatchObject({ residual: true, layerNorm: true });
    for (const options of [['--no-layer-norm'], ['--cell', 'gru']]) {
      const model = await modelOf('medium', ...options);
      expect(model.residual).toBe(true);
      expect(model).not.toHaveProperty('layerNorm');
    }
  });
});
