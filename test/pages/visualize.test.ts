/** `charnn visualize` and its page. */
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { Folder, verses } from '../commands/run.js';
import { describeInBrowser, fits, open } from './browser.js';

const folder = new Folder();
beforeAll(async () => {
  await folder.train(`${verses(3000)}한국어 <b>&amp;</b> </script>\n`, '-q');
});

async function makePage(text: string, ...options: string[]) {
  folder.write('shown.txt', text);
  return folder.run(['visualize', 'shown.txt', '-o', 'page.html', ...options]);
}

describe('charnn visualize', () => {
  test('names the units that follow a feature, for people and for programs', async () => {
    const { status, stdout, stderr } = await makePage(verses(900));
    expect([status, stdout]).toEqual([0, '']);
    expect(stderr).toMatch(/^the page is in page\.html\nunits .* on 4\d\d held-out characters:\n/);
    expect(stderr).toMatch(/^ {2}inside a word +0:\d +-?\d\.\d\d$/m);
    const found = JSON.parse((await makePage(verses(900), '--json', '-q')).stdout);
    expect(found.features[0].units[0]).toMatchObject({ layer: 0 });
    expect(Math.abs(found.features[0].units[0].heldOut)).toBeLessThanOrEqual(1);
  });

  test('an equal call writes equal bytes', async () => {
    await makePage(verses(500));
    const first = folder.read('page.html');
    await makePage(verses(500));
    expect(folder.read('page.html').equals(first)).toBe(true);
  });

  test.each([
    [['--units', '1:0'], /--units 1:0 is not in the model: layers are 0 to 0, units 0 to 7/],
    [['--units', 'x'], /--units must be all, or a list such as 0:17,1:200, not "x"/],
    [['-o', 'text.txt'], /text\.txt is not the name of a page: give a name that ends in \.html/],
  ])('%j is refused in one line', async (options, message) => {
    const { status, stderr } = await makePage(verses(100), ...options);
    expect(status).toBe(2);
    expect(stderr).toMatch(message);
  });
});

