/** Pages of models with labels and vectors: chosen in lists, typed as numbers, kept in links. */
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { beforeAll, expect, test } from 'vitest';
import { Folder } from '../commands/run.js';
import { kinds, labelledPairs, labelledTexts, moods, names } from '../labelled-models.js';
import { describeInBrowser, faults, fits, open } from './browser.js';
import { describeInFirefox } from './firefox.js';

const folder = new Folder();
const path = (name: string) => join(folder.path, name);
const sampled = async (kind: string, mood: string) => {
  const labels = [`${names[0]}=${kind}`, `${names[1]}=${mood}`].flatMap((one) => ['--label', one]);
  const words = ['-m', 'texts.json', '--backend', 'wasm', '--seed', '1', '--stop', '\\n'];
  return (await folder.run(['sample', ...words, ...labels])).stdout;
};

beforeAll(async () => {
  await labelledTexts(folder, '--counts', '3');
  await labelledPairs(folder);
  const label = `${names[1]}=${moods[1]}`;
  for (const [model, ...options] of [
    ['texts', '--label', label],
    ['pairs', '--prompt', 'ab\\ndc'],
  ]) {
    const { status, stderr } = await folder.run([
      ...['publish', `${model}.json`, '-o', `${model}.html`, ...options],
    ]);
    expect(status, stderr).toBe(0);
  }
});

async function whenWritten(page: Page): Promise<string> {
  await page.waitForSelector('body[data-written]');
  return (await page.locator('.body').textContent()) ?? '';
}

