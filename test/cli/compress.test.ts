/** `charnn compress | charnn decompress`. */
import { expect, test } from 'vitest';
import { Folder, verses } from './run.js';

test('a pipe through both gives the very same bytes', async () => {
  const folder = new Folder();
  folder.write('log.txt', verses(3000));
  const { status, stderr } = await folder.shell(
    'charnn compress -q < log.txt | tee log.cz | charnn decompress | cmp - log.txt',
  );
  expect([status, stderr]).toEqual([0, '']);
  expect(folder.read('log.cz').length).toBeLessThan(1200);
});

test('with a model that knows the text it is smaller; the model must be the same', async () => {
  const folder = new Folder();
  await folder.train(verses(3000), '--steps', '60', '--unit', 'byte');
  folder.write('new.txt', verses(2500));
  const given = await folder.shell(
    'charnn compress --no-learn -m charnn.json new.txt > new.cz && charnn decompress -m charnn.json new.cz | cmp - new.txt',
  );
  expect(given.status).toBe(0);
  expect(given.stderr).toMatch(/^2\d+ bytes to \d+: [\d.]+ bits per byte\n$/);
  const without = await folder.run(['decompress', 'new.cz']);
  expect([without.status, without.stdout]).toEqual([2, '']);
  expect(without.stderr).toMatch(/^charnn: new\.cz was compressed with a model: give/);
});

test('what is no compressed file is refused in one line', async () => {
  const { status, stdout, stderr } = await new Folder().run(['decompress'], 'plain text');
  expect([status, stdout]).toEqual([1, '']);
  expect(stderr).toBe('charnn: standard input is not a file of charnn compress\n');
});

test('an empty file, and options that do not fit', async () => {
  const folder = new Folder();
  const empty = await folder.shell('charnn compress < /dev/null | charnn decompress');
  expect(empty).toMatchObject({ status: 0, stdout: '', stderr: '' });
  const idle = await folder.run(['compress', '--no-learn'], 'a');
  expect([idle.status, idle.stderr]).toEqual([
    2,
    'charnn: --no-learn is for a model that knows something: give --model\n',
  ]);
});
