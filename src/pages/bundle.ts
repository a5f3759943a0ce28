/** A build step that bundles the script and the style sheet of each page: dist/pages/client/NAME.js and .css. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import { build, type Plugin } from 'rolldown';
import { type PageName, threads, withCharts } from './page.js';

const source = (name: string) =>
  fileURLToPath(new URL(`../../src/pages/client/${name}`, import.meta.url));
const target = (name: string) => fileURLToPath(new URL(`client/${name}`, import.meta.url));
const { resolve } = createRequire(import.meta.url);
const charts = resolve('uplot/dist/uPlot.min.css');

/** The notice that uPlot's licence requires wherever its code is */
const notice = `/*! uPlot, https://github.com/leeoniya/uPlot\n\n${readFileSync(
  resolve('uplot/LICENSE'),
  'utf8',
).trim()}\n*/`;

/** Replaces an import of the chart library, uPlot, by the variable that `charts.js` defines. */
const chartsOutside: Plugin = {
  name: 'charts-outside',
  resolveId: (id) => (id === 'uplot' ? id : undefined),
  load: (id) => (id === 'uplot' ? 'export default uPlot;' : undefined),
};

/** Style sheets of each page, in order; on a page with charts, the chart library's style sheet comes before them */
const pages: Readonly<Record<PageName, readonly string[]>> = {
  attention: ['base.css', 'controls.css', 'attention.css'],
  gradients: ['base.css'],
  lecture: ['base.css'],
  publish: ['base.css', 'inputs.css', 'publish.css'],
  report: ['base.css', 'report.css'],
  search: ['base.css', 'search.css'],
  visualize: ['base.css', 'controls.css', 'visualize.css'],
};

/** The module with which each thread of a page begins, as it was compiled for Node.js */
const modules: Readonly<Record<string, string>> = {
  'publish-thread': '../published/page-script.js',
};

mkdirSync(target('.'), { recursive: true });
// the library of the charts is as large as the rest of a page's script, so pages share it in a file of its own
writeFileSync(
  target('charts.js'),
  `${notice}\n${readFileSync(resolve('uplot/dist/uPlot.iife.min.js'), 'utf8').trim()}\n`,
);
for (const [name, styles] of Object.entries(pages) as [PageName, readonly string[]][]) {
  await build({
    input: source(`${name}-page.ts`),
    logLevel: 'warn',
    plugins: [chartsOutside],
    output: { file: target(`${name}.js`), format: 'es', minify: true },
  });
  const sheets = [...(withCharts.has(name) ? [charts] : []), ...styles.map(source)];
  writeFileSync(target(`${name}.css`), sheets.map((path) => readFileSync(path, 'utf8')).join('\n'));
}
for (const thread of Object.values(threads)) {
  const file = target(`${thread}.js`);
  await build({
    input: fileURLToPath(new URL(modules[thread], import.meta.url)),
    platform: 'browser',
    logLevel: 'warn',
    // imports from Node.js are removed together with the code that uses them, if the page never calls that code
    external: /^node:/,
    treeshake: { moduleSideEffects: false },
    // an import that is left is a warning: its module would have to be a global variable
    onLog: (_, { message }) => {
      throw new Error(`the thread of a page cannot be bundled: ${message}`);
    },
    output: { file, format: 'iife', minify: true },
  });
}
