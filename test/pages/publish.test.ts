/** `charnn publish` and its page. */
import { statSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import type { Page } from 'playwright-core';
import { beforeAll, describe, expect, test } from 'vitest';
import { readModel } from '#charnn/checkpoint/model-file.js';
import { packTable } from '#charnn/counts/pack-table.js';
import { Folder, verses } from '../commands/run.js';
import { describeInBrowser, faults, fits, open } from './browser.js';

const folder = new Folder();
const hostile = `</script><script>document.title='broken'</script><img src=x onerror=alert(1)>`;

beforeAll(async () => {
  await folder.train(verses(6000), '--counts', '4', '-o', 'model.json', '-q');
  const odd = hostile.repeat(20).concat('\n\u202e\u0000 abc');
  await folder.train(odd, '--counts', '3', '-o', 'odd.json', '-q');
});

/** Publishes and returns the path of the page. */
async function published(model: string, ...options: string[]): Promise<string> {
  const { status, stderr } = await folder.run(['publish', model, '-o', 'page.html', ...options]);
  expect([status, stderr.split('\n').at(-2)]).toEqual([0, 'the page is in page.html']);
  return join(folder.path, 'page.html');
}

/** The text that the page shows, once it has been written. */
async function whenWritten(page: Page): Promise<string> {
  await page.waitForSelector('body[data-written]');
  return (await page.locator('.body').textContent()) ?? '';
}

describe('charnn publish', () => {
  test('notes what the page gives away, and leaves it out if asked to', async () => {
    const { stderr } = await folder.run(['publish', 'model.json']);
    expect(stderr).toMatch(
      /which reveal passages of the training text: --no-counts leaves them out/,
    );
    const whole = folder.read('page.html').toString();
    expect(whole).toContain('id="counts"');
    const bare = await folder.run(['publish', 'model.json', '--no-counts']);
    expect(bare.stderr).toBe('the page is in page.html\n');
    const text = folder.read('page.html').toString();
    expect(text).not.toContain('id="counts"');
    expect(text.length).toBeLessThan(whole.length);
  });

  test.each(['f32', 'f16', 'int8'])('%s: little is added to weights and counts', async (format) => {
    const path = await published('model.json', '--weights', format);
    const model = await readModel(join(folder.path, 'model.json'));
    const each = { f32: 4, f16: 2, int8: 1 }[format] ?? 0;
    const counts = model.counts === undefined ? 0 : packTable(model.counts.table).length;
    const encoded = (bytes: number) => (bytes * 4) / 3;
    const held =
      encoded(each * model.weights.length) + encoded(gzipSync(Buffer.alloc(counts)).length);
    expect(statSync(path).size).toBeLessThan(held + 400_000);
  });

  test('measures what the weights cost, on a text or on its own', async () => {
    folder.write('other.txt', verses(3000).slice(1000));
    const own = await folder.run(['publish', 'model.json', '--weights', 'int8']);
    expect(own.stderr).toMatch(
      /\d\.\d{4} bits per character with int8 weights, \d\.\d{4} with the model's own \([+-]\d\.\d{4}\), on 10,000 characters that the model has written/,
    );
    const on = ['--weights', 'f32', '--eval', 'other.txt'];
    const { stderr } = await folder.run(['publish', 'model.json', ...on]);
    const [, after, before] = /(\d\.\d{4}) bits.*, (\d\.\d{4}) with.*other\.txt/.exec(stderr) ?? [];
    const { stdout } = await folder.run(['eval', 'other.txt', '-m', 'model.json', '--json']);
    expect(Number(after)).toBeCloseTo(JSON.parse(stdout).bitsPerCharacter, 4);
    expect(before).toBe(after);
  });

  test.each([
    [['--temp', '3'], 2, /--temp must be a number from 0 to 2/],
    [['--stop', '\\q'], 2, /--stop has an unknown escape/],
    [['--weights', 'int4'], 2, /--weights must be one of f32, f16, int8/],
    [['-o', 'page.txt'], 2, /give a name that ends in \.html/],
    [['-o', 'model.json'], 2, /give a name that ends in \.html/],
    [['--model', 'missing.json'], 1, /no file missing\.json/],
  ])('%j is refused in one line', async (options, code, message) => {
    const { status, stderr } = await folder.run(['publish', ...options]);
    expect(stderr).toMatch(message);
    expect([status, stderr.trimEnd().split('\n').length]).toEqual([code, 1]);
  });
});

describeInBrowser('the page of publish', () => {
  test('writes what charnn sample writes, as it is typed', async () => {
    const given = ['--prompt', '7 green', '--seed', '3', '--length', '400'];
    const path = await published('model.json', ...given);
    const { page, complaints } = await open(path);
    const sampled = async (prompt: string, ...more: string[]) => {
      const words = ['sample', '-m', 'model.json', '--backend', 'wasm', '-p', prompt, ...more];
      return (await folder.run(words)).stdout;
    };
    expect(await whenWritten(page)).toBe(await sampled('7 green', '--seed', '3', '-l', '400'));

    await page.getByRole('textbox', { name: 'Begin with' }).fill('12 green bot');
    await page.getByRole('spinbutton', { name: 'Seed' }).fill('8');
    await page.getByRole('slider', { name: 'Temperature' }).fill('0.6');
    await page.getByRole('textbox', { name: 'Stop at' }).fill('all\\n');
    const expected = ['--seed', '8', '-t', '0.6', '--stop', 'all\\n', '-l', '400'];
    expect(await whenWritten(page)).toBe(await sampled('12 green bot', ...expected));
    expect(complaints).toEqual([]);
    await page.close();
  });

  test('its link brings back what it was made with, and holds nothing but text', async () => {
    const path = await published('model.json');
    const first = await open(path);
    await whenWritten(first.page);
    await first.page.getByRole('textbox', { name: 'Begin with' }).fill(`9 ${hostile} &#=%`);
    await first.page.getByRole('button', { name: 'New seed' }).click();
    const text = await whenWritten(first.page);
    await first.page.getByRole('button', { name: 'Copy link' }).click();
    const link = await first.page.evaluate<string>('location.href');
    expect(link).toMatch(/page\.html#seed=\d+&prompt=/);
    await first.page.close();

    const second = await open(path, undefined, link.replace(/.*#/, '#'));
    expect(await whenWritten(second.page)).toBe(text);
    expect(await second.page.locator('img, script[src]').count()).toBe(0);
    expect([...first.complaints, ...second.complaints]).toEqual([]);
    await second.page.close();

    const wrong = await open(path, undefined, '#seed=-1&length=1e9&temperature=x&stop=%FF');
    expect(await wrong.page.getByRole('spinbutton', { name: 'Seed' }).inputValue()).toBe('1');
    await whenWritten(wrong.page);
    expect(wrong.complaints).toEqual([]);
    await wrong.page.close();
  });

  test('a hostile title, text and model inject nothing', async () => {
    const words = ['--title', hostile, '--text', hostile, '--text', 'second', '--prompt', hostile];
    const { page, complaints } = await open(await published('odd.json', ...words));
    const text = await whenWritten(page);
    expect(text.startsWith(hostile)).toBe(true);
    expect(await page.title()).toBe(hostile);
    expect(await page.locator('h1').textContent()).toBe(hostile);
    expect(await page.locator('.about').allTextContents()).toEqual([hostile, 'second']);
    expect(await page.locator('img').count()).toBe(0);
    expect(complaints).toEqual([]);
    // a script that got in all the same would not run
    await page.evaluate(
      "document.body.append(Object.assign(document.createElement('script'), { textContent: 'document.title = 1' }))",
    );
    expect(await page.title()).toBe(hostile);
    await page.close();
  });

  test('is used by the keyboard alone, and tells what was likely', async () => {
    const { page, complaints } = await open(await published('model.json', '--prompt', '5 gr'));
    const before = await whenWritten(page);
    const focused = () =>
      page.evaluate<string>(
        "document.activeElement.getAttribute('aria-label') ?? document.activeElement.textContent",
      );
    await page.getByRole('textbox', { name: 'Begin with' }).focus();
    const order: string[] = [];
    for (let i = 0; i < 11; i++) {
      await page.keyboard.press('Tab');
      order.push(await focused());
    }
    const buttons = ['Write', 'Go on', '', 'Copy', 'Copy link'];
    expect(order.slice(0, 6)).toEqual([...buttons, 'the text; arrow keys choose a character']);
    expect(order).toContain('New seed');

    await page.getByRole('region', { name: /the text/ }).focus();
    const told = () => page.locator('.expectation').textContent();
    await page.keyboard.press('ArrowRight');
    expect(await told()).toMatch(new RegExp(`^${before[4]} \\d+\\.\\d bits`));
    await page.keyboard.press('Home');
    expect(await told()).toMatch(/^5 the first character is not predicted/);
    await page.keyboard.press('End');
    expect(await page.locator('.expectation li').count()).toBe(5);
    await page.keyboard.press('ArrowUp');
    await page.keyboard.press('Escape');
    expect(await told()).toMatch(/^Point at a character/);

    await page.getByRole('checkbox', { name: 'Colour by surprise' }).press('Space');
    expect(await page.locator('.body span[class*=" s"]').count()).toBeGreaterThan(5);
    expect(await page.locator('.body').textContent()).toBe(before);
    await page.locator('.body span').first().hover();
    expect(await told()).toMatch(/bits|not predicted/);

    await page.getByRole('button', { name: 'Go on' }).press('Enter');
    const after = await whenWritten(page);
    expect(after.startsWith(before)).toBe(true);
    expect(after.length).toBe(before.length + 500);
    expect(complaints).toEqual([]);
    await page.close();
  });

  test.each([
    { colorScheme: 'light', width: 1280, height: 900 },
    { colorScheme: 'dark', width: 390, height: 844 },
  ] as const)('is accessible: $colorScheme, $width wide', async (view) => {
    const { page, complaints } = await open(
      await published('model.json', '--text', 'About.'),
      view,
    );
    await whenWritten(page);
    await page.getByRole('checkbox', { name: 'Colour by surprise' }).check();
    await page.getByRole('region', { name: /the text/ }).focus();
    await page.keyboard.press('ArrowRight');
    expect(await fits(page)).toBe(true);
    expect(await faults(page)).toEqual([]);
    expect(complaints).toEqual([]);
    await page.close();
  });

  test('of a model of pairs, it converts what is typed', async () => {
    folder.write('pairs.tsv', verses(2000).replace(/^(\d+) (\w+).*$/gm, '$1$2\t$2$1'));
    const sizes = ['--hidden', '8', '--embedding', '4', '--steps', '60', '--threads', '1'];
    await folder.run(['train', '--pairs', 'pairs.tsv', ...sizes, '-o', 'pairs.json', '-q']);
    const { page, complaints } = await open(await published('pairs.json', '--prompt', '3green'));
    await page.waitForSelector('body[data-converted="1"]');
    await page.getByRole('textbox', { name: 'Convert' }).fill(`3green\n\n41green\n${hostile}`);
    await page.waitForSelector('body[data-converted="3"]');
    const { stdout } = await folder.run(
      ['convert', '-m', 'pairs.json', '--backend', 'wasm'],
      `3green\n41green\n${hostile}`,
    );
    const shown = await page.locator('.results tbody td:nth-child(2) > span').allTextContents();
    expect(shown).toEqual(stdout.split('\n').slice(0, 3));
    expect(await page.locator('.results tbody td:nth-child(2) small').last().textContent()).toMatch(
      /unknown/,
    );
    expect(complaints).toEqual([]);
    await page.close();
  });
});
