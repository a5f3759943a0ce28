/** `charnn compress | charnn decompress`. */
import { expect, test } from 'vitest';
import { Folder, verses } from './run.js';
import { hasPseudoTerminals, Terminal } from './terminal.js';

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
  await folder.train(verses(3000), '--steps', '60', '--unit', 'byte', '-q');
  folder.write('new.txt', verses(2500));
  const given = await folder.shell(
    'charnn compress --no-learn -m charnn.json new.txt > new.cz && charnn decompress -m charnn.json new.cz | cmp - new.txt',
  );
  expect([given.status, given.stderr]).toEqual([0, '']);
  expect(folder.read('new.cz').length).toBeLessThan(folder.read('new.txt').length);
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
    'charnn: --no-learn needs a trained model: give --model\n',
  ]);
});

test.runIf(hasPseudoTerminals)(
  'at a terminal both show how far they are, on one lane or two, unless quiet',
  async () => {
    const folder = new Folder();
    folder.write('log.txt', verses(15_000));
    for (const threads of ['1', '2']) {
      const shown = new Terminal(folder, ['compress', 'log.txt', '--threads', threads], '> log.cz');
      await shown.until(/\d+ % · \d+s left/);
      await shown.until(/15\d{3} bytes to \d+: [\d.]+ bits per byte/);
      expect((await shown.outcome).status).toBe(0);
      const back = new Terminal(folder, ['decompress', 'log.cz'], '> back.txt');
      await back.until(/\d+ % · \d+s left/);
      expect((await back.outcome).status).toBe(0);
      expect(folder.read('back.txt').equals(folder.read('log.txt'))).toBe(true);
    }
    const quiet = new Terminal(folder, ['decompress', '-q', 'log.cz'], '> back.txt');
    expect(await quiet.outcome).toMatchObject({ status: 0, stdout: '' });
  },
);
