/**
 * The real binary with command lines that nobody meant, one process each, in a folder of all sorts of
 * files and beside another one. Each must end in time, with a documented exit code, in words of ours,
 * within a gigabyte of memory, and must leave every file alone that it was not told to write.
 *
 *     node test/faults/command-lines.mjs --cases 10000 --seed 1 --from 0
 *
 * Prints each case that does not, by the number that `--from` begins with, and a summary.
 */
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  cpSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  realpathSync,
  rmSync,
} from 'node:fs';
import { dirname, join, parse, relative, resolve } from 'node:path';
import { isDeepStrictEqual, parseArgs } from 'node:util';
import { statePath } from '#charnn/checkpoint/state-file.js';
import { exitCode } from '#charnn/errors.js';
import { folderOfProcess } from '../temporary-folder.mjs';
import { binary, caseOf, makeFiles } from './lines.mjs';

/** What may have no end of its own is interrupted. */
const endless = new Set(['train', 'sample', 'bench', 'search', 'serve']);
const patienceMs = 3_000;
const limitMs = 120_000;
const largestKb = 2 ** 20;

/** Says at its end, on a channel of its own, how much memory a process has taken. */
const preload = `data:text/javascript,${encodeURIComponent(`
  import { writeSync } from 'node:fs';
  import { isMainThread } from 'node:worker_threads';
  if (isMainThread) process.on('exit', () => writeSync(3, String(process.resourceUsage().maxRSS)));
`)}`;

const { values: given } = parseArgs({
  options: {
    cases: { type: 'string', default: '300' },
    seed: { type: 'string', default: '1' },
    from: { type: 'string', default: '0' },
    verbose: { type: 'boolean', default: false },
  },
});
const [cases, seed, from] = [given.cases, given.seed, given.from].map(Number);

const scratch = folderOfProcess('charnn lines ');
const template = join(scratch, 'template');
mkdirSync(template);
makeFiles(template);

/** Every path below a folder, with its contents: a hash, or where a link leads. */
function snapshot(folder) {
  const seen = new Map();
  for (const name of readdirSync(folder, { recursive: true })) {
    const path = join(folder, name);
    const stats = lstatSync(path);
    if (stats.isSymbolicLink()) seen.set(name, `-> ${readlinkSync(path)}`);
    else if (stats.isFile())
      seen.set(name, createHash('sha256').update(readFileSync(path)).digest('hex'));
    else seen.set(name, 'a folder');
  }
  return seen;
}

const pristine = snapshot(template);

/** The most that a process has taken so far, in kilobytes: what a signal ends says nothing at its end. */
function memoryOf(pid) {
  try {
    const status = readFileSync(`/proc/${pid}/status`, 'latin1');
    return Number(/^VmHWM:\s*(\d+)/m.exec(status)?.[1]);
  } catch {
    // there is no /proc, or no such process any more
    return Number.NaN;
  }
}

function run(folder, { words, stdin }) {
  const started = performance.now();
  const command = [process.execPath, `--import=${preload}`, binary, ...words];
  // only a shell can close it
  const closing = ['sh', '-c', 'exec "$@" <&-', 'sh'];
  const [program, ...args] = stdin === undefined ? [...closing, ...command] : command;
  const { NODE_OPTIONS: _, FORCE_COLOR: __, ...env } = process.env;
  const child = spawn(program, args, {
    cwd: folder,
    env: { ...env, HOME: folder, NO_COLOR: '1' },
    stdio: ['pipe', 'pipe', 'pipe', 'pipe'],
  });
  const texts = [1, 2, 3].map((channel) => {
    const text = { bytes: 0, start: '' };
    child.stdio[channel].on('data', (chunk) => {
      if (text.bytes < 1e6) text.start += chunk;
      text.bytes += chunk.length;
    });
    return text;
  });
  child.stdin.on('error', () => {});
  child.stdin.end(stdin);
  let interrupted = false;
  let kbSeen = Number.NaN;
  const interrupt = () => {
    interrupted = true;
    kbSeen = memoryOf(child.pid);
    child.kill('SIGINT');
  };
  const impatience = endless.has(words[0]) ? setTimeout(interrupt, patienceMs) : undefined;
  const limit = setTimeout(() => child.kill('SIGKILL'), limitMs);
  return new Promise((done) => {
    child.on('close', (status, signal) => {
      clearTimeout(impatience);
      clearTimeout(limit);
      const [stdout, stderr, memory] = texts.map(({ start }) => start);
      const seconds = (performance.now() - started) / 1000;
      done({ status, signal, stdout, stderr, kb: Number(memory || kbSeen), interrupted, seconds });
    });
  });
}

// --- what must hold ---

