/**
 * The packed package on the platforms that it brings an addon for:
 *
 *     npm run platforms [-- NAME ...] [--tarball FILE]
 *
 * It packs charnn, installs the tarball in an empty folder, and there, on each platform of `hosts.mjs`, trains a
 * small model, which has to say that it computes natively, and runs the whole table of kernel cases under plain
 * Node.js. WebAssembly has to compute the same bytes on all of them. `files.mjs` looks into the addons themselves,
 * those of macOS and of Windows on arm64 included, which cannot be run here.
 */
import { createHash } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'rolldown';
import { makeFolder } from '../temporary-folder.mjs';
import { inspectAddons } from './files.mjs';
import { hosts } from './hosts.mjs';
import { run, runToFile } from './processes.mjs';

const root = fileURLToPath(new URL('../..', import.meta.url));
const words = process.argv.slice(2);
const tarballAt = words.indexOf('--tarball');
const [, given] = tarballAt < 0 ? [] : words.splice(tarballAt, 2);
const unknown = words.find((word) => !hosts.some(({ name }) => name === word));
if (unknown !== undefined) {
  console.error(`${unknown} is none of ${hosts.map(({ name }) => name).join(', ')}`);
  process.exit(2);
}
/** Binaries of other platforms stay for the next run. */
const programs = join(tmpdir(), 'charnn-platforms');
const maxTarballBytes = 2.5e6;
const folder = makeFolder('charnn with spaces and umlauts äöü-');
mkdirSync(programs, { recursive: true });
let failures = 0;

function fail(what) {
  failures++;
  console.log(`FAILED: ${what}`);
}

/** @returns the folder of the installed package */
async function install() {
  const tarball = given === undefined ? pack() : resolve(given);
  const bytes = readFileSync(tarball).length;
  console.log(`tarball: ${bytes} bytes`);
  if (bytes > maxTarballBytes) fail(`the tarball has more than ${maxTarballBytes} bytes`);
  const application = join(folder, 'application');
  mkdirSync(application);
  writeFileSync(join(application, 'package.json'), '{ "private": true }');
  run('npm', ['install', '--no-audit', '--no-fund', '--ignore-scripts', tarball], {
    cwd: application,
  });
  const installed = join(application, 'node_modules/charnn');
  await build({
    input: join(root, 'test/platforms/kernel-table.ts'),
    platform: 'node',
    external: [/^#charnn\//],
    logLevel: 'warn',
    output: { file: join(installed, 'kernel-table.mjs'), format: 'es' },
  });
  return installed;
}

function pack() {
  run('npm', ['pack', '--silent', '--pack-destination', folder], { cwd: root });
  return join(
    folder,
    readdirSync(folder).find((file) => file.endsWith('.tgz')),
  );
}

const text = join(folder, 'text.txt');
writeFileSync(text, 'The quick brown fox jumps over the lazy dog.\n'.repeat(100));
const small = ['--steps', '6', '--hidden', '16', '--batch-size', '4', '--seq-length', '8'];

function sha256(file) {
  return createHash('sha256').update(readFileSync(file)).digest('hex');
}

/** Trains on a host; returns what was said and the model's hash. */
function train(host, installed, ...more) {
  const place = join(folder, host.name);
  const model = `model${more.join('')}.json`;
  const output = runToFile(
    host.command,
    [
      ...[...host.words, join(installed, 'bin/charnn.js'), 'train', '../text.txt'],
      ...[...small, '--threads', '2', '--force', '-o', model, ...more],
    ],
    { folder: place, env: host.env },
  );
  return { output, model: sha256(join(place, model)) };
}

function kernels(host, installed) {
  const output = runToFile(host.command, [...host.words, join(installed, 'kernel-table.mjs')], {
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

function check(host, installed) {
  const { output } = train(host, installed);
  const [name] = /(?:native|wasm|reference)(?: \(\w+\))?(?=\s*$)/m.exec(output) ?? ['nothing'];
  console.log(`${host.name}: charnn train says ${name}`);
  if (!name.startsWith('native')) fail(`${host.name} does not compute natively:\n${output}`);
  compare(
    'a model trained with wasm',
    train(host, installed, '--backend', 'wasm').model,
    host.name,
  );
  for (const { name, cases, problems, sha256: hash } of kernels(host, installed)) {
    console.log(`${host.name}: ${name}, ${cases} kernel cases, ${problems.length} of them wrong`);
    for (const problem of problems) fail(`${host.name}, ${name}: ${problem}`);
    if (name.startsWith('wasm')) compare(name, hash, host.name);
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
