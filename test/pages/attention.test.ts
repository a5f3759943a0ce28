/** `charnn visualize` of a model of pairs, and its page. */

import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { beforeAll, describe, expect, test } from 'vitest';
import { quickPairs, reversals, smallPairs } from '../commands/pair-training.js';
import { Folder } from '../commands/run.js';
import { describeInBrowser, fits, open } from './browser.js';

const folder = new Folder();
const shown = 'abcd\tDCBA\ncab\tBAC\nd\t<b>\n';

beforeAll(async () => {
  // what a page must not take for a part of itself
  folder.write('pairs.tsv', `${reversals(400)}${'<b>\t>b<\n'.repeat(4)}`);
  const { status, stderr } = await folder.run([...quickPairs, '--epochs', '14']);
  expect(status, stderr).toBe(0);
  folder.write('shown.tsv', shown);
});

function makePage(...options: string[]) {
  return folder.run(['visualize', 'shown.tsv', '-o', 'page.html', ...options]);
}

/** The weights of a pair, as the page has them */
function weightsOf(pair: number): number[] {
  const html = folder.read('page.html').toString();
  const [, base64] = html.match(new RegExp(`id="weights-${pair}">([^<]*)<`)) ?? [];
  return Array.from(gunzipSync(Buffer.from(base64, 'base64')), (root) => (root / 255) ** 2);
}

describe('charnn visualize with pairs', () => {
  test('what each symbol looks at sums up to 1', async () => {
    const { status, stdout, stderr } = await makePage();
    expect([status, stdout]).toEqual([0, '']);
    expect(stderr).toContain('the page is in page.html');
    const weights = weightsOf(0);
    // four characters of the source, four of the target and its end
    expect(weights.length).toBe(4 * 5);
    for (let t = 0; t < 5; t++) {
      const sum = weights.slice(4 * t, 4 * t + 4).reduce((a, b) => a + b, 0);
      expect(Math.abs(sum - 1)).toBeLessThan(0.02);
    }
    expect(weightsOf(1).length).toBe(3 * 4);
  });

  test('an equal call writes equal bytes, and fewer characters are fewer pairs', async () => {
    await makePage();
    const first = folder.read('page.html');
    await makePage();
    expect(folder.read('page.html').equals(first)).toBe(true);
    const { stderr } = await makePage('--max-chars', '10');
    expect(stderr).toContain('the page shows the first 1 of 3 pairs (--max-chars)');
  });

  test.each([
    [['--units', '0:1'], '--units is for models of texts'],
    [['--label', 'a=b'], '--label is for models of texts'],
    [['--json'], '--json is for models of texts'],
  ])('%j is refused', async (options, message) => {
    const { status, stderr } = await makePage(...options);
    expect([status, stderr]).toEqual([2, expect.stringContaining(message)]);
  });
});

describe('with labels and vectors', () => {
  const records = Array.from({ length: 40 }, (_, i) => ({
    cells: Array.from({ length: 4 }, (_, n) => [(i >> n) & 1, n]),
    side: i % 2 ? 'left' : 'right',
    target: 'ab'[i % 2],
  }));
  const lines = records.map((record) => `${JSON.stringify(record)}\n`);

  beforeAll(async () => {
    folder.write('cells.ndjson', lines.join(''));
    const columns = ['--label', 'side', '--vector', 'cells', '-o', 'cells.json', '--steps', '3'];
    const { status, stderr } = await folder.run([
      ...['train', 'cells.ndjson', ...smallPairs, ...columns, '-q'],
    ]);
    expect(status, stderr).toBe(0);
    folder.write('shown.ndjson', lines.slice(0, 2).join(''));
  });

  const makeGrid = (...options: string[]) =>
    folder.run(['visualize', 'shown.ndjson', '-m', 'cells.json', '-o', 'page.html', ...options]);

  test('the page has a row of weights over the vectors, and their elements', async () => {
    const { status, stderr } = await makeGrid();
    expect(status, stderr).toBe(0);
    expect(weightsOf(0).length).toBe(4 * 2);
    const html = folder.read('page.html').toString();
    const [, base64] = html.match(/id="vectors-1">([^<]*)</) ?? [];
    const shades = gunzipSync(Buffer.from(base64, 'base64'));
    // 0 to 3 as 0 to 255
    expect([...shades]).toEqual(records[1].cells.flat().map((x) => 85 * x));
  });

  test('a grid is for vectors', async () => {
    expect((await makeGrid('--grid', '2')).status).toBe(0);
    const { status, stderr } = await makePage('--grid', '2');
    expect([status, stderr]).toEqual([2, expect.stringContaining('--grid is for models with')]);
  });

  describeInBrowser('in a browser', () => {
    test('vectors are boxes of a grid, coloured by attention', async () => {
      await makeGrid();
      const { page, complaints } = await open(join(folder.path, 'page.html'), {
        ...{ colorScheme: 'light', width: 400, height: 800 },
      });
      await page.waitForSelector('[data-ready="0"]');
      const boxes = page.locator('.vectors > span');
      expect(await boxes.count()).toBe(4);
      const tops = await boxes.evaluateAll((all) =>
        all.map((one) => one.getBoundingClientRect().top),
      );
      expect([tops[0] === tops[1], tops[1] < tops[2], tops[2] === tops[3]]).toEqual([
        true,
        true,
        true,
      ]);
      expect(await boxes.nth(1).getAttribute('aria-label')).toBe('row 1, column 2');
      expect(await boxes.nth(1).getAttribute('style')).toContain('background');
      expect(await page.locator('.readout').textContent()).toMatch(/attends most to row \d/);
      expect(await page.getByText('side=right').count()).toBeGreaterThan(0);
      expect(await fits(page)).toBe(true);
      expect(complaints).toEqual([]);
      await page.close();
    });
  });
});

describeInBrowser('the page of attention', () => {
  test.each([
    { colorScheme: 'light', width: 1200, height: 900 },
    { colorScheme: 'dark', width: 380, height: 800 },
  ] as const)('opens and is used without complaint: $colorScheme, $width wide', async (view) => {
    await makePage();
    const { page, complaints } = await open(join(folder.path, 'page.html'), view);
    await page.waitForSelector('[data-ready="0"]');
    expect(await page.locator('.source > *').allTextContents()).toEqual(['a', 'b', 'c', 'd']);
    expect(await page.locator('.target > *').allTextContents()).toEqual(['D', 'C', 'B', 'A', '⏎']);
    const colours = () =>
      page.$$eval('.source > *', (all) => all.map((one) => one.getAttribute('style')).join());
    const first = await colours();
    await page.locator('.target button').nth(2).click();
    expect(await colours()).not.toBe(first);
    expect(await page.locator('.readout').textContent()).toMatch(
      /^B \(\d+\.\d\d bits\) attends most to/,
    );
    await page.getByRole('button', { name: 'next' }).click();
    await page.waitForSelector('[data-ready="1"]');
    await page.getByLabel('pair').selectOption('2');
    await page.waitForSelector('[data-ready="2"]');
    // what is written is text, not part of the page
    expect(await page.locator('.target > *').allTextContents()).toEqual(['<', 'b', '>', '⏎']);
    expect(await page.locator('.target .unlikely').count()).toBeGreaterThan(0);
    expect(await fits(page)).toBe(true);
    expect(complaints).toEqual([]);
    await page.close();
  });
});
