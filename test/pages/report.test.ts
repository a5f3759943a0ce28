/** `charnn report` and its page. */
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { Folder, verses } from '../commands/run.js';
import { describeInBrowser, fits, open } from './browser.js';

/** A folder with a model, and the log of its training. */
async function trained(): Promise<Folder> {
  const folder = new Folder();
  const { stdout } = await folder.train(verses(2000), '--json', '--eval-every', '1', '-q');
  folder.write('a.log', stdout);
  return folder;
}

describe('charnn train --json', () => {
  test('has a sample of every model that was saved, the same for the same seed', async () => {
    const samples = async () => {
      const events = (await trained()).read('a.log').toString().trim().split('\n');
      return events.map((line) => JSON.parse(line)).filter(({ type }) => type === 'sample');
    };
    const first = await samples();
    expect(first.length).toBeGreaterThan(0);
    expect(first.at(-1).text).toHaveLength(300);
    expect((await samples()).at(-1)).toEqual(first.at(-1));
  });
});

describe('charnn report', () => {
  test.each([
    ['missing.log', 1, /cannot read/],
    ['text.txt', 1, /text\.txt"? is neither a model nor a log of charnn train --json/],
    ['broken.json', 1, /broken\.json/],
    ['.', 2, /\. is a folder: name the models and logs in it/],
  ])('%s is refused in one line', async (name, code, message) => {
    const folder = new Folder();
    folder.write('text.txt', '{"type":"start"}\n[1,2]\nnull\n');
    folder.write('broken.json', '{"format":"charnn","version":1}');
    const { status, stderr } = await folder.run(['report', name]);
    expect(status).toBe(code);
    expect(stderr).toMatch(message);
    expect(stderr.trimEnd().split('\n')).toHaveLength(1);
  });

  test('a log that is still being written, or was cut off, is read as far as it goes', async () => {
    const folder = await trained();
    const log = folder.read('a.log').toString();
    const end = log.lastIndexOf('"type":"validation"') + 30;
    folder.write('cut.log', log.slice(0, end));
    const { status, stderr } = await folder.run(['report', 'cut.log']);
    expect([status, stderr]).toEqual([0, 'the page is in report.html\n']);
  });

  test('a log may come through a pipe; files of one short name are told apart', async () => {
    const folder = await trained();
    const log = folder.read('a.log');
    folder.write('a.ndjson', log);
    const { status, stderr } = await folder.run(['report', '-', 'a.log', 'a.ndjson'], log);
    expect([status, stderr]).toEqual([0, 'the page is in report.html\n']);
    const names = folder
      .read('report.html')
      .toString()
      .matchAll(/"name":"([^"]*)","model":"1 × lstm of 8"/g);
    expect([...names].map(([, name]) => name)).toEqual(['standard input', 'a.log', 'a.ndjson']);
  });
});

describeInBrowser('the page of report', () => {
  test.each([
    { colorScheme: 'light', width: 1200, height: 900 },
    { colorScheme: 'dark', width: 380, height: 800 },
  ] as const)('opens without complaint: $colorScheme, $width wide', async (view) => {
    const folder = await trained();
    await folder.run(['report', 'a.log', 'charnn.json', '-o', 'page.html']);
    const { page, complaints } = await open(join(folder.path, 'page.html'), view);
    await page.waitForSelector('canvas');
    for (const title of ['Bits per character', 'Learning rate', 'Gradient norm before clipping']) {
      await page.getByRole('heading', { name: title }).waitFor();
    }
    const { history } = folder.json('charnn.json');
    const losses = history.map(({ validationLoss }: { validationLoss: number }) => validationLoss);
    const best = (Math.min(...losses) / Math.LN2).toFixed(4);
    expect(await page.locator('p.faint').textContent()).toMatch(/; charnn \S+, \d{4}-\d\d-\d\d$/);
    const rows = await page.locator('tr', { hasText: '1 × lstm of 8' }).allTextContents();
    expect(rows).toEqual([expect.stringMatching(/^a1/), expect.stringMatching(/^charnn1/)]);
    for (const row of rows) expect(row).toContain(best);
    // from the last sample back to the first
    const last = await page.locator('pre').textContent();
    expect(last).toHaveLength(300);
    const slider = page.getByRole('slider');
    await slider.focus();
    await page.keyboard.press('Home');
    expect(await slider.inputValue()).toBe('0');
    expect(await fits(page)).toBe(true);
    expect(complaints).toEqual([]);
    await page.close();
  });
});