const documented = new Set(Object.values(exitCode));
const foreign = [
  /^\s+at .*:\d+/m,
  /^\w*Error\b/m,
  /internal error/,
  /^\(node:/m,
  /^node:/m,
  /\[object /,
];

function complaints(words, { status, signal, stderr, kb, interrupted }) {
  const found = [];
  if (signal === 'SIGKILL') return [`no end within ${limitMs / 1000} s`];
  // as a shell has it
  const code = interrupted && signal === 'SIGINT' ? exitCode.interrupted : status;
  if (!documented.has(code)) found.push(`exit code ${code}, signal ${signal}`);
  if (code === exitCode.interrupted && !interrupted)
    found.push('an interruption that nobody asked for');
  const strange = words.includes('--debug') ? [/internal error/] : foreign;
  for (const pattern of strange) if (pattern.test(stderr)) found.push(`${pattern} in its words`);
  const errors = stderr.match(/^charnn: /gm)?.length ?? 0;
  const failed = code >= 1 && code <= 3;
  const isHelp = code === exitCode.usage && stderr.startsWith('Usage: charnn');
  // what was interrupted may just have said why it fails
  if (signal === null && errors !== Number(failed && !isHelp))
    found.push(`exit code ${code} with ${errors} errors`);
  if (failed && !isHelp && !words.includes('--debug') && !/(^|\n)charnn: [^\n]+\n$/.test(stderr)) {
    found.push('its error is not its last line');
  }
  if (signal === null && !(kb > 0)) found.push('no word of its memory');
  if (kb > largestKb) found.push(`${Math.round(kb / 1024)} MiB of memory`);
  return found;
}

/** What a line says is to be written; more than the program will take for it is no harm. */
function outputsOf(words) {
  const named = words.flatMap((word, i) => {
    if (word === '-o' || word === '--output') return words.slice(i + 1, i + 2);
    return word.match(/^(?:--output=|-[a-z0]*?o)(.+)$/s)?.slice(1) ?? [];
  });
  // the name of what is read, with another ending, in the folder that charnn runs in
  const renamed = (...endings) =>
    [
      'charnn',
      ...words.slice(1).map((word) => parse(word.replace(/^-m|^--model=/, '')).name),
    ].flatMap((name) => endings.map((ending) => name + ending));
  const usual = {
    train: ['charnn.json'],
    visualize: ['charnn.html'],
    lecture: ['lecture.html'],
    report: ['report.html'],
    publish: ['page.html'],
    export: renamed('.safetensors', '.onnx'),
    import: renamed('.json'),
    // these write a file only where they are told its name
    gradients: [],
    search: [],
  };
  if (!Object.hasOwn(usual, words[0])) return [];
  named.push(...usual[words[0]]);
  return words[0] === 'train' ? named.flatMap((path) => [path, statePath(path)]) : named;
}

function realPath(path) {
  try {
    return realpathSync(path);
  } catch {
    try {
      return resolve(dirname(path), readlinkSync(path));
    } catch {
      return resolve(path);
    }
  }
}

function touched(work, words) {
  const found = [];
  const outputs = new Set(
    outputsOf(words).map((path) => relative(work, realPath(resolve(work, path)))),
  );
  const mayReplace = words.some((word) => /^(--force|--resume|-q?f)/.test(word));
  const after = snapshot(work);
  for (const [name, content] of after) {
    if (pristine.get(name) === content) continue;
    if (!outputs.has(name)) found.push(`${JSON.stringify(name)} was not to be written`);
    else if (pristine.has(name) && words[0] === 'train' && !mayReplace) {
      found.push(`${JSON.stringify(name)} was replaced without --force`);
    } else if (pristine.has(name) && !/\.html?$/i.test(name) && !replaceable(name)) {
      found.push(`${JSON.stringify(name)} is not charnn's, and was replaced`);
    }
  }
  for (const name of pristine.keys()) {
    if (!after.has(name)) found.push(`${JSON.stringify(name)} is gone`);
  }
  return found;
}

/** A file of charnn's, or one without anything in it. */
function replaceable(name) {
  const content = readFileSync(join(template, name), 'latin1');
  return content === '' || /^\{\s*"format":\s*"charnn/.test(content);
}

const work = join(scratch, 'work');
const bait = join(scratch, 'bait');

function restore() {
  for (const folder of [work, bait]) {
    rmSync(folder, { recursive: true, force: true });
    cpSync(template, folder, { recursive: true, verbatimSymlinks: true });
  }
}

/** What has changed outside the folder that the line was run in. */
function touchedBeside() {
  const names = readdirSync(scratch).sort().join();
  const isWhole = names === 'bait,template,work' && isDeepStrictEqual(snapshot(bait), pristine);
  return isWhole ? [] : ['something beside the folder was written'];
}

let failures = 0;
let mostKb = 0;
let longest = 0;
const codes = new Map();
const began = performance.now();
restore();
for (let number = from; number < from + cases; number++) {
  const one = caseOf(seed * 1_000_000 + number);
  const outcome = await run(work, one);
  const found = [
    ...complaints(one.words, outcome),
    ...touched(work, one.words),
    ...touchedBeside(),
  ];
  if (found.length > 0 || given.verbose) {
    console.log(`case ${number}: charnn ${JSON.stringify(one.words)}`);
    const { status, signal, seconds, stderr } = outcome;
    const end = `${status ?? signal}, ${seconds.toFixed(1)} s: ${JSON.stringify(stderr.slice(0, 600))}`;
    for (const line of [...found, end]) console.log(`  ${line}`);
  }
  if (found.length > 0) failures++;
  const code = outcome.interrupted ? 'interrupted' : outcome.status;
  codes.set(code, (codes.get(code) ?? 0) + 1);
  mostKb = Math.max(mostKb, outcome.kb || 0);
  longest = Math.max(longest, outcome.seconds);
  if (found.length > 0 || !isDeepStrictEqual(snapshot(work), pristine)) restore();
}
const seconds = Math.round((performance.now() - began) / 1000);
const ends = [...codes]
  .sort()
  .map(([code, count]) => `${code}: ${count}`)
  .join(', ');
console.log(
  `${cases} command lines from ${from} (seed ${seed}) in ${seconds} s: ${failures} failed; exit codes ${ends}; at most ${Math.round(mostKb / 1024)} MiB, the longest ${longest.toFixed(1)} s`,
);
process.exitCode = failures > 0 ? 1 : 0;
