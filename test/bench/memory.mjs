/**
 * The memory that a training takes in float32 and in bfloat16: the peak of its resident memory, less that of a process
 * in which charnn is loaded and does nothing.
 *
 *     node test/bench/memory.mjs TEXT [--layers 3] [--hidden 768] [--steps 6] [-- options of charnn train]
 *
 * The batches are those of size large. Each case is trained once in each precision, for so few steps that only memory is measured. Options after `--` replace
 * the cases of the table.
 */
import { spawnSync } from 'node:child_process';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { makeFolder } from '../temporary-folder.mjs';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    layers: { type: 'string', default: '3' },
    hidden: { type: 'string', default: '768' },
    steps: { type: 'string', default: '6' },
  },
});
const [text, ...given] = positionals;
const cases = given.length > 0 ? { given } : usualCases();

/** What a training has by default, with what takes memory added or left out */
function usualCases() {
  const rarely = ['--eval-every', '3'];
  const always = ['--eval-every', '1'];
  const adam = ['--optimizer', 'adam', '--dropout', '0', '--average', '0', '--counts', '0'];
  const everything = ['--layer-norm', '--dropout', '0.2'];
  return {
    'by default, 1 thread': ['--threads', '1', ...rarely],
    'by default, 2 threads': ['--threads', '2', ...rarely],
    'by default, 2 threads, validated at every step': ['--threads', '2', ...always],
    'layer normalisation and dropout, 1 thread': ['--threads', '1', ...everything, ...rarely],
    'layer normalisation and dropout, 2 threads': ['--threads', '2', ...everything, ...rarely],
    'Adam alone, 1 thread': ['--threads', '1', ...adam, ...rarely],
    'Adam alone, 2 threads': ['--threads', '2', ...adam, ...rarely],
    'Adam alone, 2 threads, validated at every step': ['--threads', '2', ...adam, ...always],
  };
}

const root = fileURLToPath(new URL('../../', import.meta.url));
const folder = makeFolder('charnn-memory-');
const peak = join(folder, 'peak');
// writes the peak of the process, in kilobytes, at its end
const report = `data:text/javascript,${encodeURIComponent(`
  import { writeFileSync } from 'node:fs';
  import { isMainThread } from 'node:worker_threads';
  if (isMainThread) {
    process.on('exit', () => writeFileSync(${JSON.stringify(peak)}, String(process.resourceUsage().maxRSS)));
  }`)}`;

/** Peak of the resident memory of a Node.js process, in MB */
function peakOf(args) {
  const { status, stderr } = spawnSync(process.execPath, ['--import', report, ...args], {
    ...{ cwd: folder, encoding: 'utf8', maxBuffer: 1 << 28 },
  });
  if (status !== 0) throw new Error(`exit code ${status}: ${stderr}`);
  return (Number(readFileSync(peak, 'utf8')) * 1024) / 1e6;
}

function trainingPeak(options, precision) {
  const shape = [
    '--cell',
    'lstm',
    '--size',
    'large',
    '--layers',
    values.layers,
    '--hidden',
    values.hidden,
  ];
  return peakOf([
    ...[join(root, 'bin/charnn.js'), 'train', 'text.txt', '--force', '--output', 'model.json'],
    ...[...shape, '--steps', values.steps, '--precision', precision, ...options],
  ]);
}

try {
  writeFileSync(join(folder, 'text.txt'), readFileSync(text));
  writeFileSync(
    join(folder, 'idle.mjs'),
    `await import(${JSON.stringify(join(root, 'dist/index.js'))});`,
  );
  const base = peakOf([join(folder, 'idle.mjs')]);
  console.log(
    `charnn loaded: ${base.toFixed(0)} MB; ${values.layers} × ${values.hidden}, MB beyond that`,
  );
  console.log('| | f32 | bf16 | ratio |\n|-|-|-|-|');
  for (const [name, options] of Object.entries(cases)) {
    const [full, half] = ['f32', 'bf16'].map(
      (precision) => trainingPeak(options, precision) - base,
    );
    const cells = [name, full.toFixed(0), half.toFixed(0), (half / full).toFixed(3)];
    console.log(`| ${cells.join(' | ')} |`);
  }
} finally {
  rmSync(folder, { recursive: true });
}
