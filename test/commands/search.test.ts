/** `charnn search`: through the binary, broken off and gone on with, its page, and what it refuses. */
import { copyFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { describeInBrowser, open } from '../pages/browser.js';
import { Folder, finished, verses } from './run.js';

const small = ['--time', '1s', '--hidden', '6', '--embedding', '4', '--threads', '2'];

describe('charnn search', () => {
  const folder = new Folder();
  let whole: string;
  beforeAll(async () => {
    folder.write('verses.txt', verses(4000));
    const { status, stdout } = await folder.run(['search', 'verses.txt', ...small, '--json']);
    expect(status).toBe(0);
    whole = stdout;
  }, 120_000);

  test('compares the best three with LSTM and GRU on five seeds, and says what came out', () => {
    const { finalists, verdict, cells, plan } = JSON.parse(whole);
    const names = finalists.map(({ name }: { name: string }) => name);
    expect(names).toHaveLength(5);
    expect(names).toEqual(expect.arrayContaining(['lstm', 'gru']));
    for (const { losses } of finalists) expect(losses).toHaveLength(5);
    expect(verdict).toMatch(/LSTM/);
    expect(cells).toHaveLength(plan.rounds * plan.width);
  });

  test('goes on from its record to the same, wherever it was broken off', async () => {
    const record = folder.json('search.json');
    const keys = Object.keys(record.trainings);
    expect(keys.length).toBeGreaterThan(30);
    for (const count of [0, 9, keys.length - 3]) {
      const parts = new Folder();
      copyFileSync(join(folder.path, 'verses.txt'), join(parts.path, 'verses.txt'));
      const left = Object.fromEntries(keys.slice(0, count).map((k) => [k, record.trainings[k]]));
      parts.write('search.json', JSON.stringify({ ...record, trainings: left }));
      const resumed = await parts.run([
        'search',
        'verses.txt',
        '--resume',
        '--json',
        '--threads',
        '1',
      ]);
      expect(resumed.status).toBe(0);
      expect(JSON.parse(resumed.stdout)).toEqual(JSON.parse(whole));
    }
  }, 120_000);

  test('saves and ends at SIGINT with its code, and goes on', async () => {
    const parts = new Folder();
    copyFileSync(join(folder.path, 'verses.txt'), join(parts.path, 'verses.txt'));
    parts.write('search.json', JSON.stringify({ ...folder.json('search.json'), trainings: {} }));
    const child = parts.start(['search', 'verses.txt', '--resume']);
    child.stderr?.on('data', (said: Buffer) => {
      if (said.includes('round 1 of')) child.kill('SIGINT');
    });
    const interrupted = await finished(child);
    expect(interrupted.status).toBe(130);
    expect(interrupted.stderr).toContain('continue it with --resume');
    expect(Object.keys(parts.json('search.json').trainings).length).toBeGreaterThan(7);
  }, 120_000);

  test('refuses another text, settled options, and files of other kinds', async () => {
    folder.write('other.txt', verses(300));
    const another = await folder.run(['search', 'other.txt', '--resume']);
    expect([another.status, another.stderr]).toEqual([
      1,
      'charnn: search.json is the record of a search on another text: give the same text, or start a new search with --force\n',
    ]);
    const settled = await folder.run(['search', 'verses.txt', '--resume', '--hidden', '9']);
    expect([settled.status, settled.stderr]).toEqual([
      2,
      'charnn: --hidden is fixed when a search begins: leave it out with --resume\n',
    ]);
    const existing = await folder.run(['search', 'verses.txt']);
    expect(existing.status).toBe(1);
    expect(existing.stderr).toContain('exists already: give --force to replace it');
    const text = await folder.run(['search', 'verses.txt', '-o', 'other.txt', '--force']);
    expect(text.stderr).toContain('other.txt is not a file that charnn wrote');
    const asText = await folder.run(['train', 'search.json']);
    expect(asText.stderr).toContain('search.json is the record of a search, not a text');
  });

  test('names the field of a record that is wrong', async () => {
    const record = folder.json('search.json');
    const wrong: readonly [unknown, string][] = [
      [{ ...record, version: 2 }, 'wrong.json: version must be an integer from 1 to 1, not 2'],
      [{ ...record, plan: { ...record.plan, costs: [1] } }, 'costs must be three numbers from 0'],
      [{ ...record, trainings: { a: { loss: -1, curve: [] } } }, 'loss must be a number above 0'],
      [{ ...record, trainings: { a: { loss: 1, curve: [3] } } }, 'curve must be a list of pairs'],
    ];
    for (const [content, message] of wrong) {
      folder.write('wrong.json', JSON.stringify(content));
      const args = ['search', 'verses.txt', '--resume', '-o', 'wrong.json'];
      const { status, stderr } = await folder.run(args);
      expect([status, stderr]).toEqual([1, expect.stringContaining(message)]);
    }
  });

  describeInBrowser('its page', () => {
    test('shows results, equations and the family tree, without a request', async () => {
      const args = ['search', 'verses.txt', '--resume', '--page', 'page.html', '-q'];
      expect((await folder.run(args)).status).toBe(0);
      const { page, complaints } = await open(join(folder.path, 'page.html'));
      expect(await page.locator('table tr').count()).toBe(6);
      expect(await page.locator('canvas').count()).toBe(1);
      const { cells } = JSON.parse(whole);
      expect(await page.locator('ul.family details').count()).toBe(cells.length + 2);
      await page
        .locator('summary', { hasText: /^c1[ ,]|^c1$/ })
        .first()
        .click();
      expect(await page.locator('details[open] pre').first().textContent()).toContain("h' =");
      expect(complaints).toEqual([]);
      await page.close();
    });
  });
});
