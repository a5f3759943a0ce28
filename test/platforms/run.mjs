/**
 * The packed package on the platforms that it brings an addon for:
 *
 *     npm run platforms [-- NAME ...] [--tarball FILE]
 *
 * It packs charnn, installs the tarball in an empty folder, and there, on each platform of `hosts.mjs`, trains a
 * small model, which has to say that it computes natively, and runs the whole table of kernel cases under plain
 * Node.js. WebAssembly has to compute the same bytes on all of them, in each of its variants, and takes over where
 * the addon is another platform's, cut off or empty. `files.mjs` looks into the addons themselves,
 * those of macOS and of Windows on arm64 included, which cannot be run here.
 */
import { createHash } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { build } from 'rolldown';
import { addressesFrom } from '../../dist/bundled-addresses.js';
import { makeFolder } from '../temporary-folder.mjs';
import { inspectAddons } from './files.mjs';
import { hosts } from './hosts.mjs';
import { installIn, pack, root } from './packed.mjs';
import { runToFile } from './processes.mjs';

const words = process.argv.slice(2);
const tarballAt = words.indexOf('--tarball');
const [, given] = tarballAt < 0 ? [] : words.splice(tarballAt, 2);
const unknown = words.find((word) => !hosts.some(({ name }) => name === word));
if (unknown !== undefined) {
  console.error(`${unknown} is not one of ${hosts.map(({ name }) => name).join(', ')}`);
  process.exit(2);
}
/** Binaries of other platforms stay for the next run. */
const programs = join(tmpdir(), 'charnn-platforms');
const maxTarballBytes = 2.5e6;
/** Where the table of kernel cases is put in the installed package */
const kernelTable = 'dist/bundle/kernel-table.mjs';
const folder = makeFolder('charnn with spaces and umlauts äöü-');
mkdirSync(programs, { recursive: true });
let failures = 0;

function fail(what) {
  failures++;
  console.log(`FAILED: ${what}`);
}

/** @returns the folder of the installed package, with the table of kernel cases in it */
async function install() {
  const tarball = given === undefined ? pack(folder) : resolve(given);
  const bytes = readFileSync(tarball).length;
  console.log(`tarball: ${bytes} bytes`);
  if (bytes > maxTarballBytes) fail(`the tarball has more than ${maxTarballBytes} bytes`);
  const installed = installIn(join(folder, 'application'), tarball);
  await build({
    input: join(root, 'test/platforms/kernel-table.ts'),
    platform: 'node',
    resolve: { alias: { '#charnn': join(root, 'dist') } },
    external: ['rolldown', 'node-api-headers'],
    logLevel: 'warn',
    // the modules of the checkout, with the addons and WebAssembly of the package
    plugins: [addressesFrom(join(root, 'dist/'))],
    output: { file: join(installed, kernelTable), format: 'es' },
  });
  return installed;
}

const text = join(folder, 'text.txt');
writeFileSync(text, 'The quick brown fox jumps over the lazy dog.\n'.repeat(100));
const small = ['--steps', '6', '--hidden', '16', '--batch-size', '4', '--seq-length', '8'];

function sha256(file) {
  return createHash('sha256').update(readFileSync(file)).digest('hex');
}

/** Trains on a host, with words for its program and for charnn; returns what was said and the model's hash. */
function train(host, installed, { flags = [], options = [] } = {}) {
  const place = join(folder, host.name);
  const output = runToFile(
    host.command,
    [
      ...[...host.words, ...flags, join(installed, 'bin/charnn.js'), 'train', '../text.txt'],
      ...[...small, '--threads', '2', '--force', '-o', 'model.json', ...options],
    ],
    { folder: place, env: host.env },
  );
  return { output, model: sha256(join(place, 'model.json')) };
}

function kernels(host, installed) {
  const output = runToFile(host.command, [...host.words, join(installed, kernelTable)], {
    folder: join(folder, host.name),
    env: host.env,
  });
  return output
    .split(/\r?\n/)
    .filter((line) => line.startsWith('{'))
    .map((line) => JSON.parse(line));
}

