/**
 * What goes wrong on Windows and nowhere else, under wine:
 *
 *     node test/platforms/windows.mjs [--tarball FILE]
 *
 * A model that another program holds open, Ctrl-C, two trainings of one model, names with spaces and umlauts,
 * letters of drives, line ends, and UTF-16 as PowerShell writes it. Wine cannot show the closing of a console's
 * window, a virus scanner's holding of files, or the code page of a real console; nobody has tried those.
 */
import { spawn } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { hosts } from './hosts.mjs';
import { installIn, pack, root } from './packed.mjs';
import { isThere, run } from './processes.mjs';

const [tarballWord, given] = process.argv.slice(2);
if (tarballWord !== undefined && (tarballWord !== '--tarball' || given === undefined)) {
  console.error('the only argument is --tarball FILE');
  process.exit(2);
}
const host = hosts.find(({ name }) => name === 'win32-x64');
const missing =
  host.missing() ??
  (isThere('script', '--version') ? undefined : 'script (Debian: bsdutils)') ??
  (isThere('clang-19', '--version') && isThere('lld-link-19', '--version')
    ? undefined
    : 'clang-19, lld-19 and llvm-19');
if (missing !== undefined) {
  console.log(`not run, there is no ${missing}`);
  process.exit(0);
}

const programs = join(tmpdir(), 'charnn-platforms');
const folder = mkdtempSync(join(tmpdir(), 'charnn on Windows äöü-'));
mkdirSync(programs, { recursive: true });
const { command, words: node, env } = host.start(programs);
let failures = 0;

/** The program that holds files and sends Ctrl-C, compiled without an SDK */
function buildFaults() {
  const exports = {
    kernel32: [
      ...['GetCommandLineW', 'CreateFileW', 'GetFileAttributesW', 'CreateProcessW', 'AllocConsole'],
      ...['SetConsoleCtrlHandler', 'GenerateConsoleCtrlEvent', 'WaitForSingleObject'],
      ...['GetExitCodeProcess', 'Sleep', 'ExitProcess'],
    ],
    shell32: ['CommandLineToArgvW'],
  };
  for (const [library, names] of Object.entries(exports)) {
    const definition = `LIBRARY ${library}.dll\nEXPORTS\n${names.join('\n')}\n`;
    writeFileSync(join(folder, `${library}.def`), definition);
    const words = ['-m', 'i386:x86-64', '-d', `${library}.def`, '-l', `${library}.lib`];
    run('llvm-dlltool-19', words, { cwd: folder });
  }
  const source = join(root, 'test/platforms/windows-faults.c');
  const target = ['--target=x86_64-pc-windows-msvc', '-O1', '-ffreestanding', '-nostdlibinc'];
  run('clang-19', [...target, '-Wall', '-Werror', '-c', source, '-o', 'faults.obj'], {
    cwd: folder,
  });
  const libraries = Object.keys(exports).map((library) => `${library}.lib`);
  run(
    'lld-link-19',
    [
      ...['/nodefaultlib', '/entry:start', '/subsystem:console', 'faults.obj'],
      ...[...libraries, '/out:faults.exe'],
    ],
    { cwd: folder },
  );
  return join(folder, 'faults.exe');
}

let started = 0;

/**
 * Starts a program of Windows in a folder of this test's.
 * @returns a promise of its exit code and of all that it wrote
 */
function start(words, { cwd, input = '/dev/null', terminal = false }) {
  const file = join(folder, `output-${++started}.txt`);
  const line = [command, ...words].map((word) => `'${word}'`).join(' ');
  // wine has a console only where there is a terminal, and gives a program no pipes that Node.js could use
  const inShell = terminal
    ? `script -qec ${JSON.stringify(line)} '${file}' < /dev/null > /dev/null 2>&1`
    : `${line} < '${input}' > '${file}' 2>&1`;
  const child = spawn('sh', ['-c', inShell], {
    cwd,
    env: { ...process.env, NO_COLOR: '1', ...env },
    stdio: 'ignore',
  });
  return new Promise((done) => {
    child.on('close', (code) => done({ code, output: readFileSync(file, 'utf8') }));
  });
}

