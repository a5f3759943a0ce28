/**
 * Trains for an hour (other times: node test/faults/memory.mjs <minutes>) and watches the memory of the
 * process: after the first minutes it must not grow by 2 %. Linux only, for /proc.
 */
import { spawn } from 'node:child_process';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { makeFolder } from '../temporary-folder.mjs';

const minutes = Number(process.argv[2] ?? 60);
/** Share of the time in which memory may still grow */
const beginning = Math.min(0.25, 5 / minutes);
const interrupted = 130;
const binary = fileURLToPath(new URL('../../bin/charnn.js', import.meta.url));
const folder = makeFolder('charnn-memory-');
const lines = Array.from({ length: 30_000 }, (_, i) => `${i} green bottles, and ${i % 97} fell.\n`);
writeFileSync(join(folder, 'text.txt'), lines.join(''));

const child = spawn(
  process.execPath,
  [
    ...[binary, 'train', 'text.txt', '--steps', '1000000000', '--eval-every', '100'],
    ...['--hidden', '64', '--layers', '2', '--early-stop', '0', '--threads', '1', '--json'],
  ],
  { cwd: folder, stdio: ['ignore', 'pipe', 'inherit'] },
);
const started = performance.now();
/** Bytes, by tenths of the time; the latest of what the training reports */
const tenths = Array.from({ length: 10 }, () => []);
const early = [];
const late = [];
let step = 0;
let saves = 0;

let rest = '';
child.stdout.on('data', (chunk) => {
  const events = (rest + chunk).split('\n');
  rest = events.pop();
  for (const event of events.map((line) => JSON.parse(line))) {
    step = event.step ?? step;
    if (event.type === 'saved') saves++;
  }
});

function residentBytes() {
  const status = readFileSync(`/proc/${child.pid}/status`, 'latin1');
  return Number(/VmRSS:\s+(\d+) kB/.exec(status)?.[1]) * 1024;
}

/** The median of a while: between two collections of garbage memory goes up and down. */
const median = (list) => list.slice().sort((a, b) => a - b)[list.length >> 1];
const megabytes = (bytes) => `${(bytes / 2 ** 20).toFixed(1)} MiB`;

const timer = setInterval(() => {
  const share = (performance.now() - started) / 60_000 / minutes;
  if (share >= 1) {
    clearInterval(timer);
    child.kill('SIGINT');
    return;
  }
  const bytes = residentBytes();
  const tenth = tenths[Math.floor(10 * share)];
  if (tenth.length === 0) console.log(`${Math.round(100 * share)} %: ${megabytes(bytes)}`);
  tenth.push(bytes);
  if (share > beginning && share < 2 * beginning) early.push(bytes);
  if (share > 1 - beginning) late.push(bytes);
}, 1000);

child.on('close', (code) => {
  clearInterval(timer);
  rmSync(folder, { recursive: true });
  const spent = (performance.now() - started) / 60_000;
  console.log(
    `${spent.toFixed(1)} minutes, ${step} steps, ${saves} files saved, exit code ${code}`,
  );
  console.log(`medians of the tenths: ${tenths.map((list) => megabytes(median(list))).join(', ')}`);
  const [from, to] = [median(early), median(late)];
  const growth = to / from - 1;
  console.log(`${megabytes(from)} after the beginning, ${megabytes(to)} at the end`);
  console.log(`growth ${(100 * growth).toFixed(2)} %`);
  process.exitCode = code === interrupted && spent >= minutes && growth < 0.02 ? 0 : 1;
});
