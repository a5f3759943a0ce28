/** Options whose value is a text understand the same escapes. */
import { beforeAll, describe, expect, test } from 'vitest';
import { Folder, verses } from '../commands/run.js';

const folder = new Folder();
beforeAll(async () => {
  await folder.train(`${verses(900)}\t\\`, '-q');
});

const sample = (...args: string[]) =>
  folder.run(['sample', '-l', '40', '--seed', '3', '--greedy', ...args]);

describe('escapes', () => {
  test('in a prompt mean what they mean in a stop string', async () => {
    for (const [escaped, meant] of [
      ['wall\\nand', 'wall\nand'],
      ['\\tif \\\\ \\x41\\u0042\\u{43}', '\tif \\ ABC'],
    ]) {
      folder.write('prompt.txt', meant);
      const fromFile = await sample('--prompt-file', 'prompt.txt');
      expect((await sample('-p', escaped)).stdout).toBe(fromFile.stdout);
      expect(fromFile.stdout.startsWith(meant)).toBe(true);
    }
  });

  test.each(['--prompt', '--stop', '--until'])('%s: an unknown one is refused', async (option) => {
    const { status, stdout, stderr } = await sample(option, 'C:\\dir');
    expect([status, stdout]).toEqual([2, '']);
    expect(stderr).toMatch(
      new RegExp(`^charnn: ${option} has an unknown escape "\\\\\\\\d": the known ones are`),
    );
    expect(stderr).toContain('a backslash itself is \\\\');
  });

  test('a file is taken as it is', async () => {
    folder.write('prompt.txt', 'a\\nb\\q');
    expect((await sample('--prompt-file', 'prompt.txt')).stdout.startsWith('a\\nb\\q')).toBe(true);
  });

  test('help says so at each of these options', async () => {
    const { stdout } = await folder.run(['sample', '--help']);
    const flat = stdout.replace(/\s+/g, ' ');
    expect(flat.match(/escapes such as \\n, \\t and \\\\ are understood/g)).toHaveLength(3);
  });
});
