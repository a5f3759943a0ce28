/**
 * A build step of the package that compiles the native addon for every platform for which it is published, on one Linux
 * machine, into dist/backend/kernels/prebuilt. It uses clang and lld 19 (Debian: clang-19, lld-19 and llvm-19) and no
 * SDK: the kernels need no library, and the glue needs a few functions of the C library, which are declared in
 * `freestanding/` and found in the process that loads the addon.
 *
 * Addons that exist and were made from the current sources are kept. `--check` compiles nothing, and fails if an addon
 * is missing, changed, or older than its sources. `--verify` compiles all of them again and fails if the bytes differ.
 */
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import {
  addonTargets,
  instructionLevelsOf,
  kernelFlags,
  mpiSource,
  mpiSources,
  type PrebuiltAddon,
} from './addon-targets.js';
import { sourceNames } from './source-files.js';

const root = fileURLToPath(new URL('../../..', import.meta.url));
const sources = join(root, 'src/backend/kernels');
const prebuilt = join(root, 'dist/backend/kernels/prebuilt');
const headers = join(
  createRequire(import.meta.url).resolve('node-api-headers/package.json'),
  '../include',
);

/** Finds version 19 of one of LLVM's tools, under its Debian name or its plain name. */
function tool(name: string): string {
  for (const candidate of [`${name}-19`, name]) {
    const { status, stdout, error } = spawnSync(candidate, ['--version'], { encoding: 'utf8' });
    // llvm-dlltool does not report its version, but its Debian name contains it
    const isVersion19 = status === 0 && /\b19\.\d/.test(stdout);
    if (isVersion19 || (name === 'llvm-dlltool' && error === undefined)) return candidate;
  }
  return fail(
    `${name} 19 is missing: install the Debian packages clang-19, lld-19 and llvm-19 to build the addons of the package`,
  );
}

function fail(message: string): never {
  console.error(`charnn: ${message}`);
  process.exit(1);
}

function run(command: string, parameters: readonly string[], folder: string): void {
  const { status, stderr, error } = spawnSync(command, parameters, {
    cwd: folder,
    encoding: 'utf8',
  });
  if (status !== 0) fail(`${command} ${parameters.join(' ')} failed: ${stderr || error?.message}`);
}

const common = [
  ...[...kernelFlags, '-ffreestanding'],
  ...['-fvisibility=hidden', '-fno-ident', '-fno-asynchronous-unwind-tables'],
  // lets the linker merge functions that are identical at several levels
  '-ffunction-sections',
  ...['-nostdlibinc', '-Wall', '-Werror', '-Wno-unused-function', '-Wno-unused-variable'],
];

const perPlatform: Readonly<Record<PrebuiltAddon['platform'], readonly string[]>> = {
  linux: ['-fPIC', '-fno-stack-protector'],
  darwin: ['-fPIC', '-fno-stack-protector'],
  win32: [],
};

/** Compiles atomic operations to instructions instead of calls to a library that is not linked. */
const perArm64 = ['-mno-outline-atomics'];