/** Waits until something holds, for two minutes at most. */
async function until(holds, what) {
  for (let i = 0; !holds(); i++) {
    if (i === 1200) throw new Error(`waited in vain until ${what}`);
    await wait(100);
  }
}

/** A new folder for a part */
function place(name) {
  const path = join(folder, name);
  mkdirSync(path);
  return path;
}

/** @throws Error with what was written, unless a program has ended as it should */
function expectEnd({ code, output }, expectedCode, ...parts) {
  const lost = parts.find((part) => !output.includes(part));
  if (code === expectedCode && lost === undefined) return;
  const instead = lost === undefined ? '' : `, without ${JSON.stringify(lost)}`;
  throw new Error(`ended with ${code}, not ${expectedCode}${instead}:\n${output}`);
}

function expectEqual(a, b, what) {
  if (a !== b) throw new Error(`${what}:\n${a}\n${b}`);
}

const sentence = 'The quick brown fox jumps over the lazy dög.\n';
const text = join(folder, 'ein Text.txt');
writeFileSync(text, sentence.repeat(200));
const small = ['--hidden', '16', '--batch-size', '4', '--seq-length', '8', '--threads', '1'];
const read = (...path) => readFileSync(join(...path), 'utf8');
const weights = (...path) => JSON.stringify(JSON.parse(read(...path)).tensors);

