/**
 * No kernel touches memory that is not its own, or does what C leaves undefined; in short. The long form is
 * `npm run sanitize`.
 */
import { existsSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { precisionNames } from '#charnn/backend/device.js';
import { casesIn } from '../backend/run-case.js';
import { pagedBuilds, sanitizedBuild, shipped } from './builds.js';
import { casesOf } from './edge-cases.js';
import { bundleFolder, Driver, type Outcome } from './runs.js';
import { findSanitizers, type Mistake, Workshop } from './toolchain.js';

const sanitizers = findSanitizers();
const able = !('missing' in sanitizers) && existsSync(shipped);
const reason = 'missing' in sanitizers ? sanitizers.missing : 'the native addon is not compiled';

/** Mistakes, each in another kernel, so that one build serves for all of them. */
const mistakes: readonly Mistake[] = [
  {
    file: 'elementwise.c',
    right: 'for (int i = 0; i < n; i++) to[i] += from[i];',
    wrong: 'for (int i = 0; i <= n; i++) to[i] += from[i];',
  },
  {
    file: 'elementwise.c',
    right: 'vec largest = splat(x[0]);',
    wrong: 'vec largest = splat(x[-1]);',
  },
  {
    file: 'elementwise.c',
    right: 'w[i] -= rate * m[i];',
    wrong: 'w[i] -= rate * m[i] + 0 * (float)(1 << (31 + i));',
  },
  // the ends of rows: element by element, and by a mask
  {
    file: 'vector.h',
    right: 'for (int i = 0; i < n; i++) x[i] = p[i];',
    wrong: 'for (int i = 0; i <= n; i++) x[i] = p[i];',
  },
  { file: 'vector.h', right: '(mask_words + VL - (n))', wrong: '(mask_words + VL - 1 - (n))' },
  // scratch memory that the manifest does not count
  {
    file: 'panels.h',
    right: 'for (int n = 0; n < whole; n += NR) {',
    wrong: 'for (int n = 0; n < whole + NR; n += NR) {',
  },
];
const unique = ['add, lerp and clamp 7', 'softmaxCrossEntropy 129', 'sgd 7', 'gather 7'];

test('the cases of the long form have names of their own, and all sizes at the edges', () => {
  const names = casesOf('long').map(({ name }) => name);
  expect(new Set(names).size).toBe(names.length);
  const known = new Set(names);
  expect(casesOf('short').filter(({ name }) => !known.has(name))).toEqual([]);
});

describe.skipIf(!able)(`kernels${able ? '' : ` (skipped: ${reason})`}`, () => {
  const workshop = new Workshop();
  const folder = bundleFolder.make();
  let driver: Driver;

  beforeAll(async () => {
    driver = await Driver.bundle(folder, 'preload' in sanitizers ? sanitizers.preload : '');
  }, 600_000);
  afterAll(() => {
    workshop.remove();
    bundleFolder.remove(folder);
  });

  /** Every level has run every case of the short form that its precision can compute, and nothing was found. */
  function expectClean({ cases, findings }: Outcome): void {
    expect(findings).toEqual([]);
    expect(cases.size).toBeGreaterThan(0);
    for (const [level, count] of cases) {
      const precision = precisionNames.find((name) => level.includes(name)) ?? 'f32';
      expect(count, level).toBe(casesIn(precision, casesOf('short')).length);
    }
  }

  test('touch nothing but their own memory and do nothing undefined, as sanitizers see it', async () => {
    expectClean(await driver.run(await sanitizedBuild(workshop, 'short')));
  }, 600_000);

  test('touch nothing before or behind their memory, as built for use', async () => {
    for (const orders of await pagedBuilds(workshop, 'short')) {
      expectClean(await driver.run(orders));
    }
  }, 600_000);

  /** Levels at which a case that begins so was found to be wrong */
  const found = ({ findings }: Outcome, start: string) =>
    findings
      // the same case with a not-a-number in it makes the same mistake
      .filter(({ name }) => name.startsWith(start) && !name.includes('not a number'))
      .map(({ level, what }) => `${level}: ${what}`);

  test('with mistakes in them are found out by the sanitizers', async () => {
    const path = await workshop.addon({
      ...{ name: 'mistaken', sanitize: 'short', optimise: '-O0' },
      ...{ levels: ['baseline'], mistakes },
    });
    const outcome = await driver.run({
      ...{ fences: await workshop.fences(true), fencing: 'poison', extent: 'short' },
      ...{ addons: [{ path, levels: { baseline: 'baseline' } }], compare: false },
      only: [...unique, 'linearBackwardInput 7×65×65'],
    });
    const poisoned = /^baseline: AddressSanitizer: use-after-poison at .*elementwise\.c:\d+$/;
    expect(found(outcome, 'add')).toEqual([expect.stringMatching(poisoned)]);
    expect(found(outcome, 'softmax')).toEqual(Array(2).fill(expect.stringMatching(poisoned)));
    expect(found(outcome, 'sgd')).toEqual([
      expect.stringMatching(/runtime error: left shift of 1/),
    ]);
    expect(found(outcome, 'gather')).toEqual([expect.stringMatching(/use-after-poison/)]);
    expect(found(outcome, 'linear')).toEqual([expect.stringMatching(/use-after-poison/)]);
  }, 600_000);

  test('with mistakes in them are found out by closed pages', async () => {
    const levels =
      process.arch === 'x64' ? (['baseline', 'avx2'] as const) : (['baseline'] as const);
    const path = await workshop.addon({
      name: 'mistaken-plain',
      optimise: '-O0',
      levels,
      mistakes,
    });
    const names = Object.fromEntries(levels.map((level) => [level, level as string]));
    const run = async (fencing: 'page behind' | 'page before', only: string[]) => {
      const orders = { fencing, extent: 'short', addons: [{ path, levels: names }] } as const;
      return driver.run({ ...orders, fences: await workshop.fences(false), compare: false, only });
    };
    const behind = await run('page behind', [unique[0], unique[3], 'linearBackwardInput 7×65×65']);
    const present = [...behind.cases.keys()];
    expect(present).toContain('baseline');
    const each = present.map((level) => `${level}: the process ended with SIGSEGV`);
    for (const start of ['add', 'gather', 'linear']) {
      expect(found(behind, start).sort()).toEqual([...each].sort());
    }
    const before = await run('page before', [unique[1]]);
    expect(new Set(found(before, 'softmax'))).toEqual(new Set(each));
  }, 600_000);
});
