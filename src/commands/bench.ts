/** `charnn bench`: how fast this machine trains and generates. */

import { defineCommand } from '../cli/command.js';
import * as rows from '../cli/rows.js';
import { coresInStep } from '../machine/cores.js';
import { requireCapable } from '../model/capabilities.js';
import { chooseCell } from '../model/cells/cells.js';
import { architectureFlags } from '../model/model-config.js';
import { flag, type OptionsOf, option } from '../options/table.js';
import { count, integer } from '../options/types.js';
import {
  type BenchmarkOptions,
  type BenchmarkResult,
  benchmark,
} from '../train/length/benchmark.js';
import type { TrainingProfile } from '../train/length/training-profile.js';

/** Size of the vocabulary in the torch-rnn benchmark, whose sizes are the defaults */
const vocabulary = 65;

const table = {
  ...rows.shape({ layers: 2, hidden: 256, embedding: 64 }),
  batchSize: option('<n>', count, 'number of text streams read side by side', { default: 50 }),
  seqLength: option('<n>', count, 'characters that each stream reads between two updates', {
    default: 50,
  }),
  threads: rows.threads,
  iterations: option('<n>', integer(1, 1_000_000), 'min number of training iterations to time', {
    default: 20,
  }),
  backend: rows.backend,
  precision: rows.precision,
  profile: flag(
    "show where the training time goes, and how close matrix products come to the processor's peak speed",
  ),
  json: rows.json,
  debug: rows.debug,
};

export const bench = defineCommand({
  name: 'bench',
  summary: 'time training and generation on this machine',
  description: 'Time training iterations and generation on this machine, on random text.',
  examples: [
    ['charnn bench', '2 layers of 256'],
    ['charnn bench --cell gru --hidden 512 --json', 'for a script'],
  ],
  synonyms: ['benchmark', 'speed', 'time'],
  options: table,
  standardOutput: 'result',
  async run(_, options) {
    const result = await benchmark(settingsOf(options));
    // maxRSS is in kilobytes and covers this process with all its threads
    const peakMegabytes = process.resourceUsage().maxRSS / 1024;
    process.stdout.write(options.json ? json(result, peakMegabytes) : lines(result, peakMegabytes));
  },
});

function settingsOf(options: OptionsOf<typeof table>): BenchmarkOptions {
  const {
    cell = table.cell.default,
    layers = table.layers.default,
    hidden = table.hidden.default,
    embedding = table.embedding.default,
    residual = false,
    layerNorm = false,
    batchSize = table.batchSize.default,
    seqLength = table.seqLength.default,
    threads = coresInStep(),
    iterations = table.iterations.default,
    backend = 'auto',
    profile = false,
    precision = 'f32',
  } = options;
  const flags = architectureFlags({ residual, layerNorm });
  requireCapable({ cell, ...flags, backend, precision, command: 'bench' });
  const shape = { ...chooseCell(cell), layers, hidden, embedding, ...flags };
  return {
    ...shape,
    vocabulary,
    batchSize,
    seqLength,
    threads,
    iterations,
    backend,
    precision,
    profile,
  };
}

function json(result: BenchmarkResult, peakMegabytes: number): string {
  const { cell, layers, hidden, threads, backend } = result;
  return `${JSON.stringify({
    cell,
    layers,
    hidden,
    threads,
    backend,
    ms: Number(result.ms.toFixed(3)),
    charactersPerSecond: Math.round(result.charsPerSecond),
    gflops: Number(result.gflops.toPrecision(4)),
    generatedCharactersPerSecond: Math.round(result.generateCharsPerSecond),
    peakMegabytes: Math.round(peakMegabytes),
    ...(result.profile && { profile: profileJson(result.profile) }),
  })}\n`;
}

function lines(result: BenchmarkResult, peakMegabytes: number): string {
  const { cell, layers, hidden, threads, backend } = result;
  const thousand = (x: number) => `${(x / 1000).toFixed(1)} thousand char/s`;
  const rows = [
    ['model', `${layers} × ${cell} of ${hidden}`],
    ['back end', `${backend}, ${threads} thread${threads === 1 ? '' : 's'}`],
    ['training', `${thousand(result.charsPerSecond)} (${result.ms.toFixed(2)} ms per iteration)`],
    ['', `${result.gflops.toFixed(0)} GFLOP/s`],
    ['generation', thousand(result.generateCharsPerSecond)],
    ['memory', `${peakMegabytes.toFixed(0)} MB at the peak`],
    ...(result.profile ? profileRows(result.profile) : []),
  ];
  return rows.map(([name, value]) => `${name.padEnd(12)}${value}\n`).join('');
}

function profileJson({ shares, isSplit, productRate, peakRate }: TrainingProfile) {
  const rounded = (x: number) => Number(x.toFixed(4));
  const giga = (rate: number | undefined) =>
    rate === undefined ? null : Number((rate / 1e9).toPrecision(4));
  return {
    products: isSplit ? rounded(shares.products) : null,
    gates: isSplit ? rounded(shares.gates) : null,
    productsAndGates: rounded(shares.products + shares.gates),
    optimizer: rounded(shares.optimizer),
    waiting: rounded(shares.waiting),
    other: rounded(shares.other),
    productGflops: giga(productRate),
    peakGflops: giga(peakRate),
  };
}

function profileRows({ shares, isSplit, productRate, peakRate }: TrainingProfile): string[][] {
  const percent = (x: number) => `${(100 * x).toFixed(1)} %`;
  const [products, gates] = [percent(shares.products), percent(shares.gates)];
  const network = isSplit
    ? `products ${products}, gates ${gates}`
    : `products and gates ${percent(shares.products + shares.gates)}`;
  const rest = `optimiser ${percent(shares.optimizer)}, waiting ${percent(shares.waiting)}, other ${percent(shares.other)}`;
  const rows = [['profile', `${network}, ${rest}`]];
  const gflops = (rate: number) => `${(rate / 1e9).toFixed(0)} GFLOP/s`;
  if (productRate !== undefined && peakRate !== undefined) {
    const part = `${((100 * productRate) / peakRate).toFixed(0)} %`;
    rows.push([
      '',
      `matrix products: ${gflops(productRate)} per thread, ${part} of the peak of ${gflops(peakRate)}`,
    ]);
  } else if (peakRate !== undefined) {
    rows.push([
      '',
      `peak, measured in a loop that uses registers only: ${gflops(peakRate)} per thread`,
    ]);
  }
  return rows;
}
