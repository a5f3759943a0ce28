/**
 * Self-contained pages: script, style and data are in the file, and its content security policy forbids the browser to
 * make any request and to run any script but the page's own.
 */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';

/** The scripts that `bundle.ts` makes, by name. */
export type PageName =
  | 'attention'
  | 'gradients'
  | 'lecture'
  | 'publish'
  | 'report'
  | 'search'
  | 'visualize';

export interface PageContent {
  readonly title: string;
  /** The data of the page as JSON */
  readonly data: unknown;
  /** Larger parts of the page's data, as base64 text, which are decoded only when the page needs them */
  readonly blobs?: Iterable<readonly [id: string, base64: string]>;
}

/** Pages whose script starts a thread that computes in WebAssembly, each with the file of the thread's script */
export const threads: Readonly<Partial<Record<PageName, string>>> = { publish: 'publish-thread' };

/** Pages with charts, whose script needs the library in the file `charts.js` before it */
export const withCharts: ReadonlySet<PageName> = new Set([
  'gradients',
  'lecture',
  'report',
  'search',
  'visualize',
]);

/** The content security policy of a page with this script */
function policyOf(script: string, hasThread: boolean): string {
  const hash = createHash('sha256').update(script).digest('base64');
  return [
    "default-src 'none'",
    `script-src 'sha256-${hash}'${hasThread ? " 'wasm-unsafe-eval'" : ''}`,
    ...(hasThread ? ['worker-src blob:'] : []),
    "style-src 'unsafe-inline'",
    'img-src data:',
    "base-uri 'none'",
    "form-action 'none'",
  ].join('; ');
}

/** @returns the page's text in pieces, because it may exceed the max length of a string */
export function* page(name: PageName, { title, data, blobs }: PageContent): Generator<string> {
  const built = (file: string) => readFileSync(new URL(`client/${file}`, import.meta.url), 'utf8');
  const library = withCharts.has(name) ? built('charts.js') : '';
  const script = escapeScript(library + built(`${name}.js`));
  const thread = threads[name];
  yield `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policyOf(script, thread !== undefined)}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="generator" content="charnn">
<link rel="icon" href="data:,">
<title>${escapeText(title)}</title>
<style>${built(`${name}.css`)}</style>
</head>
<body>
<main id="page"></main>
<noscript>This page needs JavaScript. It sends nothing anywhere.</noscript>
<script type="application/json" id="data">${escapeJson(JSON.stringify(data))}</script>
`;
  for (const [id, base64] of blobs ?? []) {
    yield `<script type="text/plain" id="${id}">${base64}</script>\n`;
  }
  if (thread !== undefined) {
    yield `<script type="text/plain" id="thread">${escapeScript(built(`${thread}.js`))}</script>\n`;
  }
  yield `<script type="module">${script}</script>\n</body>\n</html>\n`;
}

function escapeText(text: string): string {
  return text.replace(/[&<>"]/g, (c) => `&#${c.charCodeAt(0)};`);
}

/** Escapes JSON, so that nothing in it can end the element that contains it. */
function escapeJson(json: string): string {
  return json.replaceAll('<', '\\u003c');
}

/**
 * Escapes a script, so that nothing in it can end its element. `<` is needed in scripts, so only the two sequences that
 * HTML looks for are escaped.
 */
function escapeScript(script: string): string {
  return script.replace(/<(?=\/script|!--)/gi, '\\x3c');
}
