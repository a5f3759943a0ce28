/**
 * The packed package, installed by each of the usual installers, as a dependency and as a global command:
 *
 *     node test/platforms/installers.mjs [NAME ...] [--tarball FILE]
 *
 * The installers come from npm. With each, a project gets charnn, is installed once more without a network from
 * what was downloaded, and trains a small model, which has to say that it computes natively, also by the library;
 * then the same for a global command. Where Linux lets this process take the network away (`unshare --net`), it is
 * taken away from all but the download.
 */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join, resolve } from 'node:path';
import { pack } from './packed.mjs';
import { run } from './processes.mjs';

const folder = mkdtempSync(join(tmpdir(), 'charnn installed-'));
const text = join(folder, 'text.txt');
writeFileSync(text, 'The quick brown fox jumps over the lazy dog.\n'.repeat(100));
const training = ['train', text, '--steps', '4', '--hidden', '16', '--batch-size', '4'];
const sizes = ['--seq-length', '8', '--force'];
const library = `
import { Corpus, train } from 'charnn';
const corpus = await Corpus.from('the quick brown fox '.repeat(50));
const model = await train(corpus, { steps: 2, hidden: 8, batchSize: 2, seqLength: 8 });
console.log(model.backend);
await model.close();
`;

/**
 * For each installer: its package; in a project: the words that install all of it, and once more without a network,
 * with the words that run a command of it and its Node.js; for a global command: the words, the variables that say
 * where it goes, and the folder of commands. Each has its cache in a folder of its own.
 */
const installers = {
  npm: {
    package: 'npm@11',
    command: 'npm',
    variables: (home) => ({ npm_config_cache: join(home, 'cache') }),
    install: (tarball) => ['install', '--no-audit', '--no-fund', tarball],
    again: ['ci', '--offline', '--no-audit', '--no-fund'],
    exec: ['exec', '--offline', '--'],
    global: (tarball, home) => ({
      words: ['install', '--global', '--prefix', join(home, 'global'), tarball],
      commands: join(home, 'global/bin'),
    }),
  },
  pnpm: {
    package: 'pnpm@10',
    command: 'pnpm',
    variables: (home) => ({
      PNPM_HOME: join(home, 'global'),
      npm_config_store_dir: join(home, 'store'),
      npm_config_cache_dir: join(home, 'cache'),
      npm_config_state_dir: join(home, 'state'),
    }),
    install: (tarball) => ['add', tarball],
    again: ['install', '--offline', '--frozen-lockfile'],
    exec: ['exec'],
    global: (tarball, home) => ({
      words: ['add', '--global', tarball],
      commands: join(home, 'global'),
    }),
  },
  'yarn 1': {
    package: 'yarn@1.22.22',
    command: 'yarn',
    variables: (home) => ({ YARN_CACHE_FOLDER: join(home, 'cache') }),
    install: (tarball) => ['add', tarball],
    again: ['install', '--offline'],
    exec: ['run', '--silent'],
    global: (tarball, home) => ({
      words: [
        ...['global', 'add', tarball, '--prefix', join(home, 'global')],
        ...['--global-folder', join(home, 'packages')],
      ],
      commands: join(home, 'global/bin'),
    }),
  },
  // it unpacks no dependency, but those with addons; it has no global commands
  'yarn 4': {
    package: '@yarnpkg/cli-dist@4',
    command: 'yarn',
    variables: (home) => ({
      YARN_GLOBAL_FOLDER: join(home, 'global'),
      YARN_ENABLE_TELEMETRY: '0',
      YARN_ENABLE_IMMUTABLE_INSTALLS: 'false',
    }),
    install: (tarball) => ['add', `charnn@file:${tarball}`],
    again: ['install', '--immutable'],
    offline: { YARN_ENABLE_NETWORK: '0' },
    exec: ['exec'],
  },
  bun: {
    package: 'bun@1',
    command: 'bun',
    variables: (home) => ({
      BUN_INSTALL: join(home, 'global'),
      BUN_INSTALL_CACHE_DIR: join(home, 'cache'),
    }),
    install: (tarball) => ['add', tarball],
    again: ['install', '--frozen-lockfile'],
    exec: ['run'],
    global: (tarball, home) => ({
      words: ['add', '--global', tarball],
      commands: join(home, 'global/bin'),
    }),
  },
};

