/** Imports point one way, and nothing but the command line talks to a terminal. */
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

const root = fileURLToPath(new URL('../src/', import.meta.url));

/** What the files of a folder may import, besides their own folder and the top level's errors and version. */
const allowed: Readonly<Record<string, readonly string[]>> = {
  options: [],
  backend: [],
  cells: ['options'],
  machine: [],
  messages: [],
  files: [],
  json: ['files'],
  text: ['options', 'files'],
  counts: ['text', 'threads'],
  model: ['backend', 'cells', 'text', 'counts'],
  predict: ['backend', 'text', 'model', 'counts'],
  threads: [],
  novelty: ['text'],
  sample: ['options', 'backend', 'text', 'model', 'counts', 'predict', 'threads'],
  evaluate: ['backend', 'text', 'model', 'counts', 'threads'],
  // its jobs are lines, as those of scoring
  convert: ['backend', 'text', 'model', 'threads', 'evaluate'],
  // it counts n-grams, and reads a header that may be anything
  compress: ['backend', 'json', 'text', 'counts', 'model', 'train', 'threads', 'checkpoint'],
  analyse: ['backend', 'text', 'model'],
  train: ['options', 'backend', 'cells', 'text', 'model', 'counts', 'threads'],
  pages: [],
  // what a page computes with: the same code as everywhere
  published: ['backend', 'text', 'model', 'counts', 'predict', 'sample', 'convert', 'pages'],
  // a state file is a training's
  checkpoint: ['options', 'backend', 'cells', 'files', 'json', 'text', 'model', 'counts', 'train'],
  exchange: ['backend', 'cells', 'json', 'text', 'model', 'checkpoint'],
  // what programs use: all that computes
  library: [
    ...[
      'options',
      'backend',
      'files',
      'json',
      'text',
      'model',
      'counts',
      'train',
      'checkpoint',
      'sample',
      'evaluate',
    ],
    ...['compress', 'novelty'],
  ],
  // trains as a program does
  search: ['backend', 'cells', 'json', 'model', 'train', 'checkpoint', 'library'],
  // options name the library's choices and limits
  cli: ['options', 'backend', 'text', 'model', 'train', 'checkpoint'],
  commands: [
    'options',
    'backend',
    'cells',
    'files',
    'json',
    'text',
    'model',
    'counts',
    'train',
    'checkpoint',
    'threads',
    'sample',
    'evaluate',
    'convert',
    'compress',
    'novelty',
    'analyse',
    'pages',
    'published',
    'cli',
    'library',
    'search',
    'exchange',
  ],
};
const forAll = ['errors', 'limits', 'machine', 'messages', 'version'];
const terminalPackages = ['chalk', 'commander'];
const terminalFolders = ['cli', 'commands', 'main'];

interface File {
  readonly path: string;
  /** Folder, or name of a file of the top level */
  readonly part: string;
  /** Paths within src of what it imports, and whether only types */
  readonly imports: readonly { readonly path: string; readonly typesOnly: boolean }[];
  readonly packages: readonly string[];
}

const files: File[] = readdirSync(root, { recursive: true, encoding: 'utf8' })
  .filter((path) => path.endsWith('.ts') && !path.endsWith('.d.ts'))
  .map((path) => {
    const text = readFileSync(join(root, path), 'utf8');
    const statements = [
      ...text.matchAll(/^(?:import|export)\s+(type\s)?[^;'"]*?from '([^']+)'/gms),
      ...text.matchAll(/\bimport()\('([^']+)'\)/g),
    ].map(([, type, target]) => ({ target, typesOnly: type !== undefined && type !== '' }));
    return {
      path,
      part: part(path),
      imports: statements
        .filter(({ target }) => target.startsWith('.'))
        .map(({ target, typesOnly }) => ({
          path: relative(root, join(root, dirname(path), target)).replace(/\.js$/, '.ts'),
          typesOnly,
        })),
      packages: statements.map(({ target }) => target).filter((target) => !target.startsWith('.')),
    };
  });

function part(path: string): string {
  return path.split('/')[0].replace(/\.ts$/, '');
}

test('the files of the sources are read', () => {
  expect(files.length).toBeGreaterThan(50);
  expect(files.flatMap((file) => file.imports).length).toBeGreaterThan(100);
});

test('imports point one way', () => {
  const wrong = files
    .filter((file) => file.part in allowed)
    .flatMap(({ path, part: from, imports }) =>
      imports
        .map((target) => part(target.path))
        .filter((to) => to !== from && !allowed[from].includes(to) && !forAll.includes(to))
        .map((to) => `${path} imports ${to}`),
    );
  expect(wrong).toEqual([]);
});

test('every folder has its rule', () => {
  const folders = new Set(files.filter((file) => file.path.includes('/')).map((file) => file.part));
  expect([...folders].sort()).toEqual(Object.keys(allowed).sort());
});

test('only the command line knows the terminal', () => {
  const wrong = files
    .filter((file) => !terminalFolders.includes(file.part))
    .filter((file) => file.packages.some((name) => terminalPackages.includes(name)));
  expect(wrong.map((file) => file.path)).toEqual([]);
});

test('only the entry modules of worker threads have effects there, and nothing imports them', () => {
  const entries = files.filter(({ path }) => path.endsWith('-worker.ts'));
  expect(entries.length).toBeGreaterThan(2);
  const handlers = files
    .filter(({ path }) => path !== 'threads/handler.ts')
    .filter(({ path }) =>
      /\b(handleMessages|parentPort)\b/.test(readFileSync(join(root, path), 'utf8')),
    );
  expect(handlers.map(({ path }) => path)).toEqual(entries.map(({ path }) => path));
  const imported = new Set(files.flatMap(({ imports }) => imports.map(({ path }) => path)));
  expect(entries.filter(({ path }) => imported.has(path))).toEqual([]);
});

test('no circle of imports, types apart', () => {
  const imports = new Map(
    files.map((file) => [
      file.path,
      file.imports.filter(({ typesOnly }) => !typesOnly).map(({ path }) => path),
    ]),
  );
  const done = new Set<string>();
  const visit = (path: string, trail: readonly string[]): void => {
    expect(trail, `circle: ${[...trail, path].join(' → ')}`).not.toContain(path);
    if (done.has(path)) return;
    for (const next of imports.get(path) ?? []) visit(next, [...trail, path]);
    done.add(path);
  };
  for (const { path } of files) visit(path, []);
});
