/** The library's types, as a program sees them that has none of Node.js. */
import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, symlinkSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { put, temporaryFolder } from '../folder.js';
import { examples } from './examples.js';

const require = createRequire(import.meta.url);
const root = fileURLToPath(new URL('../..', import.meta.url));
const folder = temporaryFolder();
put(folder, 'package.json', JSON.stringify({ type: 'module' }));
mkdirSync(join(folder, 'node_modules'));
symlinkSync(root, join(folder, 'node_modules/charnn'));

/** What the examples use of the platform they run on */
const platform = 'declare const console: { log(...values: unknown[]): void };\n';
const wrong = `import { Corpus, train } from 'charnn';
const corpus = await Corpus.from('a text');
// @ts-expect-error: there is no such cell
await train(corpus, { cell: 'grew' });
// @ts-expect-error: there is no such option
await train(corpus, { hiden: 3 });
// @ts-expect-error: not a number
await train(corpus, { hidden: '3' });
await using model = await train(corpus, { signal: undefined, onProgress: ({ loss }) => loss });
for await (const text of model.sample({})) text.length;
export const bits: number = (await model.evaluate('other.txt')).bitsPerCharacter;
`;
put(folder, 'platform.d.ts', platform);
put(folder, 'wrong.ts', wrong);
examples.forEach((example, i) => {
  put(folder, `example-${i}.ts`, `${example}\nexport {};\n`);
});

test('there are examples', () => {
  expect(examples.length).toBeGreaterThan(2);
});

describe.each(['typescript-5.4', 'typescript'])('%s', (compiler) => {
  const tsc = join(require.resolve(`${compiler}/package.json`), '../bin/tsc');
  test.each([
    ['nodenext', 'nodenext'],
    ['bundler', 'esnext'],
  ])('checks the examples with module resolution %s', (moduleResolution, module) => {
    const options = {
      strict: true,
      noEmit: true,
      skipLibCheck: false,
      types: [],
      target: 'es2022',
    };
    const name = `tsconfig.${moduleResolution}.json`;
    const lib = ['es2022'];
    put(
      folder,
      name,
      JSON.stringify({
        compilerOptions: { ...options, lib, module, moduleResolution, preserveSymlinks: true },
        include: ['*.ts'],
      }),
    );
    let output = '';
    try {
      output = execFileSync(process.execPath, [tsc, '-p', name], { cwd: folder, encoding: 'utf8' });
    } catch (error) {
      output = String((error as { stdout?: unknown }).stdout);
    }
    expect(output).toBe('');
  });
});

test('no type of Node.js is named in what the library declares', () => {
  const seen = new Set<string>();
  const visit = (file: string) => {
    if (seen.has(file)) return;
    seen.add(file);
    const text = readFileSync(file, 'utf8');
    expect(text, file).not.toMatch(/from ['"]node:|\bNodeJS\.|: Buffer\b/);
    for (const [, target] of text.matchAll(/(?:from|import\()\s*['"](\.[^'"]+)\.js['"]/g)) {
      visit(join(file, '..', `${target}.d.ts`));
    }
  };
  visit(join(root, 'dist/index.d.ts'));
  expect(seen.size).toBeGreaterThan(10);
});
