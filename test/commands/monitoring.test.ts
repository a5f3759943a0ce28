/** `charnn score` as a watch over logs: thresholds, highest lines, places, windows, files that grow. */
import { appendFileSync, renameSync, truncateSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, expect, onTestFinished, test } from 'vitest';
import { Folder, finished, verses } from './run.js';

/** Lines that differ in two numbers; enough of them that a tenth are more than 100 */
const usual = verses(120_000);
let model: Buffer;
beforeAll(async () => {
  const folder = new Folder();
  await folder.train(usual, '--steps', '60', '-q');
  model = folder.read('charnn.json');
});

function withModel(): Folder {
  const folder = new Folder();
  folder.write('charnn.json', model);
  return folder;
}

interface Line {
  readonly file: string;
  readonly line: number;
  readonly text: string;
  readonly bitsPerCharacter: number;
  readonly worst?: { bitsPerCharacter: number; from: number; characters: string };
}

async function scored(folder: Folder, args: readonly string[], status = 0): Promise<Line[]> {
  const outcome = await folder.run(['score', '--json', ...args]);
  expect(outcome.status, outcome.stderr).toBe(status);
  return outcome.stdout
    .split('\n')
    .slice(0, -1)
    .map((line) => JSON.parse(line));
}

const odd = 'ZQX ??? ZQX ???';

test('--top prints the highest of several files, with names and numbers', async () => {
  const folder = withModel();
  folder.write('a.log', `${verses(3000)}${odd}\n${verses(3000)}`);
  folder.write('b.log', `${verses(500)}`);
  const all = await scored(folder, ['a.log', 'b.log']);
  const top = await scored(folder, ['a.log', 'b.log', '--top', '7']);
  const sorted = [...all].sort((a, b) => b.bitsPerCharacter - a.bitsPerCharacter);
  expect(top).toEqual(sorted.slice(0, 7));
  expect(top[0].text).toBe(odd);
  const numberInA = verses(3000).split('\n').length;
  expect([top[0].file, top[0].line]).toEqual(['a.log', numberInA]);
  const { stdout } = await folder.run(['score', 'a.log', 'b.log', '--top', '1', '-nH']);
  const cost = top[0].bitsPerCharacter.toFixed(6);
  expect(stdout).toBe(`${cost}\ta.log:${numberInA}\t${odd}\n`);
  const { stdout: plain } = await folder.run(['score', 'b.log', '-n']);
  expect(plain.split('\n').map((line) => line.split('\t')[1])).toEqual([
    ...verses(500)
      .split('\n')
      .slice(0, -1)
      .map((_, i) => `${i + 1}`),
    undefined,
  ]);
  // the numbers of the second file begin anew
  expect(all.filter(({ file }) => file === 'b.log')[0].line).toBe(1);
});

test('a percentage is the share of the lines to calibrate with that are not printed', async () => {
  const folder = withModel();
  folder.write('usual.log', verses(40_000));
  const costs = (await scored(folder, ['usual.log'])).map((line) => line.bitsPerCharacter);
  costs.sort((a, b) => a - b);
  const limit = costs[Math.ceil(0.99 * costs.length) - 1];
  const args = ['usual.log', '--threshold', '99%', '--calibrate', 'usual.log'];
  const above = await scored(folder, args);
  expect(above.length).toBe(costs.filter((cost) => cost > limit).length);
  expect(above.length).toBeLessThanOrEqual(0.01 * costs.length);
  expect(Math.min(...above.map((line) => line.bitsPerCharacter))).toBeGreaterThan(limit);
});

test('training keeps the quantiles of the validation lines in the model', async () => {
  const folder = withModel();
  const { lineQuantiles, training } = folder.json('charnn.json');
  expect(training).toBeDefined();
  // the last tenth is the validation text; its first line may be cut
  const held = usual.slice(-Math.floor(usual.length / 10));
  folder.write('held.log', held.slice(held.indexOf('\n') + 1));
  const costs = (await scored(folder, ['held.log'])).map((line) => line.bitsPerCharacter);
  expect(Math.abs(costs.length - lineQuantiles.lines)).toBeLessThanOrEqual(1);
  costs.sort((a, b) => a - b);
  const median = costs[Math.ceil(costs.length / 2) - 1];
  expect(Math.abs(lineQuantiles.percentiles[50] - median)).toBeLessThan(0.02);
  expect(Math.abs(lineQuantiles.highest[0] - (costs.at(-1) as number))).toBeLessThan(1e-5);
  folder.write('watched.log', `${verses(500)}${odd}\n`);
  const found = await scored(folder, ['watched.log', '--threshold', '99%']);
  expect(found.map((line) => line.text)).toEqual([odd]);
});

test('exit code 4 says that no line was above the threshold', async () => {
  const folder = withModel();
  folder.write('usual.log', verses(500));
  expect(await scored(folder, ['usual.log', '--threshold', '99'], 4)).toEqual([]);
  expect(await scored(folder, ['usual.log', '--threshold', '99', '--top', '3'], 4)).toEqual([]);
  folder.write('empty.log', '');
  expect(await scored(folder, ['empty.log'])).toEqual([]);
});

