/** The page of a model in two browsers, from disk and from `charnn serve`. */
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { Folder, verses } from '../commands/run.js';
import { RunningServer } from '../serve/server.js';
import { describeInBrowser, open } from './browser.js';
import { describeInFirefox } from './firefox.js';

const folder = new Folder();
let server: RunningServer;
let sampled: string;
const given = ['--prompt', '5 green', '--seed', '4', '--length', '300'];

beforeAll(async () => {
  await folder.train(verses(6000), '--counts', '4', '-o', 'model.json', '-q');
  await folder.run(['publish', 'model.json', '-o', 'page.html', ...given]);
  const words = ['sample', '-m', 'model.json', '--backend', 'wasm', ...given];
  sampled = (await folder.run(words)).stdout;
  server = await RunningServer.start(folder, 'model.json', ...given);
});
afterAll(async () => {
  await server.stop();
});

const places = ['disk', 'a server'] as const;
const addressOf = (place: (typeof places)[number]) =>
  place === 'disk' ? join(folder.path, 'page.html') : `${server.address}/`;

describeInBrowser('Chromium', () => {
  test.each(places)('from %s', async (place) => {
    const { page, complaints } = await open(addressOf(place));
    await page.waitForSelector('body[data-written]');
    expect(await page.locator('.body').textContent()).toBe(sampled);
    expect(complaints).toEqual([]);
    await page.close();
  });
});

describeInFirefox('Firefox', (firefox) => {
  test.each(places)('from %s', async (place) => {
    await firefox().open(addressOf(place));
    await firefox().until('document.body.dataset.written');
    const text = "document.querySelector('.body').textContent";
    expect(await firefox().evaluate<string>(text)).toBe(sampled);
    const requests = 'performance.getEntriesByType("resource").map(({ name }) => name)';
    expect(await firefox().evaluate(requests)).toEqual([]);
    await firefox().evaluate("document.querySelector('.sheet').focus()");
    expect(firefox().complaints).toEqual([]);
  });

  test('is used by the mouse: what was likely is told for the character under it', async () => {
    await firefox().open(addressOf('disk'));
    await firefox().until('document.body.dataset.written');
    await firefox().evaluate(`(() => {
      const box = document.querySelector('.body .drawn').getBoundingClientRect();
      const at = { clientX: box.left + 12, clientY: box.top + box.height / 4, bubbles: true };
      document.querySelector('.body').dispatchEvent(new PointerEvent('pointermove', at));
    })()`);
    expect(await firefox().evaluate("document.querySelectorAll('.expectation li').length")).toBe(5);
    expect(firefox().complaints).toEqual([]);
  });
});
