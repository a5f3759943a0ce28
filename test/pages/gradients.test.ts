/** The page of `charnn gradients`. */
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { Folder, verses } from '../commands/run.js';
import { describeInBrowser, fits, open } from './browser.js';

describeInBrowser('the page of gradients', () => {
  test.each([
    { colorScheme: 'light', width: 1200, height: 900 },
    { colorScheme: 'dark', width: 380, height: 800 },
  ] as const)('opens without complaint: $colorScheme, $width wide', async (view) => {
    const folder = new Folder();
    folder.write('text.txt', verses(500));
    const sizes = ['--hidden', '6', '--lags', '20', '--positions', '5'];
    const args = ['gradients', 'text.txt', '--cell', 'rnn,lstm', ...sizes, '-o', 'page.html'];
    const { status, stdout, stderr } = await folder.run(args);
    expect([status, stdout, stderr]).toEqual([0, '', 'the page is in page.html\n']);

    const { page, complaints } = await open(join(folder.path, 'page.html'), view);
    await page.waitForSelector('canvas');
    // the gradients' chart, and a spectrum of each network
    expect(await page.locator('canvas').count()).toBe(3);
    await page.getByRole('application').first().focus();
    await page.keyboard.press('End');
    await page.getByText(/^steps back 20: rnn \d.*lstm \d/).waitFor();
    const lstm = page.getByRole('button', { name: 'lstm', exact: true });
    await lstm.focus();
    await page.keyboard.press('Enter');
    expect(await lstm.getAttribute('aria-pressed')).toBe('false');
    await page.getByRole('cell', { name: 'rnn: layer 1, recurrent' }).waitFor();
    expect(await fits(page)).toBe(true);
    expect(complaints).toEqual([]);
    await page.close();
  });
});
