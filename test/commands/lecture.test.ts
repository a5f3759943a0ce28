/** `charnn lecture`: each claim as an inequality with a margin, on several seeds, and its page. */
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { describeInBrowser, fits, open } from '../pages/browser.js';
import { Folder } from './run.js';

/** The networks are trained, which takes about a minute */
const aWhile = 300_000;
const pageName = 'lecture.html';

interface Claim {
  readonly id: string;
  readonly holds: boolean;
  readonly numbers: Readonly<Record<string, number>>;
}

const folder = new Folder();

async function printedClaims(seed: string): Promise<readonly Claim[]> {
  const { status, stdout, stderr } = await folder.run(['lecture', '--json', '--seed', seed]);
  expect(status, stderr).toBe(0);
  return JSON.parse(stdout);
}

/** Writes the page once, for whichever test needs it first; it holds the claims as JSON. */
let page: Promise<readonly Claim[]> | undefined;
function claimsOfPage(): Promise<readonly Claim[]> {
  page ??= writtenPage();
  return page;
}

async function writtenPage(): Promise<readonly Claim[]> {
  const { status, stdout, stderr } = await folder.run(['lecture', '--seed', '3']);
  expect([status, stdout]).toEqual([0, '']);
  expect(stderr.match(/^shown: /gm)?.length).toBe(16);
  const [, data = ''] =
    /<script [^>]*id="data">(.*)<\/script>/.exec(`${folder.read(pageName)}`) ?? [];
  return JSON.parse(data).claims;
}

