/** What the published package holds, and what not. */
import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join, posix } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { expect, test } from 'vitest';

const root = fileURLToPath(new URL('..', import.meta.url));

function packed(): string[] {
  // the scripts around packing would build everything anew
  const words = ['pack', '--dry-run', '--json', '--ignore-scripts'];
  const { stdout } = spawnSync('npm', words, { cwd: root, encoding: 'utf8' });
  const [{ files }] = JSON.parse(stdout) as [{ files: { path: string }[] }];
  return files.map(({ path }) => path);
}

const files = packed();

test('the package has what README.md and the program lead to', () => {
  expect(files).toEqual(
    expect.arrayContaining([
      ...['README.md', 'LICENSE', 'src/README.md', 'src/docs/writers.md', 'data/README.md'],
      'data/moby-dick.txt.br',
      ...['bin/charnn.js', 'bin/start.js', 'dist/bundle/main.js', 'dist/bundle/index.js'],
      ...['dist/index.d.ts', 'dist/man/charnn.1', 'dist/cells/library/gru.cell'],
      'dist/backend/kernels/charnn.wasm',
    ]),
  );
  for (const folder of ['dist/bundle', 'dist/pages/client']) {
    const scripts = readdirSync(join(root, folder)).map((name) => `${folder}/${name}`);
    expect(scripts.filter((path) => path.endsWith('.js') && !files.includes(path))).toEqual([]);
  }
});

test('the modules with which threads begin are in the package, and only the bundled ones are used', () => {
  const bundle = join(root, 'dist/bundle');
  const threads = readdirSync(bundle).flatMap((name) => {
    const script = readFileSync(join(bundle, name), 'utf8');
    return [...script.matchAll(/["'`]([\w./-]*-worker\.js)["'`]/g)].map(([, path]) =>
      posix.join('dist/bundle', path),
    );
  });
  expect(threads.length).toBeGreaterThan(5);
  expect(threads.filter((path) => !files.includes(path))).toEqual([]);
});

test('its scripts have no lines of comments, and no tabs before lines', () => {
  const bundle = join(root, 'dist/bundle');
  for (const name of readdirSync(bundle)) {
    expect(readFileSync(join(bundle, name), 'utf8'), name).not.toMatch(/^\s*\/\*|^\/\/|^\t/m);
  }
});

test('the library of the package is the bundled one', async () => {
  const bundled = await import(pathToFileURL(join(root, 'dist/bundle/index.js')).href);
  const modules = await import('#charnn/index.js');
  expect(Object.keys(bundled).sort()).toEqual(Object.keys(modules).sort());
  const corpus = await bundled.Corpus.from([
    'to be or not to be, that is the question\n'.repeat(20),
  ]);
  const model = await bundled.train(corpus, { hidden: 8, embedding: 4, steps: 4, threads: 2 });
  const texts = [];
  for await (const text of model.sample({ count: 3, length: 5, threads: 2 })) texts.push(text);
  expect(texts).toHaveLength(3);
  await model.close();
});

test('the top level of a checkout has what its readers expect, and nothing else', () => {
  const { stdout, status } = spawnSync('git', ['ls-files', '-z'], { cwd: root, encoding: 'utf8' });
  // a copy without git cannot tell what belongs to it
  if (status !== 0) return;
  const tops = new Set(stdout.split('\0').map((path) => path.split('/')[0]));
  const others = [...tops].filter((name) => name !== '' && !name.startsWith('.'));
  expect(others.sort()).toEqual([
    ...['LICENSE', 'README.md', 'bin', 'data', 'package-lock.json', 'package.json'],
    ...['src', 'test', 'tsconfig.json'],
  ]);
});

test('it has every declaration that those of the library lead to', () => {
  const seen = new Set<string>();
  const visit = (path: string) => {
    if (seen.has(path)) return;
    seen.add(path);
    const text = readFileSync(join(root, path), 'utf8');
    for (const [, target] of text.matchAll(/(?:from|import\()\s*['"](\.[^'"]+)\.js['"]/g)) {
      visit(posix.join(path, '..', `${target}.d.ts`));
    }
  };
  visit('dist/index.d.ts');
  expect(seen.size).toBeGreaterThan(10);
  expect([...seen].filter((path) => !files.includes(path))).toEqual([]);
});

test('it has no source maps, no tests, and no addon that was compiled for one machine', () => {
  const strange = files.filter((path) => /\.map$|(^|\/)test\/|charnn\.node/.test(path));
  expect(strange).toEqual([]);
  expect(files.filter((path) => /^src\/.*\.ts$/.test(path))).toEqual([]);
});

test('pages bring the licence of the charts that are bundled into them', () => {
  const charts = files.filter(
    (path) =>
      /^dist\/pages\/client\/\w+\.js$/.test(path) &&
      readFileSync(join(root, path), 'utf8').includes('leeoniya/uPlot'),
  );
  expect(charts.length).toBeGreaterThan(0);
  for (const path of charts) {
    const text = readFileSync(join(root, path), 'utf8');
    expect(text, path).toMatch(/uPlot[\s\S]*The MIT License[\s\S]*Permission is hereby granted/);
  }
});
