/**
 * Every command under limits of the system: of address space, of processes, of a control group's memory and
 * pids, and of V8's heap; each from where bare Node.js starts reliably. A command works, or says in a
 * sentence what it needs; and it ends, with no file half written.
 *
 *     node test/faults/limits-matrix.mjs [--only address,processes,pids,memory,heap] [--command sample]
 *                                        [--short] [--large] [--verbose]
 *
 * Prints each case that does not, and a summary. Processes and control groups are limited only for root on
 * Linux, control groups only where they can be made. `--large` has texts and models of some 50 MB, too.
 */
import { spawn, spawnSync } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmdirSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { folderOfProcess } from '../temporary-folder.mjs';

const { values: given } = parseArgs({
  options: {
    only: { type: 'string' },
    command: { type: 'string' },
    short: { type: 'boolean', default: false },
    large: { type: 'boolean', default: false },
    verbose: { type: 'boolean', default: false },
  },
});
const binary = fileURLToPath(new URL('../../bin/charnn.js', import.meta.url));
const node = process.execPath;
const folder = folderOfProcess('charnn-limits-');
chmodSync(folder, 0o777);

/** What is still at work then is interrupted, and has to end. */
const patienceMs = given.large ? 30_000 : 20_000;
/** What has no end of its own, or a late one, is interrupted soon. */
const lasting = new Set(['serve', 'search']);
const shortPatienceMs = 5_000;
const endMs = 60_000;

// --- the files that the commands work on ---

const write = (name, content) => writeFileSync(join(folder, name), content);
const charnn = (...args) => {
  const { status, stderr } = spawnSync(node, [binary, ...args], { cwd: folder, encoding: 'utf8' });
  if (status !== 0) throw new Error(`charnn ${args.join(' ')}: ${stderr}`);
};
const verse = (i) => `${i} green bottles hanging on the wall, and if ${i % 7} should fall.\n`;
const verses = (count) => Array.from({ length: count }, (_, i) => verse(i)).join('');
const tiny = ['--hidden', '8', '--embedding', '4', '--steps', '4', '--quiet'];

write('text.txt', verses(300));
write('lines.txt', verses(1500));
const short = ['--seq-length', '8', ...tiny];
charnn('train', 'text.txt', ...short, '--threads', '1', '-o', 'model.json');
charnn('train', 'text.txt', ...short, '--threads', '1', '--unit', 'byte', '-o', 'bytes.json');
write('pairs.tsv', Array.from({ length: 300 }, (_, i) => `${i}\t${i * 7}\n`).join(''));
charnn('train', 'pairs.tsv', '--pairs', ...tiny, '--threads', '1', '-o', 'pairs.json');
charnn('export', 'model.json', '-q', '-o', 'given.safetensors');
charnn('export', 'model.json', '-q', '-o', 'given.onnx');
write('text.cz', '');
spawnSync('sh', ['-c', `"${node}" "${binary}" compress -q text.txt > text.cz`], { cwd: folder });

