/**
 * What a training on pairs comes to: error rates on sources that were never seen, greedy and with a beam, over several
 * seeds. The seed divides the pairs, too.
 *
 *     node test/bench/pairs.mjs TASK [--seeds 1,2,3] [--beam 5] [--phonetisaurus PYTHON] [options of charnn train]
 *
 * Tasks: cmudict, cmudict-800, cmudict-3600, dates, numbers, transliteration, verbs, captions, questions, digit,
 * digits. Data come from npm, Intl and data/. Options of training are `--time 10m`, `--attention none` and the like.
 * PYTHON is an interpreter with the package phonetisaurus from PyPI, which then learns the same pronunciations.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { closeSync, createWriteStream, openSync, readFileSync } from 'node:fs';
import { loadavg } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { folderOfProcess } from '../temporary-folder.mjs';
import { asLines, randomFrom, tasks } from './pair-data.mjs';

const binary = fileURLToPath(new URL('../../bin/charnn.js', import.meta.url));
const other = fileURLToPath(new URL('phonetisaurus.py', import.meta.url));
const [task, ...given] = process.argv.slice(2);
const make = tasks[task];
if (make === undefined) {
  console.error(`name a task: ${Object.keys(tasks).join(', ')}`);
  process.exit(2);
}
const own = {
  seeds: { type: 'string', default: '1,2,3' },
  beam: { type: 'string', default: '5' },
  phonetisaurus: { type: 'string' },
};
const { values, tokens } = parseArgs({ args: given, options: own, strict: false, tokens: true });
// what is not ours is for the training
const ours = new Set(
  tokens
    .filter(({ kind, name }) => kind === 'option' && Object.hasOwn(own, name))
    .flatMap(({ index, inlineValue }) => (inlineValue ? [index] : [index, index + 1])),
);
const training = given.filter((_, i) => !ours.has(i));
const folder = folderOfProcess('charnn-pairs-');

/** @param output a file descriptor; by default, what is printed is returned */
function charnn(args, output = 'pipe') {
  const stdio = ['ignore', output, 'inherit'];
  return execFileSync(process.execPath, [binary, ...args], {
    cwd: folder,
    encoding: 'utf8',
    stdio,
  });
}

async function put(name, pairs) {
  const extension = Array.isArray(pairs[0]) ? 'tsv' : 'ndjson';
  const path = join(folder, `${name}.${extension}`);
  await pipeline(Readable.from(asLines(pairs)), createWriteStream(path));
  return path;
}

/** The share of words that Phonetisaurus gives none of their pronunciations */
function phonetisaurusErrors(lexicon, test) {
  const targets = new Map();
  for (const [word, target] of test) targets.set(word, [...(targets.get(word) ?? []), target]);
  const { stdout, status } = spawnSync(values.phonetisaurus, [other, lexicon], {
    input: [...targets.keys()].map((word) => `${word}\n`).join(''),
    ...{ encoding: 'utf8', stdio: ['pipe', 'pipe', 'ignore'], maxBuffer: 2 ** 30 },
  });
  if (status !== 0) throw new Error('phonetisaurus failed: run phonetisaurus.py by hand');
  const answers = new Map(stdout.split('\n').map((line) => line.split('\t')));
  const isRight = ([word, right]) => right.includes(answers.get(word));
  return 1 - [...targets].filter(isRight).length / targets.size;
}

/** How many steps were made in how many seconds, from the log of a training */
function lengthOf(log) {
  const lines = readFileSync(log, 'utf8').trim().split('\n');
  const events = lines.map((line) => JSON.parse(line));
  const last = (key) => events.findLast((event) => event[key] !== undefined)?.[key] ?? 0;
  const load = loadavg()[1].toFixed(1);
  return `${last('step')} steps in ${Math.round(last('secondsElapsed'))} s, load ${load}`;
}

const percent = (share) => `${(100 * share).toFixed(2)} %`;
const rates = { greedy: [], beam: [], phonetisaurus: [] };
for (const seed of values.seeds.split(',').map(Number)) {
  const { train, test, columns = [] } = make(folder, randomFrom(seed));
  const [known, unseen] = [await put('train', train), await put('test', test)];
  console.log(`seed ${seed}: ${train.length} pairs to learn, ${test.length} to test`);
  const options = ['--pairs', ...columns, '--force', '--seed', `${seed}`, '--json'];
  // the log shows how far the training is
  const log = join(folder, `${seed}.log`);
  const file = openSync(log, 'w');
  charnn(['train', known, ...options, ...training], file);
  closeSync(file);
  const evaluate = (...more) => JSON.parse(charnn(['eval', unseen, '--json', '-q', ...more]));
  const found = { greedy: evaluate(), beam: evaluate('--beam', values.beam) };
  for (const [kind, result] of Object.entries(found)) {
    rates[kind].push(result.wordErrorRate);
    const units = result.symbolErrorRate === undefined ? 'characters' : 'symbols';
    const errors = result.symbolErrorRate ?? result.characterErrorRate;
    const wrong = `${percent(result.wordErrorRate)} of the sources, ${percent(errors)} of the ${units}`;
    console.log(`  wrong, ${kind}: ${wrong}`);
  }
  console.log(`  ${lengthOf(log)}`);
  if (values.phonetisaurus !== undefined) {
    rates.phonetisaurus.push(phonetisaurusErrors(known, test));
    console.log(`  wrong, Phonetisaurus: ${percent(rates.phonetisaurus.at(-1))} of the sources`);
  }
}

const median = (list) => list.toSorted((a, b) => a - b)[list.length >> 1];
for (const [kind, list] of Object.entries(rates)) {
  if (list.length === 0) continue;
  const [least, most] = [Math.min(...list), Math.max(...list)].map(percent);
  console.log(`${task}, ${kind}: wrong ${percent(median(list))} (${least} – ${most})`);
}
