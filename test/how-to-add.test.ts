/**
 * What src/README.md says of adding things is enough: each of its recipes is followed for something made up, in a
 * copy of the checkout, which is then built and used. Nothing else may have to be touched, and not too many files.
 */
import { type ExecFileException, execFile } from 'node:child_process';
import { cpSync, existsSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { beforeAll, describe, expect, test, vi } from 'vitest';
import { small, verses } from './commands/run.js';
import { type Recipe, recipes } from './fixtures/how-to-add/recipes.js';
import { put, temporaryFolder } from './folder.js';

// each test starts the program many times
vi.setConfig({ testTimeout: 300_000 });

const root = fileURLToPath(new URL('..', import.meta.url));
const fixtures = fileURLToPath(new URL('fixtures/how-to-add/', import.meta.url));
const copy = temporaryFolder();
const texts = temporaryFolder();
put(texts, 'text.txt', verses(4000));

/** New files of a recipe, as paths in src */
function newFiles({ folder }: Recipe): string[] {
  const sources = join(fixtures, folder, 'src');
  if (!existsSync(sources)) return [];
  return readdirSync(sources, { recursive: true, encoding: 'utf8' })
    .map((path) => path.replaceAll('\\', '/'))
    .filter((path) => /\.\w+$/.test(path));
}

function touchedFiles(recipe: Recipe): string[] {
  return [...new Set([...recipe.edits.map(([file]) => file), ...newFiles(recipe)])].sort();
}

/** The files of src that a section of the architecture note names. */
function namedFiles({ heading, name }: Recipe): string[] {
  const note = readFileSync(join(root, 'src/README.md'), 'utf8');
  const section = note.split(`### ${heading}\n`)[1].split(/^##/m)[0];
  const named = [...section.matchAll(/`([\w/-]+\.(?:ts|c))`/g)].map(([, path]) =>
    path.replace('NAME', name),
  );
  return [...new Set(named)];
}

interface Outcome {
  readonly status: number;
  readonly stdout: string;
  readonly stderr: string;
}

function run(folder: string, ...words: readonly string[]): Promise<Outcome> {
  const env = {
    ...process.env,
    ...{ NO_COLOR: '1', FORCE_COLOR: undefined, CHARNN_BUILD_LOG: '1' },
  };
  return new Promise((resolve) => {
    const settle = (error: ExecFileException | null, stdout: string, stderr: string) =>
      resolve({ status: error === null ? 0 : Number(error.code ?? -1), stdout, stderr });
    execFile(process.execPath, words, { cwd: folder, env, encoding: 'utf8' }, settle);
  });
}

const charnn = (...words: readonly string[]) => run(texts, join(copy, 'bin/charnn.js'), ...words);

/** Trains a small model in the copy and reads what it has written. */
async function train(output: string, ...options: readonly string[]) {
  const words = ['train', 'text.txt', ...small, '--steps', '20', '--force', '-o', output];
  const outcome = await charnn(...words, ...options);
  expect(outcome.stderr).not.toMatch(/error/);
  expect(outcome.status, outcome.stderr).toBe(0);
  const read = (file: string) => JSON.parse(readFileSync(join(texts, file), 'utf8'));
  const model = read(output);
  const history: { validationLoss: number }[] = model.history;
  return { model, loss: history.at(-1)?.validationLoss ?? Number.NaN };
}

/** Runs the build script in the copy, the compilers of C beside that of TypeScript. */
async function build(): Promise<void> {
  const { scripts } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  const steps: string[] = scripts.build.split(' && ');
  const inOrder = async (list: readonly string[]) => {
    for (const step of list) {
      const { status, stdout, stderr } = await run(copy, ...step.replace(/^node /, '').split(' '));
      expect(status, `${step}\n${stdout}\n${stderr}`).toBe(0);
    }
  };
  const bindings = 1 + steps.findIndex((step) => step.includes('generate-bindings'));
  await inOrder(steps.slice(0, bindings));
  const isOfC = (step: string) => step.includes('kernels/build');
  const rest = steps.slice(bindings);
  await Promise.all([inOrder(rest.filter(isOfC)), inOrder(rest.filter((step) => !isOfC(step)))]);
}

/** What is built here is to be right, not fast: compilers of C need not optimise it as much. */
function hastenCompilers(): void {
  for (const name of ['addon-targets.ts', 'build.ts']) {
    const path = join(copy, 'src/backend/kernels', name);
    const text = readFileSync(path, 'utf8');
    expect(text).toContain("'-O3'");
    writeFileSync(path, text.replaceAll("'-O3'", "'-O1'"));
  }
}

let kinds: string[] = [];

beforeAll(async () => {
  for (const name of ['bin', 'src', 'test', 'package.json', 'tsconfig.json']) {
    cpSync(join(root, name), join(copy, name), { recursive: true });
  }
  put(copy, 'data/moby-dick.txt', 'Call me Ishmael.');
  symlinkSync(join(root, 'node_modules'), join(copy, 'node_modules'));
  for (const recipe of recipes) {
    const sources = join(fixtures, recipe.folder);
    if (existsSync(sources)) cpSync(sources, copy, { recursive: true });
    for (const [file, from, to] of recipe.edits) {
      const path = join(copy, 'src', file);
      const text = readFileSync(path, 'utf8');
      expect(text, `${recipe.heading}: ${file}`).toContain(from);
      writeFileSync(
        path,
        text.replace(from, () => to),
      );
    }
  }
  hastenCompilers();
  await build();
  const hasNative = existsSync(join(root, 'dist/backend/kernels/charnn.node'));
  expect(existsSync(join(copy, 'dist/backend/kernels/charnn.node'))).toBe(hasNative);
  kinds = [...(hasNative ? ['native'] : []), 'wasm', 'reference'];
}, 900_000);

describe.each(recipes.map((recipe) => [recipe.heading, recipe] as const))('%s', (_, recipe) => {
  test('touches the files that the architecture note names, and not too many', () => {
    const touched = touchedFiles(recipe);
    expect(touched.length).toBeGreaterThan(0);
    expect(touched.length).toBeLessThanOrEqual(recipe.bound);
    expect([...namedFiles(recipe), ...(recipe.unnamed ?? [])].sort()).toEqual(touched);
  });
});

test('an option is in help, checked, recorded, and does its work', async () => {
  const { stdout } = await charnn('train', '--help');
  expect(stdout).toMatch(/--rate-scale <x> +made-up factor of every learning rate/);
  const refused = await charnn('train', 'text.txt', '--rate-scale', '2');
  expect(refused).toMatchObject({ status: 2 });
  expect(refused.stderr).toMatch(/--rate-scale.* must be a number from 0 to 1, not "2"/);
  const scaled = await train('a.json', '--learning-rate', '0.01', '--rate-scale', '0.5');
  const lower = await train('b.json', '--learning-rate', '0.005');
  expect(scaled.model.tensors).toEqual(lower.model.tensors);
  expect(scaled.model.training.schedule.rateScale).toBe(0.5);
  expect(lower.model.training.schedule.rateScale).toBe(1);
});

test('a command is in help, has its own, runs, and refuses what it does not know', async () => {
  expect((await charnn('--help')).stdout).toMatch(/^ {2}tally .*count the characters of a text$/m);
  expect((await charnn('tally', '--help')).stdout).toContain('--different');
  const { length } = readFileSync(join(texts, 'text.txt'), 'utf8');
  expect(await charnn('tally', 'text.txt')).toEqual({
    ...{ status: 0, stdout: `${length}\n`, stderr: '' },
  });
  const different = await charnn('tally', 'text.txt', '--different');
  expect(Number(different.stdout)).toBeLessThan(50);
  expect((await charnn('tally', 'text.txt', '--differnet')).stderr).toContain('--different');
});

test.each([
  ['cell', 'leaky', '0.02'],
  ['optimizer', 'signum', '0.002'],
])('%s %s trains on all back ends alike, and goes on after a stop', async (key, name, rate) => {
  const options = [`--${key}`, name, '--learning-rate', rate, '--warmup', '0', '--average', '0'];
  const start = await train('start.json', ...options, '--steps', '1', '--backend', 'reference');
  const losses: number[] = [];
  for (const kind of kinds) {
    losses.push((await train(`${kind}.json`, ...options, '--backend', kind)).loss);
  }
  for (const loss of losses) {
    expect(loss).toBeLessThan(start.loss - 0.05);
    expect(Math.abs(loss - losses[0])).toBeLessThan(2e-3);
  }
  const resumed = await charnn('train', '--resume', '--steps', '30', '-o', 'wasm.json');
  expect(resumed.status, resumed.stderr).toBe(0);
  const written = await charnn('sample', '-m', 'wasm.json', '--length', '20');
  expect(written.stdout.trim()).not.toBe('');
});

test('the gradients of a cell are right, and can be studied', async () => {
  const studied = await charnn('gradients', 'text.txt', '--cell', 'leaky,lstm', '--hidden', '8');
  expect(studied).toMatchObject({ status: 0, stderr: '' });
  expect(studied.stdout).toContain('leaky');
  await testsOfCopy('test/model/gradients.test.ts', 'leaky');
});

test('a back end is opened by its name, by other threads too, and passes the tests of its kind', async () => {
  const own = await train('own.json', '--backend', 'delayed', '--threads', '2');
  const reference = await train('reference.json', '--backend', 'reference', '--threads', '2');
  expect(own.model.tensors).toEqual(reference.model.tensors);
  const sampled = await charnn('sample', '-m', 'own.json', '--backend', 'delayed', '-n', '3');
  expect(sampled).toMatchObject({ status: 0, stderr: '' });
  await testsOfCopy('test/backend/kernels.test.ts', '^delayed');
});

test('a kernel with one argument more computes with it on every back end', async () => {
  const script = put(
    texts,
    'clamp.mjs',
    `const { openDevice } = await import(process.argv[2]);
    for (const name of process.argv.slice(3)) {
      const { operations } = await openDevice(name);
      const x = operations.tensor([3]);
      operations.write(x, [-3, 0.5, 3]);
      operations.clamp(x, 2);
      operations.clamp(x, 1, -1.5);
      console.log([...operations.read(x)].join());
    }`,
  );
  const module = join(copy, 'dist/backend/open-device.js');
  const { stdout, stderr } = await run(texts, script, module, ...kinds);
  expect(stderr).toBe('');
  expect(stdout).toBe('-1.5,0.5,1\n'.repeat(kinds.length));
});

/** Runs the tests of a file of the copy whose names match, of which there must be some. */
async function testsOfCopy(file: string, pattern: string): Promise<void> {
  const vitest = join(root, 'node_modules/vitest/vitest.mjs');
  const words = ['run', '--config', 'test/vitest.config.ts', '--cache=false', '--maxWorkers=1'];
  const outcome = await run(copy, vitest, ...words, file, '-t', pattern);
  expect(outcome.status, outcome.stdout + outcome.stderr).toBe(0);
  expect(outcome.stdout).toMatch(/Tests .*[1-9]\d* passed/);
}
