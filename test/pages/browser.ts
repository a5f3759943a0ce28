/** Pages in a real browser, where there is one: Debian's chromium, or what CHROMIUM names. */
import { existsSync } from 'node:fs';
import { pathToFileURL } from 'node:url';
import { type Browser, chromium, type Page } from 'playwright-core';
import { afterAll, beforeAll, describe } from 'vitest';

const executablePath = process.env.CHROMIUM ?? '/usr/bin/chromium';
const installed = existsSync(executablePath);
const switches = [
  ...['--headless', '--no-sandbox', '--disable-gpu', '--disable-background-networking'],
  ...['--disable-component-update', '--disable-sync'],
];

export interface OpenPage {
  readonly page: Page;
  /** Errors of the page and on its console, and requests for anything but the page itself */
  readonly complaints: readonly string[];
}

let browser: Browser | undefined;

/**
 * Opens a page from disk.
 * @param fragment what its address ends with
 */
export async function open(
  path: string,
  view: { colorScheme: 'light' | 'dark'; width: number; height: number } = {
    colorScheme: 'light',
    width: 1200,
    height: 900,
  },
  fragment = '',
): Promise<OpenPage> {
  if (browser === undefined) throw new Error('no browser yet');
  const { colorScheme, ...viewport } = view;
  const page = await browser.newPage({ colorScheme, viewport });
  const complaints: string[] = [];
  const url = pathToFileURL(path).href;
  page.on('pageerror', (error) => complaints.push(`error: ${error.message}`));
  page.on('console', (message) => {
    if (['error', 'warning'].includes(message.type())) complaints.push(message.text());
  });
  page.on('request', (request) => {
    // a thread's script is a part of the page
    const isOwn = [url, 'data:,'].includes(request.url().replace(/#.*/s, ''));
    if (!isOwn && !request.url().startsWith('blob:null/'))
      complaints.push(`request: ${request.url()}`);
  });
  await page.goto(url + fragment);
  return { page, complaints };
}

/** Tests that need a browser: left out, with a note, where none is installed. */
export function describeInBrowser(name: string, tests: () => void): void {
  if (!installed) {
    describe.skip(`${name} (no browser: install chromium, or name one in CHROMIUM)`, tests);
    return;
  }
  describe(name, () => {
    beforeAll(async () => {
      browser = await chromium.launch({ executablePath, args: switches });
    });
    afterAll(() => browser?.close());
    tests();
  });
}

/** Whether the page is no wider than the window. */
export function fits(page: Page): Promise<boolean> {
  return page.evaluate('document.documentElement.scrollWidth <= innerWidth');
}
