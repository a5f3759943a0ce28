/**
 * Whether records are records: of `sample -n`, the share that begin where records begin and the share of each
 * kind, beside those of one long text of the same model, cut at its separator. Four texts (names, recipes,
 * poems, a log), each with the separator that training finds; and texts that have none.
 *
 *     node test/bench/records.mjs [--count 1000] [--steps 600] [--seed 1] [text ...]
 *
 * Ends with 1 where fewer than the long text's share less 1 % begin right, where a kind's share differs by
 * three standard errors or more, or where the separator is not the right one.
 */
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { largestDifference, otherTexts, proportions, recordTexts } from '../fixtures/records.mjs';
import { folderOfProcess } from '../temporary-folder.mjs';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    count: { type: 'string', default: '1000' },
    steps: { type: 'string', default: '600' },
    seed: { type: 'string', default: '1' },
    cli: {
      type: 'string',
      default: fileURLToPath(new URL('../../bin/charnn.js', import.meta.url)),
    },
  },
});
const count = Number(values.count);
const folder = folderOfProcess('charnn-records-');
const run = (...args) =>
  execFileSync(process.execPath, [values.cli, ...args], {
    cwd: folder,
    encoding: 'utf8',
    maxBuffer: 2 ** 30,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
const percent = (x) => `${(100 * x).toFixed(1)} %`;
let failed = 0;
const report = (isRight, line) => {
  if (!isRight) failed++;
  console.log(`${isRight ? 'ok    ' : 'FAILED'} ${line}`);
};

for (const [name, { separator, make, kind }] of Object.entries(recordTexts)) {
  if (positionals.length > 0 && !positionals.includes(name)) continue;
  writeFileSync(join(folder, 'text.txt'), make(Number(values.seed)));
  const size = ['--size', 'tiny', '--steps', values.steps];
  run('train', 'text.txt', '-f', '--early-stop', '0', '--quiet', ...size);
  const found = JSON.parse(run('inspect', '--json')).separator;
  report(found === separator, `${name}: separator ${JSON.stringify(found)}`);
  const seed = ['--seed', values.seed];
  const begin = performance.now();
  const stop = ['--stop', separator.replaceAll('\n', '\\n')];
  const records = run('sample', '-n', `${count}`, '-0', ...stop, ...seed)
    .split('\0')
    .slice(0, -1);
  const seconds = (performance.now() - begin) / 1000;
  // the long text's first record begins from no state, its last one is cut off
  const long = [''];
  for (let length = 2 ** 16; long.length < count + 2; length *= 4) {
    long.splice(0, long.length, ...run('sample', '-l', `${length}`, ...seed).split(separator));
  }
  const a = proportions(records, kind);
  const b = proportions(long.slice(1, count + 1), kind);
  const difference = largestDifference(a, b);
  report(
    a.begun >= b.begun - 0.01 && difference < 3,
    `${name}: begun right ${percent(a.begun)}, in one long text ${percent(b.begun)}; ` +
      `kinds differ by ${difference.toFixed(2)} standard errors at most; ${seconds.toFixed(2)} s`,
  );
}

if (positionals.length === 0) {
  const moby = readFileSync(new URL('../../data/moby-dick.txt', import.meta.url), 'utf8');
  const texts = { 'Moby-Dick': () => moby, ...otherTexts };
  for (const [name, make] of Object.entries(texts)) {
    writeFileSync(join(folder, 'text.txt'), make(Number(values.seed)));
    run('train', 'text.txt', '-f', '--size', 'tiny', '--steps', '1', '--quiet');
    const found = JSON.parse(run('inspect', '--json')).separator;
    report(found === undefined, `${name}: separator ${JSON.stringify(found) ?? 'none'}`);
  }
}
process.exit(failed > 0 ? 1 : 0);