test('--window finds an odd stretch that a long line hides', async () => {
  const folder = withModel();
  const lines = verses(3000).trimEnd().split('\n');
  const long = Array.from({ length: 12 }, () => lines[1]).join(' ');
  const hidden = `${long.slice(0, 400)}${odd}${long.slice(400)}`;
  folder.write('a.log', `${[...lines, hidden].join('\n')}\n`);
  folder.write('b.log', `${lines.join('\n')}\n`);
  const args = ['a.log', '--threshold', '99.9%', '--calibrate', 'b.log', '--window', '10'];
  const [found] = await scored(folder, args);
  expect(found.text).toBe(hidden);
  expect(odd).toContain(found.worst?.characters.trim().slice(0, 5));
  expect(Math.abs((found.worst?.from ?? 0) - 405)).toBeLessThan(10);
  expect(found.worst?.bitsPerCharacter).toBeGreaterThan(2 * found.bitsPerCharacter);
  // a window as long as the line is the line
  const whole = await scored(folder, ['b.log', '--window', '10000']);
  for (const { worst, bitsPerCharacter } of whole) {
    expect(Math.abs((worst?.bitsPerCharacter ?? 0) - bitsPerCharacter)).toBeLessThan(2e-6);
  }
});

test.each([
  [['--total', '--top', '3'], '--total prints a single number: leave out --top'],
  [['--calibrate', 'a.log'], '--threshold 99.9%'],
  [
    ['--threshold', '120%'],
    'must be a number of at least 0, or a percentage below 100% such as 99.9%',
  ],
  [['--threshold', '99%', '--dynamic'], 'give --threshold a number'],
  [['--threshold', '99%', '--window', '5'], '--calibrate'],
  [['--follow', '--top', '3'], '--follow never reaches: leave out one of them'],
])('%j is refused', async (args, message) => {
  const folder = withModel();
  folder.write('a.log', 'green\n');
  const { status, stdout, stderr } = await folder.run(['score', 'a.log', ...args]);
  expect([status, stdout]).toEqual([2, '']);
  expect(stderr).toContain(message);
  expect(stderr.trimEnd()).not.toContain('\n');
});

test('a model without quantiles says what to do', async () => {
  const folder = new Folder();
  await folder.train(verses(3000), '-q');
  expect(folder.json('charnn.json').lineQuantiles).toBeUndefined();
  const { status, stderr } = await folder.run(['score', 'text.txt', '--threshold', '99%']);
  expect(status).toBe(1);
  expect(stderr).toContain('give a file of normal lines with --calibrate');
});

test('--follow goes on as files grow, are renamed and replaced, or cut off', async () => {
  const folder = withModel();
  const path = (name: string) => join(folder.path, name);
  folder.write('a.log', 'one\ntwo\n');
  folder.write('b.log', 'other\n');
  const child = folder.start(['score', '--follow', 'a.log', 'b.log', '-nH']);
  onTestFinished(() => {
    child.kill('SIGKILL');
  });
  let seen = '';
  let changed = () => {};
  child.stdout?.on('data', (bytes: Buffer) => {
    seen += bytes;
    changed();
  });
  const lines = () =>
    seen
      .split('\n')
      .slice(0, -1)
      .map((line) => line.split('\t').slice(1).join(' '));
  const until = async (...expected: string[]) => {
    while (!expected.every((line) => lines().includes(line))) {
      await new Promise<void>((resolve) => {
        changed = resolve;
      });
    }
  };
  await until('a.log:1 one', 'a.log:2 two', 'b.log:1 other');
  appendFileSync(path('a.log'), 'three\nfo');
  await until('a.log:3 three');
  appendFileSync(path('a.log'), 'ur\n');
  await until('a.log:4 four');
  renameSync(path('a.log'), path('a.log.1'));
  appendFileSync(path('a.log.1'), 'late\n');
  await until('a.log:5 late');
  folder.write('a.log', 'new\n');
  await until('a.log:1 new');
  truncateSync(path('b.log'), 0);
  // it is seen to be shorter before it grows again
  await new Promise((resolve) => setTimeout(resolve, 1000));
  appendFileSync(path('b.log'), 'again\n');
  await until('b.log:1 again');
  child.kill('SIGINT');
  const { signal, status } = await finished(child);
  expect(signal ?? status).toBe('SIGINT');
  expect(lines().length).toBe(8);
});

test.runIf(process.platform !== 'win32').each(['mkfifo a.log', 'mkdir a.log'])(
  '--follow says what has taken the place of a file: %s',
  async (line) => {
    const folder = withModel();
    folder.write('a.log', 'one\n');
    const child = folder.start(['score', '--follow', 'a.log']);
    onTestFinished(() => {
      child.kill('SIGKILL');
    });
    const outcome = finished(child);
    await new Promise((resolve) => child.stdout?.once('data', resolve));
    await folder.shell(`mv a.log a.log.1; ${line}`);
    const { status, stderr } = await outcome;
    expect([status, stderr]).toEqual([
      1,
      expect.stringMatching(
        /^charnn: a\.log is not a regular file any more, so it cannot be followed\n$/,
      ),
    ]);
  },
);
