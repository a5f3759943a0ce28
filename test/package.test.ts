/** What the published package holds, and what not. */
import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join, posix } from 'node:path';
import { fileURLToPath } from 'node:url';
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
      ...[
        'README.md',
        'LICENSE',
        'src/README.md',
        'src/docs/writers.md',
        'data/README.md',
        'data/moby-dick.txt',
      ],
      ...['bin/charnn.js', 'bin/start.js', 'dist/main.js', 'dist/index.js', 'dist/index.d.ts'],
      'dist/backend/kernels/charnn.wasm',
    ]),
  );
  const scripts = readdirSync(join(root, 'dist'), { recursive: true, encoding: 'utf8' })
    .filter((path) => path.endsWith('.js'))
    .map((path) => `dist/${path.replaceAll('\\', '/')}`);
  // the steps of the build are for checkouts
  const steps =
    /^dist\/strip\.js$|kernels\/(addon-targets|build|compile-native|generate-bindings|prebuild|signature|source-files)\.js$/;
  expect(scripts.filter((path) => !files.includes(path) && !steps.test(path))).toEqual([]);
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