const eight = ['--threads', '8'];
const training = ['--batch-size', '8', ...short, ...eight];
const all = {
  version: [['--version']],
  help: [['train', '--help']],
  train: [
    ['train', 'text.txt', ...training, '-o', 'new.json'],
    ['train', 'text.txt', ...training, '--init-from', 'model.json', '-o', 'tuned.json'],
    ['train', 'text.txt', '--steps', '2', '-q', '-o', 'usual.json'],
    ['train', '--resume', '-o', 'model.json', '--steps', '6', '-q'],
    ['train', 'pairs.tsv', '--pairs', '--batch-size', '8', ...tiny, ...eight, '-o', 'new.json'],
  ],
  convert: [
    ['convert', '-m', 'pairs.json', 'pairs.tsv', ...eight],
    ['convert', '-m', 'pairs.json', 'pairs.tsv', '--n-best', '4', '--scores', '--backend', 'wasm'],
  ],
  search: [['search', 'text.txt', '--hidden', '8', '--time', '9s', '-q', '-f', '-o', 'found.json']],
  cells: [['cells'], ['cells', 'check', 'mgu', '--hidden', '8', ...eight]],
  completion: [['completion', 'bash']],
  publish: [
    ['publish', 'model.json', '-q', '-o', 'page.html'],
    ['publish', 'pairs.json', '-q', '-o', 'pairs.html'],
    ['publish', 'model.json', '--weights', 'int8', '--eval', 'text.txt', '-o', 'page.html'],
  ],
  serve: [['serve', 'model.json', '--port', '0']],
  exchange: [
    ['export', 'model.json', '-q', '-o', 'out.safetensors'],
    ['export', 'model.json', '-q', '-o', 'out.onnx'],
    ['import', 'given.safetensors', '-q', '-f', '-o', 'imported.json'],
  ],
  sample: [
    ['sample', '-m', 'model.json', '-l', '100'],
    ['sample', '-m', 'model.json', '-n', '60', '-l', '9', ...eight],
    ['sample', '-m', 'model.json', '--beam', '4', '-l', '20'],
    ['sample', '-m', 'model.json', '-n', '5', '-l', '9', '--novel', 'text.txt'],
    ['sample', '-m', 'model.json', '-l', '20', '--match', '[a-z ]+', '--backend', 'wasm'],
  ],
  eval: [
    ['eval', '-m', 'model.json', 'text.txt'],
    ['eval', '-m', 'model.json', 'text.txt', '--dynamic', '--backend', 'reference'],
    ['eval', '-m', 'pairs.json', 'pairs.tsv'],
  ],
  score: [
    ['score', '-m', 'model.json', 'lines.txt', ...eight],
    ['score', '-m', 'model.json', 'text.txt', '--total'],
    ['score', '-m', 'model.json', 'lines.txt', '--top', '3', '--window', '9', ...eight],
    ['score', '-m', 'model.json', 'text.txt', '--threshold', '50%', '--calibrate', 'lines.txt'],
  ],
  which: [['which', 'model.json', 'bytes.json', '--text', 'lines.txt', ...eight]],
  compress: [
    ['compress', 'text.txt', ...eight],
    ['compress', '-m', 'bytes.json', 'text.txt'],
  ],
  decompress: [['decompress', 'text.cz']],
  inspect: [['inspect', 'model.json', '--json']],
  report: [['report', 'model.json', '-o', 'report.html']],
  visualize: [['visualize', '-m', 'model.json', 'text.txt', '-o', 'units.html']],
  gradients: [['gradients', '-m', 'model.json', 'text.txt', '-o', 'gradients.html']],
  novelty: [['novelty', '--corpus', 'text.txt', 'lines.txt']],
  bench: [['bench', '--hidden', '8', '--batch-size', '8', '--iterations', '2', ...eight]],
};

if (given.large) {
  write('large.txt', verses(800_000));
  const wide = ['--hidden', '1536', '--layers', '2', '--batch-size', '1', '--seq-length', '4'];
  charnn('train', 'text.txt', ...wide, '--steps', '1', '--threads', '2', '-q', '-o', 'wide.json');
  all.train.push(
    ['train', 'large.txt', '--steps', '20', '-q', '-o', 'large.json'],
    ['train', 'large.txt', '--hidden', '2048', '--layers', '3', '-q', '-o', 'larger.json'],
    ['train', 'large.txt', '--init-from', 'wide.json', '--steps', '2', '-q', '-o', 'wider.json'],
  );
  all.sample.push(
    ['sample', '-m', 'wide.json', '-l', '100'],
    ['sample', '-m', 'wide.json', '-n', '1000', '-l', '9', ...eight],
    ['sample', '-m', 'model.json', '-n', '5', '-l', '9', '--novel', 'large.txt'],
  );
  all.eval.push(
    ['eval', '-m', 'model.json', 'large.txt'],
    ['eval', '-m', 'wide.json', 'large.txt'],
  );
  all.score.push(['score', '-m', 'wide.json', 'lines.txt', ...eight]);
  all.which.push(['which', 'wide.json', 'wide.json', 'wide.json', '--text', 'text.txt']);
  all.compress.push(['compress', 'large.txt'], ['compress', '-m', 'wide.json', 'text.txt']);
  all.decompress.push(['decompress', 'large.txt']);
  all.inspect.push(['inspect', 'wide.json']);
  all.visualize.push(['visualize', '-m', 'wide.json', 'text.txt', '-o', 'wide.html']);
  all.gradients.push(['gradients', '-m', 'wide.json', 'text.txt']);
  all.novelty.push(['novelty', '--corpus', 'large.txt', 'large.txt']);
}
/** Of the short form */
const few = new Set(['train', 'sample', 'score', 'compress']);
const lines = Object.entries(all)
  .filter(([name]) => given.command === undefined || given.command.split(',').includes(name))
  .flatMap(([name, list]) => (given.short ? list.slice(0, Number(few.has(name))) : list));

