/**
 * How fast a published page writes, beside `charnn sample --backend wasm --threads 1` on the same machine, in turn:
 *
 *     node test/bench/page-speed.mjs MODEL [rounds] [characters]
 *
 * Prints for each round the characters a second of both, and the time from a change of the prompt to the first character
 * after it. The time of `sample` is that of a long text less that of a short one, so that starting is not part of it.
 */
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { chromium } from 'playwright-core';
import { folderOfProcess } from '../temporary-folder.mjs';

const [model, rounds = '5', characters = '20000'] = process.argv.slice(2);
const binary = fileURLToPath(new URL('../../bin/charnn.js', import.meta.url));
const length = Number(characters);
const run = (...words) =>
  execFileSync(process.execPath, [binary, ...words], { maxBuffer: 2 ** 28 });
const file = join(folderOfProcess('charnn page '), 'page.html');
run('publish', model, '-o', file, '--length', characters, '--prompt', 'The ', '-q');

function timed(count) {
  const from = performance.now();
  run(
    'sample',
    '-m',
    model,
    '--backend',
    'wasm',
    '--threads',
    '1',
    '-p',
    'The ',
    '--seed',
    '1',
    '-l',
    `${count}`,
  );
  return (performance.now() - from) / 1000;
}

const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
  args: ['--headless', '--no-sandbox', '--disable-gpu'],
});
const ratios = [];
for (let round = 0; round < Number(rounds); round++) {
  const page = await browser.newPage();
  await page.goto(pathToFileURL(file).href);
  await page.waitForSelector('body[data-written]', { timeout: 600_000 });
  const status = await page.locator('.status').first().textContent();
  const ofPage = Number(/([\d,]+) a second/.exec(status)[1].replaceAll(',', ''));
  await page.evaluate(`(() => {
    const body = document.querySelector('.body');
    new MutationObserver(() => {
      if (window.first === undefined && body.querySelector('.drawn')) window.first = performance.now();
    }).observe(body, { childList: true, subtree: true });
    const area = document.querySelector('textarea');
    window.typed = performance.now();
    area.value = 'It was ';
    area.dispatchEvent(new Event('input'));
  })()`);
  let first;
  while (first === undefined)
    first = await page.evaluate('window.first && window.first - window.typed');
  await page.close();
  const ofSample = length / (timed(length + 10) - timed(10));
  ratios.push(ofPage / ofSample);
  console.log(
    `page ${ofPage}, sample ${Math.round(ofSample)} characters a second, ratio ${ratios.at(-1).toFixed(3)}; first character after ${Math.round(first)} ms`,
  );
}
await browser.close();
console.log(`median ratio ${ratios.sort((a, b) => a - b)[ratios.length >> 1].toFixed(3)}`);
