/**
 * What a training on pairs comes to: word and symbol error rates on sources that were never seen, greedy and with a
 * beam, over several seeds. The seed divides the pairs, too.
 *
 *     node test/bench/pairs.mjs TASK [--seeds 3] [--beam 5] [options of charnn train]
 *
 * Tasks: cmudict, cmudict-800, cmudict-3600, dates, numbers, transliteration, verbs. Data come from npm.
 * Options of training are `--time 10m` and the like.
 */
import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { folderOfProcess } from '../temporary-folder.mjs';
import { asTsv, randomFrom, tasks } from './pair-data.mjs';

const binary = fileURLToPath(new URL('../../bin/charnn.js', import.meta.url));
const known = parseArgs({
  args: process.argv.slice(2),
  options: { seeds: { type: 'string', default: '3' }, beam: { type: 'string', default: '5' } },
  allowPositionals: true,
  strict: false,
  tokens: true,
});
const [task] = known.positionals;
const make = tasks[task];
if (make === undefined) {
  console.error(`name a task: ${Object.keys(tasks).join(', ')}`);
  process.exit(2);
}
// what is not ours is for the training
const own = new Set(['--seeds', '--beam']);
const training = process.argv.slice(2).filter((word, i, all) => {
  return word !== task && !own.has(word) && !own.has(all[i - 1]);
});
const folder = folderOfProcess('charnn-pairs-');
const charnn = (...args) =>
  execFileSync(process.execPath, [binary, ...args], {
    cwd: folder,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'inherit'],
  });

const results = [];
for (let seed = 1; seed <= Number(known.values.seeds); seed++) {
  const { train, test } = make(folder, randomFrom(seed));
  writeFileSync(join(folder, 'train.tsv'), asTsv(train));
  writeFileSync(join(folder, 'test.tsv'), asTsv(test));
  console.log(`seed ${seed}: ${train.length} pairs to learn, ${test.length} to test`);
  charnn('train', 'train.tsv', '--pairs', '--force', '--seed', `${seed}`, ...training);
  const evaluate = (...more) => JSON.parse(charnn('eval', 'test.tsv', '--json', '-q', ...more));
  const greedy = evaluate();
  const beam = evaluate('--beam', known.values.beam);
  results.push({ greedy, beam });
  const shown = ({ wordErrorRate, symbolErrorRate, characterErrorRate }) =>
    `${(100 * wordErrorRate).toFixed(2)} % of the sources, ${(100 * (symbolErrorRate ?? characterErrorRate)).toFixed(2)} % of the ${symbolErrorRate === undefined ? 'characters' : 'symbols'}`;
  console.log(`  wrong: greedy ${shown(greedy)}; beam of ${known.values.beam} ${shown(beam)}`);
}

const median = (list) => list.toSorted((a, b) => a - b)[list.length >> 1];
for (const kind of ['greedy', 'beam']) {
  const rates = results.map((result) => 100 * result[kind].wordErrorRate);
  console.log(
    `${task}, ${kind}: wrong ${median(rates).toFixed(2)} % (${Math.min(...rates).toFixed(2)} – ${Math.max(...rates).toFixed(2)})`,
  );
}
