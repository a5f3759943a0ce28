/** `charnn visualize` of a model of pairs, and its page. */

import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { beforeAll, describe, expect, test } from 'vitest';
import { quickPairs, reversals } from '../commands/pair-training.js';
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
