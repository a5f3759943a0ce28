/**
 * How fast a page of `charnn visualize` opens, and how smoothly it scrolls, in headless Chromium without a
 * graphics processor. Prints milliseconds a frame: 16.7 is all a screen of 60 Hz can show.
 *
 *     node test/bench/scroll.mjs page.html [--slower 4]     processor slowed down, as on a phone
 */
import { pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { chromium } from 'playwright-core';

const { values: options, positionals } = parseArgs({
  allowPositionals: true,
  options: { slower: { type: 'string', default: '1' } },
});
const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
  args: ['--headless', '--no-sandbox', '--disable-gpu'],
});
const page = await browser.newPage({ viewport: { width: 1280, height: 900 } });
const devtools = await page.context().newCDPSession(page);
await devtools.send('Emulation.setCPUThrottlingRate', { rate: Number(options.slower) });

const started = performance.now();
await page.goto(pathToFileURL(positionals[0]).href, { waitUntil: 'commit' });
await page.waitForSelector('[data-ready]', { state: 'attached' });
console.log(`opens in ${Math.round(performance.now() - started)} ms`);

/** Turns the wheel for some seconds, `pixels` an event, and reports the frames meanwhile. */
async function scroll(name, pixels) {
  await page.evaluate(() => {
    globalThis.frames = [];
    const next = (time) => {
      globalThis.frames.push(time);
      globalThis.following = requestAnimationFrame(next);
    };
    globalThis.following = requestAnimationFrame(next);
  });
  const box = await page.locator('.text').boundingBox();
  await page.mouse.move(box.x + box.width / 2, box.y + box.height / 2);
  const before = await page.locator('.text').evaluate((text) => text.scrollTop);
  for (const end = performance.now() + 4000; performance.now() < end; ) {
    await page.mouse.wheel(0, pixels);
    await page.waitForTimeout(16);
  }
  const frames = await page.evaluate(() => {
    cancelAnimationFrame(globalThis.following);
    return globalThis.frames;
  });
  const after = await page.locator('.text').evaluate((text) => text.scrollTop);
  const times = frames.slice(1).map((time, i) => time - frames[i]);
  const sorted = times.toSorted((a, b) => a - b);
  const quantile = (q) => sorted[Math.round(q * (sorted.length - 1))].toFixed(1);
  const late = times.filter((time) => time > 34).length;
  console.log(
    `${name}: ${Math.round(after - before)} pixels, ${times.length} frames, median ${quantile(0.5)}, ` +
      `95 % ${quantile(0.95)}, longest ${quantile(1)} ms, ${late} longer than two of 60 Hz`,
  );
}

await scroll('slowly', 40);
await scroll('fast', 1500);
const first = performance.now();
await page.locator('.findings button:enabled').first().click();
await page.waitForSelector('.text:not([data-colouring="surprise"])');
console.log(`recoloured by a unit in ${Math.round(performance.now() - first)} ms`);
await scroll('coloured by a unit', 200);
await page.getByLabel('predictions under each character').check();
await scroll('with predictions', 200);
await browser.close();
