/** Compiles the addon of a checkout with the C compiler of the machine. */
import { execFile } from 'node:child_process';
import { mkdtempSync, renameSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { instructionLevelsOf, kernelFlags, mpiSource } from './addon-targets.js';

const run = promisify(execFile);

/** Why the addon could not be compiled, what helps, and what the compiler said. */
export interface CompileFailure {
  readonly reason: string;
  readonly log: string;
}

const noCompiler: CompileFailure = {
  reason:
    'no C compiler was found (cc, gcc or clang): install one, for instance with apt install gcc libc6-dev or xcode-select --install, and run npm run build',
  log: '',
};

/**
 * Compiles the addon.
 * @param sources folder of the C files
 * @param file path of the addon, which is replaced atomically
 * @returns undefined if it succeeded
 */
export async function compileNative(
  sources: string,
  file: string,
): Promise<CompileFailure | undefined> {
  if (process.platform === 'win32') {
    return {
      reason:
        'on Windows, a checkout does not compile native kernels by itself: install LLVM 19, put its bin folder into PATH, and run npm run prebuild:addons',
      log: '',
    };
  }
  let headers: string;
  try {
    const known = createRequire(import.meta.url)('node-api-headers') as { include_dir: string };
    headers = known.include_dir;
  } catch {
    return {
      reason:
        'the headers of Node-API (the package node-api-headers) are not installed: run npm ci',
      log: '',
    };
  }
  const compiler = await findCompiler();
  if (compiler === undefined) return noCompiler;
  const folder = mkdtempSync(`${file}-`);
  try {
    await compileWith(compiler, sources, headers, folder);
    renameSync(join(folder, 'charnn.node'), file);
    return undefined;
  } catch (error) {
    return inWords(compiler, error as Error & { stderr?: string });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function findCompiler(): Promise<string | undefined> {
  for (const candidate of process.env.CC ? [process.env.CC] : ['cc', 'gcc', 'clang']) {
    try {
      await run(candidate, ['--version']);
      return candidate;
    } catch {
      // this compiler cannot be run, so the next one is tried
    }
  }
  return undefined;
}

async function compileWith(
  compiler: string,
  sources: string,
  headers: string,
  folder: string,
): Promise<void> {
  const isMac = process.platform === 'darwin';
  const machine = isMac ? ['-arch', process.arch === 'x64' ? 'x86_64' : 'arm64'] : [];
  const flags = [
    ...[...machine, ...kernelFlags, '-fPIC', '-fvisibility=hidden'],
    ...['-I', sources, '-I', headers],
  ];
  const compile = async (source: string, name: string, more: readonly string[]) => {
    const object = join(folder, `${name}.o`);
    await run(compiler, [...flags, ...more, '-c', join(sources, source), '-o', object]);
    return object;
  };
  const levels = Object.entries(instructionLevelsOf(process.platform, process.arch));
  const objects = await Promise.all([
    compile('addon.c', 'addon', []),
    compile(mpiSource, 'mpi', []),
    ...levels.map(([level, more]) => compile('kernels.c', level, [...more, `-DLEVEL=${level}`])),
  ]);
  const linking = isMac ? ['-bundle', '-undefined', 'dynamic_lookup'] : ['-shared'];
  await run(compiler, [...machine, ...linking, ...objects, '-o', join(folder, 'charnn.node')]);
}

function inWords(compiler: string, error: Error & { stderr?: string }): CompileFailure {
  const log = error.stderr || error.message;
  const header = /fatal error: '?([\w./]+\.h)'?(?::| file)/.exec(log)?.[1];
  if (header !== undefined) {
    return {
      reason: `${compiler} cannot find the header ${header}: install the C library's headers, for instance with apt install libc6-dev, and run npm run build`,
      log,
    };
  }
  return {
    reason: `${compiler} could not compile the native kernels: run CHARNN_BUILD_LOG=1 npm run build to see why, or try another compiler with CC=clang npm run build`,
    log,
  };
}