// --- the limits ---

const isRoot = process.getuid?.() === 0;
const has = (...tools) => tools.every((tool) => spawnSync(tool, ['--version']).status === 0);
const shell = (script) => (args) => ['sh', '-c', `${script}; exec "$@"`, 'sh', ...args];

function starts(wrap) {
  const [program, ...args] = wrap([node, '-e', '0']);
  return Array.from({ length: 4 }).every(
    () => spawnSync(program, args, { timeout: 20_000, killSignal: 'SIGKILL' }).status === 0,
  );
}

/** From the first of the steps on at which bare Node.js starts reliably. */
function fromWhereNodeStarts(steps, wrapFor) {
  const first = steps.findIndex((step) => starts(wrapFor(step)));
  return first < 0 ? [] : steps.slice(first);
}

const megabyte = 1024;
const asNobody = (limit) => (args) => [
  ...['setpriv', '--reuid=64123', '--regid=64123', '--clear-groups'],
  ...['prlimit', `--nproc=${limit}`, ...args],
];

/** A control group of version 1 or 2 for this run, or nothing where none can be made. */
function controlGroup(controller, files) {
  const name = `charnn-limits-${process.pid}`;
  for (const root of [`/sys/fs/cgroup/${controller}`, '/sys/fs/cgroup']) {
    const path = join(root, name);
    try {
      mkdirSync(path);
    } catch {
      continue;
    }
    const file = files.find((one) => existsSync(join(path, one)));
    process.on('exit', () => rmdirSync(path));
    if (file === undefined) continue;
    return (limit) => (args) =>
      shell(`echo ${limit} > ${path}/${file} && echo $$ > ${path}/cgroup.procs || exit 99`)(args);
  }
  return undefined;
}

const range = (from, to, step = 1) =>
  Array.from({ length: Math.floor((to - from) / step) + 1 }, (_, i) => from + i * step);

/** Of the limits of threads, from the least on */
const isChosen = (x, i) => (given.short ? i === 0 || x === 14 : i < 12 || x % 4 === 0);

const kinds = {
  address() {
    const wrap = (megabytes) => shell(`ulimit -v ${megabytes * megabyte}`);
    const steps = [...range(500, 800, 25), 850, 950, 1100, 1250];
    const more = [1300, 1350, 1400, 1500, 1700, 2000, 2500, 3000, 4000, 6000, 9000, 12_000];
    const found = fromWhereNodeStarts([...steps, ...more, 16_000, 20_000], wrap);
    return found
      .filter((x) => !given.short || x === found[0] || x === 1400 || x === 3000)
      .map((x) => [`${x} MB`, wrap(x)]);
  },
  processes() {
    if (!isRoot || !has('setpriv', 'prlimit') || !starts(asNobody(400))) return [];
    const found = fromWhereNodeStarts(range(4, 40), asNobody);
    return found.filter(isChosen).map((x) => [`${x}`, asNobody(x)]);
  },
  pids() {
    const wrap = isRoot ? controlGroup('pids', ['pids.max']) : undefined;
    if (wrap === undefined) return [];
    const found = fromWhereNodeStarts(range(4, 40), wrap);
    return found.filter(isChosen).map((x) => [`${x}`, wrap(x)]);
  },
  memory() {
    const files = ['memory.limit_in_bytes', 'memory.max'];
    const wrap = isRoot ? controlGroup('memory', files) : undefined;
    if (wrap === undefined) return [];
    const steps = given.short ? [256] : [256, 512, 1024, 2048];
    return steps.map((x) => [`${x} MB`, wrap(`${x}M`)]);
  },
  heap() {
    return [['64 MB', (args) => ['env', 'NODE_OPTIONS=--max-old-space-size=64', ...args]]];
  },
};

// --- running, and what must hold ---

