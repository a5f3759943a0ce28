/** `charnn bench`: how fast this machine trains and generates. */
import { usableCores } from '../backend/cores.js';
import type { BackendName } from '../backend/device.js';
import { checkLayerNorm } from '../cli/checks.js';
import { defaults } from '../cli/options/defaults.js';
import { type CellName, variants } from '../model/config.js';
import { type BenchmarkResult, benchmark } from '../train/benchmark.js';

export interface RawBenchOptions {
  readonly cell?: CellName;
  readonly layers?: number;
  readonly hidden?: number;
  readonly embedding?: number;
  readonly residual?: boolean;
  readonly layerNorm?: boolean;
  readonly batchSize?: number;
  readonly seqLength?: number;
  readonly threads?: number;
  readonly iterations?: number;
  readonly backend?: BackendName;
  readonly json?: boolean;
}

export async function bench(raw: RawBenchOptions): Promise<void> {
  const d = defaults.bench;
  const cell = raw.cell ?? defaults.cell;
  checkLayerNorm(raw, cell);
  const result = await benchmark({
    cell,
    layers: raw.layers ?? d.layers,
    hidden: raw.hidden ?? d.hidden,
    embedding: raw.embedding ?? d.embedding,
    vocabulary: d.vocabulary,
    ...variants(raw),
    batchSize: raw.batchSize ?? d.batchSize,
    seqLength: raw.seqLength ?? d.seqLength,
    threads: raw.threads ?? usableCores(),
    iterations: raw.iterations ?? d.iterations,
    backend: raw.backend ?? 'auto',
  });
  // maxRSS is in kilobytes, of this process with all its threads
  const peakMegabytes = process.resourceUsage().maxRSS / 1024;
  process.stdout.write(raw.json ? json(result, peakMegabytes) : table(result, peakMegabytes));
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
    chars_per_s: Math.round(result.charsPerSecond),
    gflops: Number(result.gflops.toFixed(1)),
    generate_chars_per_s: Math.round(result.generateCharsPerSecond),
    peak_rss_mb: Math.round(peakMegabytes),
  })}\n`;
}

function table(result: BenchmarkResult, peakMegabytes: number): string {
  const { cell, layers, hidden, threads, backend } = result;
  const thousand = (x: number) => `${(x / 1000).toFixed(1)} thousand char/s`;
  const rows = [
    ['model', `${layers} × ${cell} of ${hidden}`],
    ['back end', `${backend}, ${threads} thread${threads === 1 ? '' : 's'}`],
    ['training', `${thousand(result.charsPerSecond)} (${result.ms.toFixed(2)} ms an iteration)`],
    ['', `${result.gflops.toFixed(0)} GFLOP/s`],
    ['generation', thousand(result.generateCharsPerSecond)],
    ['memory', `${peakMegabytes.toFixed(0)} MB at the peak`],
  ];
  return rows.map(([name, value]) => `${name.padEnd(12)}${value}\n`).join('');
}
