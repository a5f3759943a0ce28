/**
 * charnn and the PyTorch of today side by side: the torch-rnn benchmark's grid, alternated, in the precisions
 * that each has. Prints a table; with --readme it goes into README.md.
 *
 *     python3 -m venv DIR && DIR/bin/pip install torch numpy
 *     node test/bench/pytorch.mjs --python DIR/bin/python [--json FILE] [--readme]
 *
 * PyTorch's best settings for each precision are found by short runs; only those are alternated with charnn.
 *
 *     --rounds 5               alternated runs of each
 *     --points lstm-2-256,…    cell-layers-hidden; by default those of the grid that FILE does not have yet
 *     --precisions f32,bf16    charnn's; what this processor or charnn does not have is left out
 *     --compile-limit 0        seconds that torch.compile may take for a point; 0: it is not tried
 *     --json FILE              raw results, written after each point and continued from there
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { PyTorch, settingsOf } from './pytorch-peer.mjs';
import { gridPoints, speedText } from './pytorch-table.mjs';

const { values: options } = parseArgs({
  options: {
    python: { type: 'string', default: 'python3' },
    rounds: { type: 'string', default: '5' },
    points: { type: 'string' },
    precisions: { type: 'string', default: 'f32,bf16' },
    'compile-limit': { type: 'string', default: '0' },
    json: { type: 'string' },
    readme: { type: 'boolean', default: false },
  },
});
const path = (name) => fileURLToPath(new URL(name, import.meta.url));
const threads = cpus().length;
const rounds = Number(options.rounds);
const compileLimit = Number(options['compile-limit']);

const charnnArguments = ([cell, layers, hidden], precision, more) => [
  ...[path('../../bin/charnn.js'), 'bench', '--json', '--cell', cell, '--layers', layers],
  // f32 is what a charnn without the option has
  ...[
    '--hidden',
    hidden,
    '--threads',
    threads,
    ...(precision === 'f32' ? [] : ['--precision', precision]),
  ],
  ...more,
];

function charnn(point, precision) {
  // enough for a median of ten runs, without waiting long for large networks
  const args = charnnArguments(point, precision, ['--iterations', 10]);
  return JSON.parse(execFileSync(process.execPath, args.map(String), { encoding: 'utf8' }));
}

/** Says why charnn cannot compute in a precision here, or nothing where it can. */
function whyNot(precision) {
  const args = charnnArguments(['rnn', 1, 32], precision, ['--iterations', 1]);
  const { status, stderr } = spawnSync(process.execPath, args.map(String), { encoding: 'utf8' });
  return status === 0 ? undefined : stderr.trim().split('\n')[0];
}

const precisions = options.precisions.split(',').filter((precision) => {
  const reason = whyNot(precision);
  if (reason !== undefined) console.error(`charnn in ${precision} is left out: ${reason}`);
  return reason === undefined;
});

const torch = await PyTorch.start(options.python, path('pytorch_iteration.py'));
const results = readResults();
const machine = { processor: cpus()[0].model, cores: threads, pytorch: torch.version };
if (JSON.stringify(results.machine ?? machine) !== JSON.stringify(machine)) {
  torch.end();
  const [was, is] = [results.machine, machine].map((m) => JSON.stringify(m));
  console.error(`${options.json} was measured on ${was}, this is ${is}: name another file`);
  process.exit(2);
}
Object.assign(results, { machine, compileLimit });

function readResults() {
  if (options.json === undefined || !existsSync(options.json)) return { points: {} };
  return JSON.parse(readFileSync(options.json, 'utf8'));
}

/** Returns PyTorch's fastest settings in a precision, of short runs. */
async function bestSettings(point, precision) {
  const found = [];
  for (const settings of settingsOf(precision, threads, compileLimit > 0)) {
    const answer = await torch.measure(point, settings, {
      iterations: 3,
      seconds: 0.5,
      limit: compileLimit || 60,
    });
    if (answer.error === undefined) found.push({ settings, speed: answer.charactersPerSecond });
    else console.error(`${point.join(' ')}, ${JSON.stringify(settings)}: ${answer.error}`);
  }
  found.sort((a, b) => b.speed - a.speed);
  return { settings: found[0].settings, tried: found };
}

async function measurePoint(point) {
  const torchBest = {};
  for (const precision of ['f32', 'bf16'])
    torchBest[precision] = await bestSettings(point, precision);
  const runs = {
    torch: { f32: [], bf16: [] },
    charnn: Object.fromEntries(precisions.map((p) => [p, []])),
  };
  for (let round = 0; round < rounds; round++) {
    for (const [precision, { settings }] of Object.entries(torchBest)) {
      const answer = await torch.measure(point, settings, {
        iterations: 5,
        seconds: 1,
        limit: compileLimit || 60,
      });
      if (answer.error !== undefined) throw new Error(`${point.join(' ')}: ${answer.error}`);
      runs.torch[precision].push(answer);
    }
    for (const precision of precisions) runs.charnn[precision].push(charnn(point, precision));
  }
  return { settings: torchBest, runs };
}

const asked = options.points?.split(',') ?? gridPoints.filter((name) => !results.points[name]);
for (const name of asked) {
  const [cell, layers, hidden] = name.split('-');
  const begun = performance.now();
  results.points[name] = await measurePoint([cell, Number(layers), Number(hidden)]);
  console.error(`${name} took ${Math.round((performance.now() - begun) / 1e3)} s`);
  if (options.json) writeFileSync(options.json, `${JSON.stringify(results, undefined, 1)}\n`);
}
torch.end();

const text = speedText(results);
console.log(text);
if (options.readme) {
  const file = path('../../README.md');
  const readme = readFileSync(file, 'utf8');
  const [start, end] = ['<!-- speed -->\n', '<!-- /speed -->'];
  const from = readme.indexOf(start) + start.length;
  writeFileSync(file, `${readme.slice(0, from)}${text}${readme.slice(readme.indexOf(end))}`);
}
