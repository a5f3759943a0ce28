/**
 * Trains for an hour (other times: node test/faults/memory.mjs <minutes>) and watches the memory of the
 * process: after the first minutes it must not grow by 2 %. Linux only, for /proc.
 */
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const minutes = Number(process.argv[2] ?? 60);
/** Share of the time in which memory may still grow */
const beginning = Math.min(0.5, 5 / minutes);
const binary = fileURLToPath(new URL('../../bin/charnn.js', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'charnn-memory-'));
const lines = Array.from({ length: 30_000 }, (_, i) => `${i} green bottles, and ${i % 97} fell.\n`);
writeFileSync(join(folder, 'text.txt'), lines.join(''));

const child = spawn(
  process.execPath,
  [
    ...[binary, 'train', 'text.txt', '--time', `${minutes}m`, '--eval-every', '200'],
    ...['--hidden', '64', '--layers', '2', '--early-stop', '0', '--quiet'],
  ],
  { cwd: folder, stdio: ['ignore', 'inherit', 'inherit'] },
);
const started = performance.now();
const early = [];
const late = [];

function residentBytes() {
  const status = readFileSync(`/proc/${child.pid}/status`, 'latin1');
  return Number(/VmRSS:\s+(\d+) kB/.exec(status)?.[1]) * 1024;
}

/** The median of a while: between two collections of garbage memory goes up and down. */
const median = (list) => list.sort((a, b) => a - b)[list.length >> 1];

const timer = setInterval(() => {
  const share = (performance.now() - started) / 60_000 / minutes;
  const bytes = residentBytes();
  if (share > beginning && share < 2 * beginning) early.push(bytes);
  if (share > 1 - beginning && share < 1) late.push(bytes);
}, 1000);

child.on('close', (code) => {
  clearInterval(timer);
  rmSync(folder, { recursive: true });
  const [from, to] = [median(early), median(late)];
  const growth = to / from - 1;
  const megabytes = (bytes) => `${(bytes / 2 ** 20).toFixed(1)} MiB`;
  console.log(`${megabytes(from)} after the beginning, ${megabytes(to)} at the end`);
  console.log(`growth ${(100 * growth).toFixed(2)} %, exit code ${code}`);
  process.exitCode = code === 0 && growth < 0.02 ? 0 : 1;
});
