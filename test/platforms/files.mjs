/**
 * What can be seen of the addons without running them, by LLVM's tools (Debian: llvm-19): format and processor,
 * what they import and export, and on macOS the signature, without which Apple's processors run nothing.
 */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { inWords, tileLoops } from './inner-loops.mjs';
import { run } from './processes.mjs';

const registers = ['napi_register_module_v1', 'node_api_module_get_api_version_v1'];
const libraryOfC = ['bzero', 'dlopen', 'dlsym', 'memcpy', 'memset', 'strcmp', 'usleep'];

/** format; libraries that may be named; functions of the C library that may be imported */
const expected = {
  'linux-x64.node': {
    format: 'elf64-x86-64',
    libraries: [],
    functions: [...libraryOfC, 'madvise'],
  },
  'linux-arm64.node': {
    format: 'elf64-littleaarch64',
    libraries: [],
    functions: [...libraryOfC, 'madvise', 'getauxval'],
  },
  'darwin-x64.node': {
    format: 'Mach-O 64-bit x86-64',
    libraries: ['/usr/lib/libSystem.B.dylib'],
    // on this processor the compiler clears memory by a function of the same library; the last is dyld's own
    functions: [...libraryOfC, '__bzero', 'dyld_stub_binder'],
  },
  'darwin-arm64.node': {
    format: 'Mach-O arm64',
    libraries: ['/usr/lib/libSystem.B.dylib'],
    // the last is dyld's own
    functions: [...libraryOfC, 'sysctlbyname', 'dyld_stub_binder'],
  },
  'win32-x64.node': {
    format: 'COFF-x86-64',
    libraries: ['node.exe', 'msvcrt.dll', 'ntdll.dll'],
    functions: [...libraryOfC, '__chkstk'],
  },
  'win32-arm64.node': {
    format: 'COFF-ARM64',
    libraries: ['node.exe', 'msvcrt.dll', 'ntdll.dll', 'kernel32.dll'],
    functions: [...libraryOfC, '__chkstk', 'IsProcessorFeaturePresent'],
  },
};

/** @returns what the pattern's first group finds, each once */
function all(pattern, text) {
  return [...new Set([...text.matchAll(pattern)].map(([, found]) => found))];
}

function readobj(file, ...words) {
  return run('llvm-readobj-19', [...words, file]);
}

/** The names that a file imports and exports, without the underscore that macOS puts before each */
function symbolsOf(file, format) {
  if (format.startsWith('COFF')) {
    return {
      imported: all(/^\s+Symbol: (\S+)/gm, readobj(file, '--coff-imports')),
      exported: all(/^\s+Name: (\S+)/gm, readobj(file, '--coff-exports')),
    };
  }
  const dynamic = format.startsWith('elf') ? ['--dynamic'] : [];
  const names = (kind) =>
    run('llvm-nm-19', [...dynamic, '--extern-only', '--format=just-symbols', kind, file])
      .split('\n')
      .filter(Boolean)
      .map((name) => (format.startsWith('Mach-O') ? name.replace(/^_/, '') : name));
  return { imported: names('--undefined-only'), exported: names('--defined-only') };
}

function librariesOf(file, format) {
  if (format.startsWith('COFF'))
    return all(/^Import \{\n\s+Name: (\S+)/gm, readobj(file, '--coff-imports'));
  if (format.startsWith('elf'))
    return all(/\(NEEDED\)\s+Shared library: \[(.+?)\]/g, run('llvm-readelf-19', ['-d', file]));
  return all(
    /^\s+name (\S+) \(offset/gm,
    run('llvm-objdump-19', ['--macho', '--private-headers', file]),
  );
}

/** What is wrong with the signature of a file for macOS; every page has to have its hash in it. */
function signatureProblem(file) {
  const headers = run('llvm-objdump-19', ['--macho', '--private-headers', file]);
  const command = /cmd LC_CODE_SIGNATURE\s+cmdsize 16\s+dataoff (\d+)\s+datasize (\d+)/.exec(
    headers,
  );
  if (command === null) return 'is not signed';
  const bytes = readFileSync(file);
  const at = Number(command[1]);
  if (bytes.readUInt32BE(at) !== 0xfade0cc0) return 'has a signature of another form';
  const directory = at + bytes.readUInt32BE(at + 16);
  if (bytes.readUInt32BE(directory) !== 0xfade0c02) return 'has no code directory';
  const adHoc = (bytes.readUInt32BE(directory + 12) & 2) !== 0;
  if (!adHoc) return 'is not signed ad hoc';
  return pagesProblem(bytes, directory);
}

/** Fields as in Apple's cs_blobs.h: where hashes begin, how many there are, how far they reach. */
function pagesProblem(bytes, directory) {
  const hashes = directory + bytes.readUInt32BE(directory + 16);
  const count = bytes.readUInt32BE(directory + 28);
  const limit = bytes.readUInt32BE(directory + 32);
  const hashBytes = bytes[directory + 36];
  const page = 2 ** bytes[directory + 39];
  if (count !== Math.ceil(limit / page)) return 'has a signature of another length';
  for (let i = 0; i < count; i++) {
    const content = bytes.subarray(i * page, Math.min((i + 1) * page, limit));
    const hash = bytes.subarray(hashes + i * hashBytes, hashes + (i + 1) * hashBytes);
    if (!createHash('sha256').update(content).digest().equals(hash)) {
      return `has a signature that does not fit its page ${i}`;
    }
  }
  return undefined;
}

/** The product's loops on arm64 are at least so much multiply-adds, since no processor is here to measure them. */
const leastShare = 0.8;

function inspectLoops(name, file, fail) {
  for (const loop of tileLoops(file)) {
    const words = `${name}: the product's inner loop is ${inWords(loop)}`;
    console.log(words);
    if (loop.multiplyAdds < leastShare * loop.instructions || loop.spills > 0) fail(words);
  }
}

/**
 * Looks into all addons of a folder.
 * @param fail is called with a sentence for everything that is not as it should be
 */
export function inspectAddons(folder, fail) {
  for (const [name, { format, libraries, functions }] of Object.entries(expected)) {
    const file = join(folder, name);
    const [found] = all(/^Format: (.+)$/gm, readobj(file, '--file-headers'));
    if (found !== format) fail(`${name} is ${found}, not ${format}`);
    const needed = librariesOf(file, format);
    const strange = needed.filter((library) => !libraries.includes(library));
    if (strange.length > 0) fail(`${name} needs ${strange}`);
    const { imported, exported } = symbolsOf(file, format);
    const foreign = imported.filter(
      (symbol) => !symbol.startsWith('napi_') && !functions.includes(symbol),
    );
    if (foreign.length > 0) fail(`${name} imports ${foreign}`);
    if (!imported.some((symbol) => symbol.startsWith('napi_'))) fail(`${name} imports no Node-API`);
    for (const symbol of registers) {
      if (!exported.includes(symbol)) fail(`${name} does not export ${symbol}`);
    }
    if (name.endsWith('-arm64.node')) inspectLoops(name, file, fail);
    // on Intel's processors macOS runs what nobody has signed
    const signature = name === 'darwin-arm64.node' ? signatureProblem(file) : undefined;
    if (signature !== undefined) fail(`${name} ${signature}`);
    console.log(
      `${name}: ${found}, needs ${needed.join(', ') || 'no library'}, imports ${imported.length} functions${name === 'darwin-arm64.node' ? ', signed ad hoc' : ''}`,
    );
  }
}