/** What each host computed in WebAssembly, by what was computed */
const hashes = new Map();

function compare(what, hash, where) {
  const [known, there] = hashes.get(what) ?? [hash, where];
  hashes.set(what, [known, there]);
  if (known !== hash) fail(`${what} gives other bytes on ${where} than on ${there}`);
}

/**
 * WebAssembly's standard leaves to the engine whether relaxed multiply-adds are fused: V8 does it where the processor
 * can, Bun's does not. Its bytes are compared among hosts of the same engine.
 */
function computedBy(name, host) {
  return name.includes('relaxed') && host.name === 'bun' ? `${name} in Bun` : name;
}

/** What charnn says that it computes with */
function backendIn(output) {
  const [name] = /(?:native|wasm|reference)(?: \(\w+\))?(?=\s*$)/m.exec(output) ?? ['nothing'];
  return name;
}

function check(host, installed) {
  const { output } = train(host, installed);
  const name = backendIn(output);
  console.log(`${host.name}: charnn train says ${name}`);
  if (!name.startsWith('native')) fail(`${host.name} does not compute natively:\n${output}`);
  const plain = train(host, installed, { options: ['--backend', 'wasm'] });
  compare('a model trained with wasm', plain.model, host.name);
  checkWithoutAddon(host, installed);
  for (const { name, cases, problems, sha256: hash } of kernels(host, installed)) {
    console.log(`${host.name}: ${name}, ${cases} kernel cases, ${problems.length} of them wrong`);
    for (const problem of problems) fail(`${host.name}, ${name}: ${problem}`);
    if (name.startsWith('wasm')) compare(computedBy(name, host), hash, host.name);
  }
}

/** With what is no addon of the platform in its place: a true sentence, and WebAssembly goes on. */
function checkWithoutAddon(host, installed) {
  const prebuilt = join(installed, 'dist/backend/kernels/prebuilt');
  const path = join(prebuilt, host.addon);
  const own = readFileSync(path);
  const others = readdirSync(prebuilt).filter(
    (name) => /\.node$/.test(name) && name !== host.addon,
  );
  const platform = (name) => name.replace('.node', '');
  const replacements = [
    ...others.map((name) => [
      readFileSync(join(prebuilt, name)),
      `was made for ${platform(name)}, not for ${platform(host.addon)}`,
    ]),
    [Buffer.alloc(0), 'is empty'],
    [own.subarray(0, 5000), `is cut off, at 5000 of ${own.length} bytes`],
    [own.subarray(0, -1), `is cut off, at ${own.length - 1} of ${own.length} bytes`],
  ];
  try {
    for (const [bytes, sentence] of replacements) {
      writeFileSync(path, bytes);
      const { output, model } = train(host, installed, { flags: host.relaxed });
      const name = backendIn(output);
      if (!output.includes(sentence) || !name.startsWith('wasm')) {
        fail(`${host.name}: not "${sentence}" and WebAssembly, but:\n${output}`);
      }
      compare(`a model trained with ${computedBy(name, host)}`, model, host.name);
      if (sentence === 'is empty') console.log(`${host.name}: without its addon, ${name}`);
    }
    console.log(`${host.name}: ${replacements.length} files that are not its addon, each told`);
  } finally {
    writeFileSync(path, own);
  }
}

try {
  const installed = await install();
  inspectAddons(join(installed, 'dist/backend/kernels/prebuilt'), fail);
  for (const host of hosts.filter(({ name }) => words.length === 0 || words.includes(name))) {
    const missing = host.missing();
    if (missing !== undefined) {
      console.log(`${host.name}: not run, there is no ${missing}`);
      continue;
    }
    try {
      check({ ...host, ...host.start(programs) }, installed);
    } catch (error) {
      fail(`${host.name}: ${error.message}`);
    }
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}
console.log(failures === 0 ? 'all went well' : `${failures} failures`);
process.exitCode = failures === 0 ? 0 : 1;