/** Compiles an addon and returns its bytes. */
function compile(target: PrebuiltAddon, clang: string): Buffer {
  const folder = mkdtempSync(join(tmpdir(), 'charnn-prebuild-'));
  try {
    const include = ['-I', sources, '-isystem', join(sources, 'freestanding'), '-isystem', headers];
    const flags = [
      `--target=${target.triple}`,
      ...common,
      ...perPlatform[target.platform],
      ...(target.arch === 'arm64' ? perArm64 : []),
      ...include,
    ];
    const objects = [
      ...Object.entries(instructionLevelsOf(target.platform, target.arch)).map(([level, extra]) => {
        run(
          clang,
          [
            ...flags,
            ...extra,
            `-DLEVEL=${level}`,
            '-c',
            join(sources, 'kernels.c'),
            '-o',
            `${level}.o`,
          ],
          folder,
        );
        return `${level}.o`;
      }),
      'addon.o',
      'mpi.o',
    ];
    run(clang, [...flags, '-c', join(sources, 'addon.c'), '-o', 'addon.o'], folder);
    run(clang, [...flags, '-c', join(sources, mpiSource), '-o', 'mpi.o'], folder);
    link(target, objects, folder);
    return readFileSync(join(folder, 'addon.node'));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function link(target: PrebuiltAddon, objects: readonly string[], folder: string): void {
  const output = 'addon.node';
  if (target.platform === 'linux') {
    // without a NEEDED entry the same file works with glibc and musl
    const machine = target.arch === 'x64' ? 'elf_x86_64' : 'aarch64linux';
    const flags = [
      '-m',
      machine,
      '-shared',
      '-s',
      '--build-id=none',
      '-z',
      'noexecstack',
      '-z',
      'now',
      '--gc-sections',
      '--icf=all',
    ];
    run(tool('ld.lld'), [...flags, ...objects, '-o', output], folder);
  } else if (target.platform === 'darwin') {
    const arch = target.arch === 'x64' ? 'x86_64' : 'arm64';
    writeFileSync(join(folder, 'libSystem.tbd'), systemLibrary(arch));
    // the linker is given the name of each symbol that Node.js provides, so that any other undefined symbol is an error
    const undefinedSymbols = nodeSymbols().flatMap((symbol) => ['-U', `_${symbol}`]);
    run(
      tool('ld64.lld'),
      [
        ...['-arch', arch, '-platform_version', 'macos', '11.0', '11.0', '-bundle', '-x'],
        ...['-dead_strip', '--icf=all'],
        ...[...undefinedSymbols, '-L', '.', '-lSystem', ...objects, '-o', output],
      ],
      folder,
    );
  } else {
    const machine = target.arch === 'x64' ? 'i386:x86-64' : 'arm64';
    const libraries = {
      node: nodeSymbols(),
      msvcrt: ['malloc', 'free', 'strcmp', 'memcpy', 'memset'],
      // functions with stack frames larger than a page of memory call __chkstk, which commits their stack page by page
      ntdll: ['__chkstk'],
      ...(target.arch === 'arm64' && { kernel32: ['IsProcessorFeaturePresent'] }),
    };
    for (const [name, symbols] of Object.entries(libraries)) {
      const file = name === 'node' ? 'node.exe' : `${name}.dll`;
      writeFileSync(
        join(folder, `${name}.def`),
        `LIBRARY ${file}\nEXPORTS\n${symbols.map((symbol) => `${symbol}\n`).join('')}`,
      );
      run(tool('llvm-dlltool'), ['-m', machine, '-d', `${name}.def`, '-l', `${name}.lib`], folder);
    }
    run(
      tool('lld-link'),
      [
        ...['/dll', '/noentry', '/nodefaultlib', '/Brepro', '/incremental:no'],
        ...['/opt:ref', '/opt:icf'],
        ...[
          `/machine:${target.arch}`,
          ...objects,
          ...Object.keys(libraries).map((name) => `${name}.lib`),
          `/out:${output}`,
        ],
        ...['/export:napi_register_module_v1', '/export:node_api_module_get_api_version_v1'],
      ],
      folder,
    );
  }
}

/** Names of Node-API's functions, up to the version that the glue requires. */
function nodeSymbols(): string[] {
  const { symbols } = createRequire(import.meta.url)('node-api-headers') as {
    symbols: Record<string, { js_native_api_symbols: string[]; node_api_symbols: string[] }>;
  };
  const { js_native_api_symbols: language, node_api_symbols: node } = symbols.v8;
  return [...language, ...node].sort();
}

/** A description of macOS' system library, as the linker needs it. */
function systemLibrary(arch: string): string {
  return `--- !tapi-tbd
tbd-version: 4
targets: [ ${arch}-macos ]
install-name: /usr/lib/libSystem.B.dylib
exports:
  - targets: [ ${arch}-macos ]
    symbols: [ _malloc, _free, _strcmp, _memcpy, _memset, _bzero, ___bzero, _sysctlbyname, _dlopen, _dlsym, _usleep, dyld_stub_binder ]
...
`;
}

const list = join(prebuilt, 'addons.json');

interface AddonList {
  /** Hash of everything from which the addons are made */
  readonly sources: string;
  readonly addons: Readonly<Record<string, { readonly bytes: number; readonly sha256: string }>>;
}

/** Hash of the C sources, this build step, its table of compiler flags, and the version of Node-API's headers. */
const sourceHash = hashOf(
  Buffer.concat([
    ...[...sourceNames(sources), ...mpiSources].flatMap((name) => [
      Buffer.from(name.replaceAll('\\', '/')),
      readFileSync(join(sources, name)),
    ]),
    ...['prebuild.ts', 'addon-targets.ts'].map((name) => readFileSync(join(sources, name))),
    readFileSync(join(headers, '../package.json')),
  ]),
);

function hashOf(bytes: Buffer): string {
  return createHash('sha256').update(bytes).digest('hex');
}

/** Why the set of prebuilt addons cannot go into the package as it is; undefined if it can. */
function problem(): string | undefined {
  const missing = addonTargets.filter(({ file }) => !existsSync(join(prebuilt, file)));
  if (missing.length > 0) {
    return `prebuilt addons are missing: ${missing.map(({ file }) => file).join(', ')}`;
  }
  let known: AddonList;
  try {
    known = JSON.parse(readFileSync(list, 'utf8'));
  } catch {
    return `there is no readable list of the prebuilt addons, ${list}`;
  }
  if (known.sources !== sourceHash) return 'the prebuilt addons are older than their sources';
  const changed = addonTargets.filter(
    ({ file }) => known.addons[file]?.sha256 !== hashOf(readFileSync(join(prebuilt, file))),
  );
  if (changed.length === 0) return undefined;
  return `prebuilt addons are not as they were built: ${changed.map(({ file }) => file).join(', ')}`;
}

function check(): void {
  const found = problem();
  if (found !== undefined) fail(`${found}; run npm run prebuild:addons`);
}

function build(): void {
  const clang = tool('clang');
  // the list is written last, so that an unfinished set of addons has no list
  rmSync(prebuilt, { recursive: true, force: true });
  mkdirSync(prebuilt, { recursive: true });
  const addons: Record<string, { bytes: number; sha256: string }> = {};
  for (const target of addonTargets) {
    const bytes = compile(target, clang);
    writeFileSync(join(prebuilt, target.file), bytes);
    addons[target.file] = { bytes: bytes.length, sha256: hashOf(bytes) };
    console.log(`${hashOf(bytes)}  ${target.file}  ${bytes.length} bytes`);
  }
  const made: AddonList = { sources: sourceHash, addons };
  writeFileSync(list, `${JSON.stringify(made, null, 2)}\n`);
}

/** Compiles all addons again and compares the bytes. */
function verify(): void {
  check();
  const clang = tool('clang');
  const others = addonTargets.filter(
    (target) => !compile(target, clang).equals(readFileSync(join(prebuilt, target.file))),
  );
  if (others.length > 0) {
    fail(`rebuilt, but the bytes differ: ${others.map(({ file }) => file).join(', ')}`);
  }
  console.log(`built again, the same bytes: all ${addonTargets.length} addons`);
}

const [order] = process.argv.slice(2);
if (order === '--check') check();
else if (order === '--verify') verify();
else if (order !== undefined) fail(`${order} is neither --check nor --verify`);
// a complete set of addons is not compiled again, so that building the package then takes no compiler
else if (problem() !== undefined) build();
