/** `charnn sample`: one text. */
import { beforeAll, expect, test } from 'vitest';
import { Folder, verses } from '../run.js';

let model: Buffer;
beforeAll(async () => {
  const folder = new Folder();
  await folder.train(verses(2000), '-q');
  model = folder.read('charnn.json');
});

function withModel(): Folder {
  const folder = new Folder();
  folder.write('charnn.json', model);
  return folder;
}

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
