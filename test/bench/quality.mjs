/**
 * What a training with given options comes to, over several seeds: a row for the table in README.md.
 *
 *     node test/bench/quality.mjs TEXT [--seeds 3] [--dynamic] [-- options of charnn train]
 *
 * Losses are those of the validation part, in nats per character: median over the seeds, and the spread
 * from the lowest to the highest. --dynamic adds the loss of the validation part under
 * `charnn eval --dynamic`.
 */
import { execFileSync } from 'node:child_process';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { makeFolder } from '../temporary-folder.mjs';

const separator = process.argv.indexOf('--');
const own = process.argv.slice(2, separator < 0 ? undefined : separator);
const trainOptions = separator < 0 ? [] : process.argv.slice(separator + 1);
const { values, positionals } = parseArgs({
  args: own,
  allowPositionals: true,
  options: {
    seeds: { type: 'string', default: '3' },
    dynamic: { type: 'boolean', default: false },
  },
});
const [text] = positionals;
const binary = fileURLToPath(new URL('../../bin/charnn.js', import.meta.url));
const folder = makeFolder('charnn-quality-');
const model = join(folder, 'model.json');

function charnn(...args) {
  const run = { encoding: 'utf8', maxBuffer: 1 << 30, stdio: ['ignore', 'pipe', 'inherit'] };
  return execFileSync(process.execPath, [binary, ...args], run);
}

/** The last tenth, as training splits it off. */
function validationPart() {
  const characters = [...readFileSync(text, 'utf8').replaceAll('\r\n', '\n')];
  const path = join(folder, 'validation.txt');
  const count = Math.round(characters.length * 0.1);
  writeFileSync(path, characters.slice(-count).join(''));
  return path;
}

function train(seed) {
  const args = ['train', text, '-o', model, '--force', '--json', '--seed', String(seed)];
  const lines = charnn(...args, ...trainOptions).trim();
  const events = lines.split('\n').map((line) => JSON.parse(line));
  const of = (type) => events.findLast((event) => event.type === type);
  const dynamic = values.dynamic
    ? JSON.parse(charnn('eval', validationPart(), '-m', model, '--dynamic', '--json')).loss
    : undefined;
  return {
    loss: of('end').best.validationLoss,
    dynamic,
    seconds: of('end').secondsElapsed,
    steps: of('end').step,
    parameters: of('start').parameters,
    ngram: of('baseline').ngramBitsPerCharacter * Math.LN2,
  };
}

const median = (list) => [...list].sort((a, b) => a - b)[Math.floor(list.length / 2)];
const summary = (list) => {
  const [low, high] = [Math.min(...list), Math.max(...list)];
  return `${median(list).toFixed(4)} (${low.toFixed(4)} – ${high.toFixed(4)})`;
};

try {
  const runs = Array.from({ length: Number(values.seeds) }, (_, i) => train(i + 1));
  const [{ parameters, ngram }] = runs;
  const column = (name) => runs.map((run) => run[name]);
  const dynamic = values.dynamic ? summary(column('dynamic')) : '';
  const cells = [
    `${basename(text)} ${trainOptions.join(' ')}`.trim(),
    `${(parameters / 1e6).toFixed(2)} M`,
    summary(column('loss')),
    dynamic,
    ngram.toFixed(3),
    `${Math.round(median(column('seconds')))} s`,
    median(column('steps')),
  ];
  console.log(`| ${cells.join(' | ')} |`);
} finally {
  rmSync(folder, { recursive: true, force: true });
}