function run(wrap, line) {
  const [program, ...args] = wrap([node, binary, ...line]);
  const started = performance.now();
  const { NODE_OPTIONS: _, FORCE_COLOR: __, ...env } = process.env;
  const child = spawn(program, args, {
    cwd: folder,
    env: { ...env, NO_COLOR: '1' },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let [bytes, stderr, interrupted] = [0, '', false];
  child.stdout.on('data', (chunk) => {
    bytes += chunk.length;
  });
  child.stderr.on('data', (chunk) => {
    stderr += chunk;
  });
  const patience = lasting.has(line[0]) ? shortPatienceMs : patienceMs;
  const impatience = setTimeout(() => {
    interrupted = true;
    child.kill('SIGINT');
  }, patience);
  const limit = setTimeout(() => child.kill('SIGKILL'), patience + endMs);
  return new Promise((done) => {
    child.on('close', (status, signal) => {
      clearTimeout(impatience);
      clearTimeout(limit);
      const seconds = (performance.now() - started) / 1000;
      done({ status, signal, bytes, stderr, interrupted, seconds });
    });
  });
}

const foreign = [
  /^\s+at .*:\d+/m,
  /^\w*Error\b/m,
  /internal error/,
  /^\(node:/m,
  /^node:/m,
  /FATAL|Fatal/,
  /Aborted/,
];

function complaints({ status, signal, stderr, interrupted }) {
  if (signal === 'SIGKILL') return [interrupted ? 'no end' : 'killed by the system'];
  if (interrupted) return [0, 130, 1].includes(status) || signal === 'SIGINT' ? [] : [`${status}`];
  const found = foreign.filter((pattern) => pattern.test(stderr)).map((x) => `${x} in its words`);
  if (signal !== null) found.push(`signal ${signal}`);
  else if (status !== 0 && status !== 1) found.push(`exit code ${status}`);
  if (status === 1 && !/(^|\n)charnn: [^\n]{20,}\n$/.test(stderr)) found.push('no sentence');
  return found;
}

const sources = new Set(readdirSync(folder));

function isWhole(name) {
  const bytes = readFileSync(join(folder, name));
  if (/\.(safetensors|onnx)$/.test(name)) {
    return bytes.equals(readFileSync(join(folder, name.replace(/.*\./, 'given.'))));
  }
  const end = bytes.subarray(-20).toString();
  return name.endsWith('.json')
    ? /\}\s*$/.test(end)
    : name.endsWith('.html') && /<\/html>\s*$/.test(end);
}

/** New files are whole ones; of those that were there none has changed but the resumed training's. */
function leftOver() {
  const found = [];
  for (const name of readdirSync(folder)) {
    if (sources.has(name)) continue;
    if (!isWhole(name)) found.push(`${name} is left over`);
    rmSync(join(folder, name), { recursive: true });
  }
  return found;
}

const kept = ['model.json', 'model.state.json'].map((name) => [
  name,
  readFileSync(join(folder, name)),
]);
let [cases, failures, refusals] = [0, 0, 0];
for (const [kind, limits] of Object.entries(kinds)) {
  if (given.only !== undefined && !given.only.split(',').includes(kind)) continue;
  const points = limits();
  if (points.length === 0) console.log(`${kind}: cannot be limited here`);
  else console.log(`${kind}: ${points.map(([limit]) => limit).join(', ')}`);
  for (const [limit, wrap] of points) {
    if (given.verbose) console.log(new Date().toISOString());
    for (const line of lines) {
      const outcome = await run(wrap, line);
      const found = [...complaints(outcome), ...leftOver()];
      for (const [name, content] of kept) {
        write(name, content);
        chmodSync(join(folder, name), 0o666);
      }
      cases++;
      if (outcome.status === 1) refusals++;
      if (found.length > 0) failures++;
      if (found.length === 0 && !given.verbose) continue;
      const { status, signal, seconds, stderr } = outcome;
      console.log(`${kind} ${limit}: charnn ${line.join(' ')}`);
      for (const one of found) console.log(`  ${one}`);
      console.log(`  ${status ?? signal}, ${seconds.toFixed(1)} s: ${stderr.slice(0, 500).trim()}`);
    }
  }
}
console.log(`${cases} cases, ${refusals} refused in a sentence: ${failures} failed`);
process.exitCode = failures > 0 ? 1 : 0;