describe.each([
  ['printed, with seed 1', () => printedClaims('1')],
  ['printed, with seed 2', () => printedClaims('2')],
  ['on the page, with seed 3', claimsOfPage],
])('%s', (_, run) => {
  let claims: readonly Claim[];
  beforeAll(async () => {
    claims = await run();
  }, aWhile);
  const of = (id: string) => (claims.find((claim) => claim.id === id) as Claim).numbers;

  test('all that it says is so', () => {
    expect(claims.filter(({ holds }) => !holds).map(({ id }) => id)).toEqual([]);
  });

  test('one set of weights serves all steps, and the beginning is forgotten', () => {
    const { difference, firstStep, lastStep } = of('one-set-of-weights');
    expect(difference).toBeLessThan(1e-5);
    expect(lastStep).toBeLessThan(firstStep / 100);
  });

  test('memory is in proportion to the length, and the chunk takes as much as itself', () => {
    const { growth, lengths, full, truncated } = of('memory-of-length');
    expect(lengths).toBe(32);
    expect(growth).toBeGreaterThan(31);
    expect(growth).toBeLessThan(33);
    expect(truncated).toBeLessThan(full / 50);
  });

  test('a short chunk has another gradient, the whole text has its own', () => {
    const { errorOf16, errorOf64, errorOf256, errorOfAll } = of('gradient-of-chunks');
    expect(errorOf16).toBeGreaterThan(0.01);
    expect(errorOf64).toBeLessThan(0.8 * errorOf16);
    expect(errorOf256).toBeLessThan(0.8 * errorOf64);
    expect(errorOfAll).toBe(0);
  });

  test('beyond the edge the gradient is exactly zero, while the state goes on', () => {
    const { truncated, full, change } = of('edge-of-the-chunk');
    expect(truncated).toBe(0);
    expect(full).toBeGreaterThan(1e-4);
    expect(change).toBeGreaterThan(1e-6);
  });

  test('singular values below 1 vanish, above 1 explode', () => {
    const numbers = of('vanishing-and-exploding');
    expect(numbers['0.5']).toBeLessThan(1e-15);
    expect(numbers['0.9']).toBeLessThan(0.01);
    expect(Math.abs(numbers['1'] - 1)).toBeLessThan(0.02);
    expect(numbers['1.1']).toBeGreaterThan(100);
    expect(numbers['1.5']).toBeGreaterThan(1e9);
  });

  test('clipping by norm keeps the direction of gradients that are too large', () => {
    const { cosine, before, after } = of('clipping-keeps-direction');
    expect(cosine).toBeGreaterThan(0.9999);
    expect(before).toBeGreaterThan(10);
    expect(after).toBeLessThan(1.0001);
  });

  test('clipping by value turns them', () => {
    const { cosine, after, bound } = of('clipping-by-value');
    expect(cosine).toBeLessThan(0.9);
    expect(after).toBeLessThan(bound);
  });

  test('the sum of squares in the place of the norm clips too early, and too much', () => {
    const { clippedTooEarly, longestBySquares, longestByRoot } = of('root-or-squares');
    expect(clippedTooEarly).toBeGreaterThan(0);
    expect(longestBySquares).toBeLessThan(longestByRoot / 4);
  });

  test('a training that explodes converges with clipping', () => {
    const { begin, free, byNorm, byValue } = of('clipping-saves-training');
    for (const clipped of [byNorm, byValue]) {
      expect(clipped).toBeLessThan(0.9 * begin);
      expect(free).toBeGreaterThan(1.5 * clipped);
    }
  });

  test("an LSTM's gradient reaches further than a vanilla network's of equal size", () => {
    const numbers = of('lstm-reaches-further');
    for (const lag of [10, 25, 50]) {
      expect(numbers[`lstm${lag}`]).toBeGreaterThan(10 * numbers[`rnn${lag}`]);
    }
  });

  test('with an open forget gate the gradient of the cell state stays', () => {
    const { bias0, bias1, bias3, bias5 } = of('open-forget-gate');
    expect(bias5).toBeGreaterThan(0.5);
    expect(bias3).toBeGreaterThan(10 * bias1);
    expect(bias0).toBeLessThan(0.01);
  });

  test('the gates do to the cell what the equations say, and what they are forced to', () => {
    const numbers = of('four-gates');
    for (const name of ['wrong', 'inputShut', 'onlyNew', 'outputShut']) {
      expect(numbers[name], name).toBeLessThan(1e-5);
    }
    expect(numbers.hiddenCell).toBeGreaterThan(0.5);
    expect(numbers.drift).toBeLessThan(1e-3);
    expect(numbers.range).toBeGreaterThan(0.5);
  });

  test('one, two and three layers of equal parameters come near to what the text allows', () => {
    const numbers = of('several-layers');
    for (const layers of [1, 2, 3]) {
      expect(numbers[`layers${layers}`]).toBeGreaterThan(numbers.entropy * 0.97);
      expect(numbers[`layers${layers}`]).toBeLessThan(numbers.entropy * 1.1);
      expect(numbers[`parameters${layers}`]).toBeGreaterThan(0.95 * numbers.parameters1);
    }
  });

  test('at lag 50 the vanilla network fails, GRU and LSTM do not', () => {
    const { rnn50, gru50, lstm50 } = of('lag-task');
    expect(rnn50).toBeLessThan(0.6);
    expect(gru50).toBeGreaterThan(0.8);
    expect(lstm50).toBeGreaterThan(0.8);
  });

  test('in other cells, too, an open gate keeps the gradient', () => {
    const { vanilla, least, mostOfHalf } = of('other-cells');
    expect(least).toBeGreaterThan(0.1);
    expect(vanilla).toBeLessThan(least / 1000);
    expect(mostOfHalf).toBeLessThan(least / 1000);
  });

  test('with attention, longer strings are reversed than without', () => {
    const numbers = of('attention');
    expect(numbers.with16).toBeGreaterThan(0.75);
    expect(numbers.without16).toBeLessThan(0.1);
    expect(numbers.without12).toBeLessThan(0.5);
    expect(numbers.without4).toBeGreaterThan(0.9);
  });
});

describeInBrowser('the page of the lecture', () => {
  beforeAll(claimsOfPage, aWhile);

  test.each([
    { colorScheme: 'light', width: 1280, height: 900 },
    { colorScheme: 'dark', width: 390, height: 800 },
  ] as const)('opens without a request: $colorScheme, $width wide', async (view) => {
    const { page, complaints } = await open(join(folder.path, pageName), view);
    await page.waitForSelector('canvas');
    expect(await page.locator('section').count()).toBe(16);
    expect(await page.locator('canvas').count()).toBe(11);
    expect(await fits(page)).toBe(true);
    expect(complaints).toEqual([]);
    await page.close();
  });
});