test.each([
  [['--label', 'kind=x'], 2, /the model has the labels __proto__, "</],
  [['--label', '__proto__=x'], 1, /the model was not trained with __proto__ "x"/],
  [
    ['--format', 'csv'],
    2,
    /^charnn: --format says how the text of --eval is read: give --eval as well\n$/,
  ],
])('%j is refused in one line', async (options, code, message) => {
  const { status, stderr } = await folder.run(['publish', 'texts.json', ...options]);
  expect(stderr).toMatch(message);
  expect([status, stderr.trimEnd().split('\n').length]).toEqual([code, 1]);
});

test('what weights cost is measured with the labels of a table, or those that are chosen', async () => {
  const options = ['texts.ndjson', '--format', 'ndjson', '--text-column', 'text'];
  const cost = async (model: string, ...more: string[]) => {
    const { stderr } = await folder.run(['publish', model, '--weights', 'f16', ...more]);
    return Number(/^([\d.]+) bits per character with f16 weights/m.exec(stderr)?.[1]);
  };
  const { stdout } = await folder.run(['eval', '-m', 'texts.json', ...options, '--json']);
  const whole = await cost('texts.json', '--eval', ...options);
  expect(whole).toBeCloseTo(JSON.parse(stdout).bitsPerCharacter, 2);
  folder.write('one.txt', 'woof 3 woof!\n'.repeat(50));
  const own = ['--eval', 'one.txt', '--label', `${names[0]}=${kinds[1]}`];
  const other = ['--eval', 'one.txt', '--label', `${names[0]}=${kinds[0]}`];
  expect(await cost('texts.json', ...own)).not.toBe(await cost('texts.json', ...other));
  const pairs = ['--format', 'ndjson'];
  const evaluated = await folder.run([
    'eval',
    '-m',
    'pairs.json',
    'pairs.ndjson',
    ...pairs,
    '--json',
  ]);
  expect(await cost('pairs.json', '--eval', 'pairs.ndjson', ...pairs)).toBeCloseTo(
    JSON.parse(evaluated.stdout).bitsPerCharacter,
    2,
  );
});

describeInBrowser('the page of a model with labels', () => {
  test('writes a record for the labels that are chosen, and its link keeps them', async () => {
    const { page, complaints } = await open(path('texts.html'));
    expect(await whenWritten(page)).toBe(await sampled(kinds[0], moods[1]));
    // by the keyboard alone
    const [kind, mood] = [page.getByRole('combobox').nth(0), page.getByRole('combobox').nth(1)];
    await page.getByRole('textbox', { name: 'Begin with' }).focus();
    await page.keyboard.press('Tab');
    expect(await kind.evaluate('document.activeElement.tagName')).toBe('SELECT');
    await page.keyboard.press('ArrowDown');
    expect(await whenWritten(page)).toBe(await sampled(kinds[1], moods[1]));
    await page.keyboard.press('Tab');
    await page.keyboard.press('Home');
    expect(await whenWritten(page)).toBe(await sampled(kinds[1], moods[0]));
    expect(await mood.locator('option').allTextContents()).toEqual(['(none)', moods[1]]);
    await page.getByRole('button', { name: 'Copy link' }).click();
    const link = await page.evaluate<string>('location.href');
    const text = await whenWritten(page);
    await page.close();

    const again = await open(path('texts.html'), undefined, link.replace(/.*#/, '#'));
    expect(await whenWritten(again.page)).toBe(text);
    expect(await again.page.getByRole('combobox').nth(0).inputValue()).toBe('1');
    await again.page.close();
    const wrong = await open(path('texts.html'), undefined, '#label=__proto__=x&label=y&label');
    expect(await whenWritten(wrong.page)).toBe(await sampled(kinds[0], moods[1]));
    expect(await wrong.page.locator('img').count()).toBe(0);
    await wrong.page.close();
    expect([...complaints, ...again.complaints, ...wrong.complaints]).toEqual([]);
  });

  test('converts lines with their vectors and labels, and says which line is wrong', async () => {
    const { page, complaints } = await open(path('pairs.html'));
    await page.waitForSelector('body[data-converted="2"]');
    await page.getByRole('textbox', { name: 'Vectors' }).fill('1 0\n');
    await page.getByRole('combobox', { name: 'kind' }).selectOption({ index: 1 });
    await page.waitForSelector('body[data-converted="2"]');
    const objects = [
      { source: 'ab', how: [1, 0], kind: kinds[1] },
      { source: 'dc', how: [], kind: kinds[1] },
    ];
    const { stdout } = await folder.run(
      ['convert', '-m', 'pairs.json', '--backend', 'wasm'],
      objects.map((object) => JSON.stringify(object)).join('\n'),
    );
    const shown = page.locator('.results td:nth-child(2) > span');
    expect(await shown.allTextContents()).toEqual(stdout.split('\n').slice(0, 2));
    await page.getByRole('button', { name: 'Copy link' }).click();
    const link = await page.evaluate<string>('location.href');
    const again = await open(path('pairs.html'), undefined, link.replace(/.*#/, '#'));
    await again.page.waitForSelector('body[data-converted="2"]');
    expect(await again.page.locator('.results td').allTextContents()).toEqual(
      await page.locator('.results td').allTextContents(),
    );
    await again.page.close();
    await page.getByRole('textbox', { name: 'Vectors' }).fill('1 0\n1 b');
    await page.getByText(/^line 2: "1 b" is not a vector/).waitFor();
    expect(await shown.count()).toBe(0);
    expect([...complaints, ...again.complaints]).toEqual([]);
    await page.close();
  });

  test.each([
    ['texts.html', { colorScheme: 'light', width: 390, height: 844 }],
    ['pairs.html', { colorScheme: 'light', width: 1280, height: 900 }],
    ['pairs.html', { colorScheme: 'dark', width: 390, height: 844 }],
  ] as const)('%s is accessible: %j', async (file, view) => {
    const { page, complaints } = await open(path(file), view);
    await page.waitForSelector('body[data-written], body[data-converted="2"]');
    expect(await fits(page)).toBe(true);
    expect(await faults(page)).toEqual([]);
    expect(complaints).toEqual([]);
    await page.close();
  });
});

describeInFirefox('Firefox', (firefox) => {
  test('writes for the labels that are chosen', async () => {
    await firefox().open(path('texts.html'));
    await firefox().until('document.body.dataset.written');
    await firefox().evaluate(`(() => {
      const select = document.querySelector('select');
      select.selectedIndex = 1;
      select.dispatchEvent(new Event('change'));
    })()`);
    await firefox().until('document.body.dataset.written');
    const text = "document.querySelector('.body').textContent";
    expect(await firefox().evaluate<string>(text)).toBe(await sampled(kinds[1], moods[1]));
    await firefox().open(path('pairs.html'));
    await firefox().until('document.body.dataset.converted');
    expect(firefox().complaints).toEqual([]);
  });
});
