/** `--precision int8`: what it costs, and where it is refused. */
import { beforeAll, describe, expect, test } from 'vitest';
import { Folder, verses } from './run.js';

/** A back end with weights of 8 bits that every machine has */
const reference = ['--precision', 'int8', '--backend', 'reference'];
let trained: Folder;
beforeAll(async () => {
  trained = new Folder();
  await trained.train(verses(4000), '--steps', '60', '-q');
});

const text = verses(3000);

describe('int8', () => {
  test('eval says what it costs, and it costs little', async () => {
    const { status, stdout, stderr } = await trained.run(
      ['eval', '--json', '--precision', 'int8'],
      text,
    );
    expect(status, stderr).toBe(0);
    const { bitsPerCharacter, precisionBits } = JSON.parse(stdout);
    const full = JSON.parse((await trained.run(['eval', '--json'], text)).stdout);
    expect(precisionBits).toBeCloseTo(bitsPerCharacter - full.bitsPerCharacter, 6);
    // it does compute in another format
    expect(precisionBits).not.toBe(0);
    expect(Math.abs(precisionBits)).toBeLessThan(0.01);
    expect(full.precisionBits).toBeUndefined();
    const { stdout: lines } = await trained.run(['eval', '--precision', 'int8'], text);
    expect(lines).toMatch(/^cost of int8 {3}-?\d\.\d{4} bits per char more than float32$/m);
  });

  test('every back end that has it computes the same to rounding', async () => {
    const bits = async (...args: string[]) => {
      const { status, stdout } = await trained.run(['score', '--total', ...args], text);
      expect(status).toBe(0);
      return Number(stdout);
    };
    const [defined, fastest] = [await bits(...reference), await bits('--precision', 'int8')];
    // a sum that is a little off may round to the next integer, here and there
    expect(Math.abs(fastest - defined)).toBeLessThan(1e-3);
  });

  test('score is the same on one thread and two, and whatever lines are around', async () => {
    const lines = `${text.split('\n').slice(0, 40).join('\n')}\n`;
    const score = async (input: string, ...args: string[]) =>
      (await trained.run(['score', '--precision', 'int8', ...args], input)).stdout;
    const two = await score(lines, '--threads', '2');
    expect(await score(lines, '--threads', '1')).toBe(two);
    const [, second] = two.split('\n');
    expect(await score(`${second.split('\t')[1]}\n`)).toBe(`${second}\n`);
  });

  test('sample writes a text of its own, the same every time', async () => {
    const sample = async (...args: string[]) => {
      const { status, stdout } = await trained.run([
        'sample',
        '--length',
        '300',
        '--seed',
        '3',
        ...args,
      ]);
      expect(status).toBe(0);
      return stdout;
    };
    const written = await sample('--precision', 'int8');
    expect(await sample('--precision', 'int8')).toBe(written);
    expect([...written].length).toBeGreaterThanOrEqual(300);
  });

  test.each([
    [['eval', '--dynamic', '--precision', 'int8'], 2, '--dynamic changes the weights'],
    [['score', '--dynamic', '--precision', 'int8'], 2, '--dynamic changes the weights'],
    [['train', '--precision', 'int8', '-'], 2, '--precision'],
    [['compress', '--precision', 'int8'], 2, '--precision'],
    [['bench', '--precision', 'int8'], 2, '--precision'],
    [['score', '--precision', 'int8', '--backend', 'wasm'], 1, 'it supports only f32'],
  ])('%j is refused in one line', async (args, code, words) => {
    const { status, stdout, stderr } = await trained.run(args, text);
    expect([status, stdout]).toEqual([code, '']);
    expect(stderr).toMatch(/^charnn: [^\n]+\n$/);
    expect(stderr).toContain(words);
  });
});