/** What is tried, by what it shows; each is given the words that run charnn, and the program that makes faults. */
const parts = {
  async 'a model that is held open is written when it is let go'(charnn, faults) {
    const cwd = place('held for a while');
    const train = [...charnn, 'train', text, ...small];
    expectEnd(await start([...train, '--steps', '2'], { cwd }), 0);
    const before = read(cwd, 'charnn.json');
    const sign = join(cwd, 'held');
    writeFileSync(sign, '');
    const holding = start([faults, 'hold', 'charnn.json', 'held'], { cwd });
    await wait(2000);
    const training = start([...train, '--steps', '4', '--force'], { cwd });
    // the model that is to take its place
    await until(
      () => readdirSync(cwd).some((name) => /^\.charnn\.json\..*\.tmp$/.test(name)),
      'a model is to be written',
    );
    await wait(300);
    rmSync(sign);
    expectEnd(await training, 0);
    expectEnd(await holding, 0);
    if (read(cwd, 'charnn.json') === before) throw new Error('the model is the old one');
    expectEqual(existsSync(join(cwd, 'charnn-new.json')), false, 'a second file is left');
  },

  async 'a model that stays held open lies under a second name in the end'(charnn, faults) {
    const cwd = place('held to the end');
    const train = [...charnn, 'train', text, ...small];
    expectEnd(await start([...train, '--steps', '2'], { cwd }), 0);
    const before = read(cwd, 'charnn.json');
    const sign = join(cwd, 'held');
    writeFileSync(sign, '');
    const holding = start([faults, 'hold', 'charnn.json', 'held'], { cwd });
    await wait(2000);
    const ended = await start([...train, '--steps', '4', '--force'], { cwd });
    expectEnd(ended, 1, 'charnn.json is held open by another program', 'charnn-new.json');
    expectEqual(read(cwd, 'charnn.json'), before, 'the model was changed');
    const sample = [...charnn, 'sample', '-m', 'charnn-new.json', '--length', '20'];
    expectEnd(await start(sample, { cwd }), 0);
    rmSync(sign);
    await holding;
  },

  async 'Ctrl-C saves, and the training goes on later'(charnn, faults) {
    const cwd = place('interrupted');
    const train = [
      ...charnn,
      'train',
      text,
      ...small,
      '--steps',
      '100000000',
      '--eval-every',
      '20',
    ];
    const ended = await start([faults, 'interrupt', 'charnn.json', ...train], {
      ...{ cwd, terminal: true },
    });
    // wine's console may break and colour the sentence anywhere
    expectEnd(ended, 130, 'interrupted');
    const { step } = JSON.parse(read(cwd, 'charnn.state.json'));
    const resume = [...charnn, 'train', text, '--resume', '--steps', String(step + 20)];
    expectEnd(await start(resume, { cwd }), 0, `step ${(step + 20).toLocaleString('en-US')}`);
  },

  async 'of two trainings at once the second is told who trains the model'(charnn) {
    const cwd = place('two at once');
    const train = [...charnn, 'train', text, ...small];
    const first = start([...train, '--time', '15s'], { cwd });
    await until(() => existsSync(join(cwd, '.charnn.json.lock')), 'the first training begins');
    const second = await start([...train, '--steps', '2', '--force'], { cwd });
    expectEnd(second, 1, 'is being trained by process');
    expectEnd(await start([...train, '--steps', '2', '-o', 'other.json'], { cwd }), 0);
    expectEnd(await first, 0);
  },

  async 'paths with spaces and umlauts, with the letter of a drive, and with both slashes'(charnn) {
    const cwd = place('Übung 1');
    const drive = `Z:${join(cwd, 'mödel ß.json').replaceAll('/', '\\')}`;
    const train = [...charnn, 'train', `Z:${text}`, ...small, '--steps', '4', '-o', drive];
    expectEnd(await start(train, { cwd }), 0, 'mödel ß.json');
    const sample = [...charnn, 'sample', '-m', '..\\Übung 1/mödel ß.json', '--length', '20'];
    expectEnd(await start(sample, { cwd }), 0);
  },

  async 'lines that end in CR LF are those that end in LF'(charnn) {
    const cwd = place('line ends');
    expectEnd(await start([...charnn, 'train', text, ...small, '--steps', '4'], { cwd }), 0);
    const lines = ['The quick fox', 'the lazy dög', 'jumps'];
    writeFileSync(join(cwd, 'unix.txt'), `${lines.join('\n')}\n`);
    writeFileSync(join(cwd, 'windows.txt'), `${lines.join('\r\n')}\r\n`);
    const score = async (file) => {
      const ended = await start([...charnn, 'score', file], { cwd });
      expectEnd(ended, 0, 'jumps');
      return ended.output;
    };
    expectEqual(await score('unix.txt'), await score('windows.txt'), 'other scores');
  },

  async 'UTF-16 as PowerShell redirects it, from a file and from standard input'(charnn) {
    const cwd = place('UTF-16');
    const lines = readFileSync(text, 'utf8').replaceAll('\n', '\r\n');
    const file = join(cwd, 'redirected.txt');
    writeFileSync(file, Buffer.from(`\ufeff${lines}`, 'utf16le'));
    const train = (from, model, input) =>
      start([...charnn, 'train', from, ...small, '--steps', '4', '-o', model], { cwd, input });
    expectEnd(await train(text, 'utf-8.json'), 0);
    expectEnd(await train('redirected.txt', 'utf-16.json'), 0);
    expectEnd(await train('-', 'stdin.json', file), 0);
    expectEqual(weights(cwd, 'utf-8.json'), weights(cwd, 'utf-16.json'), 'other weights');
    expectEqual(weights(cwd, 'utf-8.json'), weights(cwd, 'stdin.json'), 'other weights from stdin');
  },
};

try {
  const tarball = given === undefined ? pack(folder) : resolve(given);
  const charnn = [...node, join(installIn(join(folder, 'application'), tarball), 'bin/charnn.js')];
  const faults = buildFaults();
  for (const [what, part] of Object.entries(parts)) {
    try {
      await part(charnn, faults);
      console.log(`${what}: yes`);
    } catch (error) {
      failures++;
      console.log(`FAILED: ${what}: ${error.message}`);
    }
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}
console.log(failures === 0 ? 'all went well' : `${failures} failures`);
process.exitCode = failures === 0 ? 0 : 1;