describeInBrowser('the page of visualize', () => {
  test.each([
    { colorScheme: 'light', width: 1200, height: 900 },
    { colorScheme: 'dark', width: 380, height: 800 },
  ] as const)('opens and is used without complaint: $colorScheme, $width wide', async (view) => {
    const text = `Ok\n${verses(900)}`;
    await makePage(text);
    const { page, complaints } = await open(join(folder.path, 'page.html'), view);
    await page.waitForSelector('[data-ready]');
    const colours = () =>
      page.$$eval('.cell', (cells) => cells.map((cell) => cell.getAttribute('style')).join());

    // a click on a unit recolours the text
    const bySurprise = await colours();
    const unit = page.locator('.findings button').first();
    await unit.click();
    await page.waitForSelector('.findings button[aria-pressed="true"]');
    await page.waitForSelector('.text:not([data-colouring="surprise"])');
    expect(await colours()).not.toBe(bySurprise);
    await page.getByLabel('colour by').selectOption('nothing');
    await page.waitForSelector('.text[data-colouring="nothing"]');
    expect(await colours()).toMatch(/^,+$/);

    // the lines of the unit that a dot stands for are drawn around the chosen character
    await page.locator('figure circle').nth(3).dispatchEvent('click');
    await page.waitForSelector('.text[data-colouring="0-3"]');
    await page.locator('.unit-lines canvas').waitFor();
    const names = await page.locator('.unit-lines .legend button').allTextContents();
    expect(names).toEqual(['input', 'forget', 'cell', 'output', 'h', 'c']);

    // of a chosen character the ones before it are coloured by how much it depends on them
    const place = 150;
    await page.getByLabel('colour by').selectOption('dependence');
    await page.locator(`.cell[data-at="${place}"]`).click();
    await page.waitForSelector('.text[data-colouring="dependence"]');
    const coloured = await page.$$eval('.cell', (cells) =>
      cells
        .filter((cell) => cell.getAttribute('style') !== null)
        .map((cell) => Number(cell.getAttribute('data-at'))),
    );
    expect(coloured.length).toBeGreaterThan(0);
    expect(Math.max(...coloured)).toBeLessThan(place);
    expect(Math.min(...coloured)).toBeGreaterThanOrEqual(place - 101);

    // hovering tells of a character without choosing it, and a place in a similar state can be gone to
    await page.locator('.cell[data-at="1"]').hover();
    await page.locator('.details', { hasText: 'character 2:' }).waitFor();
    expect(await page.locator('.chosen').getAttribute('data-at')).toBe(`${place}`);
    await page.locator('.similar button').click();
    await page.locator('.similar button').nth(1).click();
    expect(await page.locator('.chosen').getAttribute('data-at')).not.toBe(`${place}`);

    // predictions stand under every character but the first
    await page.getByLabel('predictions under each character').check();
    await page.waitForSelector('.cell[data-at="1"] i');
    expect(await page.locator('.cell[data-at="1"] i').count()).toBe(5);
    expect(await page.locator('.cell[data-at="0"] i').count()).toBe(0);

    // the arrow keys choose a character
    await page.locator('.text').focus();
    await page.keyboard.press('ArrowRight');
    await page.keyboard.press('ArrowDown');
    await page.keyboard.press('ArrowDown');
    expect(await page.locator('.chosen').getAttribute('data-at')).not.toBe('0');
    await page.keyboard.press('End');
    await page.waitForSelector(`.chosen[data-at="${text.length - 1}"]`);
    const told = new RegExp(`character ${text.length}: \\d+\\.\\d bits`);
    await page.locator('.details', { hasText: told }).waitFor();
    expect(await fits(page)).toBe(true);
    expect(complaints).toEqual([]);
    await page.close();
  });

  test('a second model: its surprise, and which of the two expects each character more', async () => {
    const shown = verses(600);
    const options = ['--hidden', '16', '--steps', '40', '-q', '-o', 'second.json', '--counts', '0'];
    const trained = await folder.run(['train', 'shown.txt', ...options]);
    expect(trained.status, trained.stderr).toBe(0);
    expect((await makePage(shown, '--compare', 'second.json')).status).toBe(0);
    const { page, complaints } = await open(join(folder.path, 'page.html'));
    await page.waitForSelector('[data-ready]');
    const [counts, provenance] = await page.locator('p.faint').allTextContents();
    expect(provenance).toMatch(/^charnn\.json, second\.json on shown\.txt; charnn /);
    const [first, second] = [...counts.matchAll(/\d\.\d{3}/g)].map(Number);
    const bits = JSON.parse(
      (await folder.run(['eval', 'shown.txt', '-m', 'second.json', '--json'])).stdout,
    ).bitsPerCharacter;
    expect(second).toBeCloseTo(bits, 2);
    expect(first).not.toBe(second);
    // each has its own colours, and what is chosen in one is chosen in both
    const views = page.locator('.side-by-side .text');
    expect(await views.count()).toBe(2);
    const colours = (view: number) =>
      views
        .nth(view)
        .locator('.cell')
        .evaluateAll((cells) => cells.map((cell) => cell.getAttribute('style') ?? ''));
    expect(await colours(0)).not.toEqual(await colours(1));
    await page.getByLabel('colour by').selectOption('difference');
    await page.waitForSelector('.text[data-colouring="difference"]');
    const [ours, theirs] = [await colours(0), await colours(1)];
    // a character is coloured where the model expects it more, so never in both
    expect(ours.filter((style, i) => style !== '' && theirs[i] !== '')).toEqual([]);
    expect(ours.join('') + theirs.join('')).not.toBe('');
    await views.nth(1).locator('.cell').nth(5).click();
    await page.locator('.details', { hasText: / by second\.json/ }).waitFor();
    expect(await page.locator('.chosen').count()).toBe(2);
    await page.keyboard.press('End');
    await expect
      .poll(() => views.evaluateAll((all) => new Set(all.map(({ scrollTop }) => scrollTop)).size))
      .toBe(1);
    await page.getByLabel('predictions under each character').check();
    await page.waitForSelector('.side-by-side > :nth-child(2) .cell i');
    expect(await fits(page)).toBe(true);
    expect(complaints).toEqual([]);
    await page.close();
  });

  test('any text is shown as it is', async () => {
    await makePage('</script><b>&amp;</b>\n한국어\tΩ');
    const { page, complaints } = await open(join(folder.path, 'page.html'));
    await page.waitForSelector('[data-ready]');
    expect(await page.locator('.row').allTextContents()).toEqual([
      '</script><b>&amp;</b>⏎',
      expect.stringMatching(/^한국어.�$/),
    ]);
    const width = (at: number) =>
      page.$eval(`[data-at="${at}"]`, (cell) => cell.getBoundingClientRect().width);
    expect((await width(22)) / (await width(1))).toBeCloseTo(2, 1);
    expect(complaints).toEqual([]);
    await page.close();
  });

  test('of a text of 1 MB only the rows in sight exist, wherever it is scrolled to', async () => {
    const long = verses(1_000_000).slice(0, 1_000_000);
    await makePage(long, '--units', '0:1,0:2');
    const { page, complaints } = await open(join(folder.path, 'page.html'));
    await page.waitForSelector('[data-ready]');
    const text = page.locator('.text');
    await text.evaluate((element, lines) => {
      element.scrollTop = (element.scrollHeight * 8000) / lines;
    }, long.split('\n').length);
    await page.locator('.row', { hasText: /8000\sgreen\sbottles/ }).waitFor();
    expect(await page.locator('.row').count()).toBeLessThan(80);
    await text.focus();
    await page.keyboard.press('End');
    await page.waitForSelector('.chosen');
    await page.locator('.details', { hasText: 'character 1,000,000' }).waitFor();
    expect(complaints).toEqual([]);
    await page.close();
  });
});