const words = process.argv.slice(2);
const tarballAt = words.indexOf('--tarball');
const [, given] = tarballAt < 0 ? [] : words.splice(tarballAt, 2);
const unknown = words.find((word) => !(word in installers));
if (unknown !== undefined) {
  console.error(`${unknown} is not one of ${Object.keys(installers).join(', ')}`);
  process.exit(2);
}

function canUnshare() {
  try {
    run('unshare', ['--net', 'true']);
    return true;
  } catch {
    return false;
  }
}

const isolates = canUnshare();

/** Runs a command without a network, where that can be had. */
function runAlone(command, commandWords, options) {
  return isolates
    ? run('unshare', ['--net', command, ...commandWords], options)
    : run(command, commandWords, options);
}

function requireNative(output, where) {
  if (!/native \(/.test(output)) throw new Error(`${where} does not compute natively:\n${output}`);
}

/** charnn says on standard error what it computes with. */
const saysAll = ['-c', 'exec "$@" 2>&1', 'sh'];

function check(name, tarball) {
  const installer = installers[name];
  const home = join(folder, name);
  const [project, programs] = [join(home, 'project'), join(home, 'installer')];
  for (const path of [project, programs, join(home, 'global/bin')])
    mkdirSync(path, { recursive: true });
  run('npm', ['install', '--no-audit', '--no-fund', '--prefix', programs, installer.package]);
  const path = (...folders) => [...folders, process.env.PATH].join(delimiter);
  const bin = join(programs, 'node_modules/.bin');
  const variables = { ...process.env, HOME: home, NO_COLOR: '1', ...installer.variables(home) };
  const online = { cwd: project, env: { ...variables, PATH: path(bin) } };
  const offline = { cwd: project, env: { ...online.env, ...installer.offline } };
  const version = run(installer.command, ['--version'], online).trim();

  writeFileSync(join(project, 'package.json'), '{ "name": "project", "private": true }');
  writeFileSync(join(project, 'library.mjs'), library);
  // the installers take the folder with a lock file for the project
  if (name === 'yarn 4') writeFileSync(join(project, 'yarn.lock'), '');
  run(installer.command, installer.install(tarball), online);
  rmSync(join(project, 'node_modules'), { recursive: true, force: true });
  rmSync(join(project, '.pnp.cjs'), { force: true });
  runAlone(installer.command, installer.again, offline);
  const exec = (...command) =>
    runAlone('sh', [...saysAll, installer.command, ...installer.exec, ...command], offline);
  requireNative(exec('charnn', ...training, ...sizes, '-o', 'model.json'), `${name}, a dependency`);
  // without node_modules only the installer's own Node.js finds a package
  const said =
    name === 'yarn 4'
      ? exec('node', join(project, 'library.mjs'))
      : runAlone('node', ['library.mjs'], offline);
  requireNative(said, `${name}, the library`);
  console.log(`${name} ${version}: a dependency, installed again without a network: native`);

  if (installer.global === undefined) return;
  const { words: globally, commands } = installer.global(tarball, home);
  run(installer.command, globally, { ...online, env: { ...variables, PATH: path(bin, commands) } });
  const command = { cwd: home, env: { ...variables, PATH: path(commands) } };
  const output = runAlone('sh', [...saysAll, 'charnn', ...training, ...sizes], command);
  requireNative(output, `${name}, a global command`);
  console.log(`${name} ${version}: a global command: native`);
}

let failures = 0;
try {
  const tarball = given === undefined ? pack(folder) : resolve(given);
  if (!isolates) console.log('this process may not take the network away: it stays');
  for (const name of Object.keys(installers)) {
    if (words.length > 0 && !words.includes(name)) continue;
    try {
      check(name, tarball);
    } catch (error) {
      failures++;
      console.log(`FAILED: ${name}: ${error.message}`);
    }
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}
console.log(failures === 0 ? 'all went well' : `${failures} failures`);
process.exitCode = failures === 0 ? 0 : 1;
