/**
 * Sources converted a second by a model of pairs, greedily and with a beam of 5, in turn, over several rounds. The start
 * of the process is measured apart, and taken off.
 *
 *     node test/bench/convert.mjs MODEL SOURCES [rounds]
 */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const binary = fileURLToPath(new URL('../../bin/charnn.js', import.meta.url));
const [model, sources, rounds = '5'] = process.argv.slice(2);
if (sources === undefined) {
  console.error('node test/bench/convert.mjs MODEL SOURCES [rounds]');
  process.exit(2);
}
const input = readFileSync(sources);
const [first] = input.toString().split('\n');
const count = input.toString().trimEnd().split('\n').length;

function seconds(lines, ...options) {
  const start = performance.now();
  execFileSync(process.execPath, [binary, 'convert', '-q', '-m', model, ...options], {
    input: lines,
    maxBuffer: 2 ** 30,
  });
  return (performance.now() - start) / 1000;
}

const kinds = { greedy: [], 'beam of 5': ['--beam', '5'] };
const speeds = Object.fromEntries(Object.keys(kinds).map((kind) => [kind, []]));
for (let round = 0; round < Number(rounds); round++) {
  for (const [kind, options] of Object.entries(kinds)) {
    const start = seconds(`${first}\n`, ...options);
    speeds[kind].push(count / (seconds(input, ...options) - start));
  }
}
const median = (list) => list.toSorted((a, b) => a - b)[list.length >> 1];
for (const [kind, list] of Object.entries(speeds)) {
  const [least, most] = [Math.min(...list), Math.max(...list)].map(Math.round);
  console.log(`${kind}: ${Math.round(median(list))} sources a second (${least} – ${most})`);
}
const shares = speeds.greedy.map((greedy, i) => greedy / speeds['beam of 5'][i]);
console.log(`greedy is ${median(shares).toFixed(2)} times as fast as the beam`);
