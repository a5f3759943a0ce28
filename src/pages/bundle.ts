/** A build step that bundles the script and the style sheet of each page: dist/pages/client/NAME.js and .css. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import { build } from 'rolldown';
import { type PageName, threads } from './page.js';

const source = (name: string) =>
  fileURLToPath(new URL(`../../src/pages/client/${name}`, import.meta.url));
const target = (name: string) => fileURLToPath(new URL(`client/${name}`, import.meta.url));
const charts = createRequire(import.meta.url).resolve('uplot/dist/uPlot.min.css');

/**
 * The notice that uPlot's licence requires wherever its code is; a comment that begins in this way survives minifying.
 */
const notice = `/*! uPlot, https://github.com/leeoniya/uPlot\n\n${readFileSync(
  createRequire(import.meta.url).resolve('uplot/LICENSE'),
  'utf8',
).trim()}\n*/`;

/** Style sheets of each page, in order */
const pages: Readonly<Record<PageName, readonly string[]>> = {
  attention: [source('base.css'), source('attention.css')],
  gradients: [charts, source('base.css')],
  lecture: [charts, source('base.css')],
  publish: [source('base.css'), source('inputs.css'), source('publish.css')],
  report: [charts, source('base.css'), source('report.css')],
  search: [charts, source('base.css'), source('search.css')],
  visualize: [charts, source('base.css'), source('visualize.css')],
};

/** The modules with which threads of pages begin, as they were compiled for Node.js. */
const modules: Readonly<Record<string, string>> = {
  'publish-thread': '../published/page-script.js',
};

mkdirSync(target('.'), { recursive: true });
for (const [name, styles] of Object.entries(pages)) {
  await build({
    input: source(`${name}-page.ts`),
    logLevel: 'warn',
    output: {
      ...{ file: target(`${name}.js`), format: 'es', minify: true, comments: { legal: true } },
      postBanner: styles.includes(charts) ? notice : '',
    },
  });
  writeFileSync(target(`${name}.css`), styles.map((path) => readFileSync(path, 'utf8')).join('\n'));
}
for (const thread of Object.values(threads)) {
  const file = target(`${thread}.js`);
  await build({
    input: fileURLToPath(new URL(modules[thread], import.meta.url)),
    logLevel: 'warn',
    platform: 'browser',
    // an import from Node.js disappears together with the code that uses it, if the page does not call that
    external: /^node:/,
    treeshake: { moduleSideEffects: false },
    output: { file, format: 'iife', minify: true },
  });
  const needed = readFileSync(file, 'utf8').match(/(?:from|import|require\()\s*["']node:\w+/);
  if (needed) throw new Error(`the thread of a page needs Node.js: ${needed[0]}`);
}
