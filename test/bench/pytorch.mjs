/**
 * charnn and PyTorch side by side, interleaved in one run: the torch-rnn grid. Prints a table; with
 * --readme it goes into README.md.
 *
 *     node test/bench/pytorch.mjs [--rounds 3] [--readme]
 */
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

const { values: options } = parseArgs({
  options: {
    rounds: { type: 'string', default: '3' },
    readme: { type: 'boolean', default: false },
  },
});
const path = (name) => fileURLToPath(new URL(name, import.meta.url));

const grid = [1, 2, 3].flatMap((layers) =>
  [64, 128, 256, 512].map((hidden) => ['lstm', layers, hidden]),
);
grid.push(['gru', 2, 256], ['rnn', 2, 256]);

function charnn([cell, layers, hidden], threads) {
  const size = ['--cell', cell, '--layers', layers, '--hidden', hidden];
  const args = [path('../../bin/charnn.js'), 'bench', '--json', ...size, '--threads', threads];
  return JSON.parse(execFileSync(process.execPath, args.map(String), { encoding: 'utf8' }));
}

/**
 * PyTorch's own number of threads does not reach OpenBLAS, which takes all cores unless it is told. With
 * that alone on all cores PyTorch is faster than with all of it: both at once are in each other's way.
 */
function pytorch([cell, layers, hidden], productThreads) {
  const args = [path('pytorch_iteration.py'), cell, layers, hidden, 1, 6];
  const env = { ...process.env, OPENBLAS_NUM_THREADS: productThreads };
  return JSON.parse(execFileSync('/usr/bin/python3', args.map(String), { encoding: 'utf8', env }));
}

const median = (list) => [...list].sort((a, b) => a - b)[Math.floor(list.length / 2)];
const geometricMean = (list) =>
  Math.exp(list.reduce((sum, x) => sum + Math.log(x), 0) / list.length);

let version = '';
let backend = '';
const rows = grid.map((configuration) => {
  const samples = {
    torch: [],
    torchAll: [],
    one: [],
    two: [],
    memory: [],
    torchMemory: [],
    gflops: [],
    generate: [],
  };
  for (let round = 0; round < Number(options.rounds); round++) {
    const torch = pytorch(configuration, 1);
    const torchAll = pytorch(configuration, cpus().length);
    const one = charnn(configuration, 1);
    const two = charnn(configuration, 2);
    version = torch.pytorch;
    backend = two.backend;
    samples.torch.push(torch.chars_per_s);
    samples.torchAll.push(torchAll.chars_per_s);
    samples.torchMemory.push(torch.peak_rss_mb);
    samples.one.push(one.charactersPerSecond);
    samples.two.push(two.charactersPerSecond);
    samples.memory.push(two.peakMegabytes);
    samples.gflops.push(two.gflops);
    samples.generate.push(two.generatedCharactersPerSecond);
  }
  const row = Object.fromEntries(
    Object.entries(samples).map(([name, list]) => [name, median(list)]),
  );
  console.error(configuration.join(' '), JSON.stringify(row));
  return { configuration, ...row };
});

const k = (x) => (x / 1000).toFixed(1);
const lines = [
  '| | PyTorch, 1 thread | products on all cores | charnn, 1 thread | 2 threads | GFLOP/s | memory, MB | generation |',
  '|-|-|-|-|-|-|-|-|',
  ...rows.map(({ configuration: [cell, layers, hidden], ...r }) => {
    const ratio = (x) => `${k(x)} (${(x / r.torch).toFixed(2)}×)`;
    const memory = `${r.memory} / ${Math.round(r.torchMemory)}`;
    return `| ${cell} ${layers} × ${hidden} | ${k(r.torch)} | ${ratio(r.torchAll)} | ${ratio(r.one)} | ${ratio(r.two)} | ${r.gflops.toFixed(0)} | ${memory} | ${k(r.generate)} |`;
  }),
];
const lstm = rows.filter(({ configuration: [cell] }) => cell === 'lstm');
const mean = (of) => geometricMean(lstm.map(of)).toFixed(2);
const text = `Thousand characters a second in training, and in generation one character at a time: V = 65, embedding
64, batch 50, sequence 50, Adam, clipping by norm (the torch-rnn benchmark). Ratios to PyTorch ${version}
with one thread; memory is the whole process's peak, charnn's with 2 threads / PyTorch's. Medians of
${options.rounds} interleaved runs on ${cpus()[0].model}, ${cpus().length} cores, back end ${backend}, by
\`node test/bench/pytorch.mjs\`. "Products on all cores": OpenBLAS is left to take them, which is PyTorch's
best.

${lines.join('\n')}

Geometric mean over the LSTM grid: ${mean((r) => r.one / r.torch)}× PyTorch with one thread,
${mean((r) => r.two / r.torch)}× with two; with two ${mean((r) => r.two / r.torchAll)}× PyTorch with its products on all cores; memory ${mean((r) => r.memory / r.torchMemory)}×.
`;
console.log(text);
if (options.readme) {
  const file = path('../../README.md');
  const readme = readFileSync(file, 'utf8');
  const [start, end] = ['<!-- speed -->\n', '<!-- /speed -->'];
  const from = readme.indexOf(start) + start.length;
  writeFileSync(file, `${readme.slice(0, from)}${text}${readme.slice(readme.indexOf(end))}`);
}
