/** Compiling the kernels for their test: with sanitizers, with mistakes put into them, emulated. */
import { execFile, execFileSync, spawnSync } from 'node:child_process';
import { cpSync, existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { isAbsolute, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { baselineAlone, instructionLevels } from '#charnn/backend/kernels/addon-targets.js';
import type { NativeLevel } from '#charnn/backend/native.js';
import { makeFolder } from '../temporary-folder.mjs';
import type { Extent } from './edge-cases.js';

const run = promisify(execFile);
/** The checkout, also for a bundle of this file in a folder within this one */
const [root] = fileURLToPath(import.meta.url).split(join('test', 'sanitize'));
const here = join(root, 'test/sanitize');
const kernels = join(root, 'src/backend/kernels');
const { include_dir: nodeHeaders } = createRequire(import.meta.url)('node-api-headers') as {
  readonly include_dir: string;
};

const compiler = process.env.CC ?? 'cc';
const common = ['-std=gnu11', '-fno-math-errno', '-fno-trapping-math', '-fPIC', '-g1'];

/** Some of what UndefinedBehaviorSanitizer finds takes most of the compiler's time, and stays for the long form. */
const checks = {
  short:
    'alignment,shift,signed-integer-overflow,bounds,float-cast-overflow,integer-divide-by-zero',
  long: 'undefined,float-cast-overflow',
};
/** A finding ends the process. */
const sanitizing = (extent: Extent) => [
  `-fsanitize=address,${checks[extent]}`,
  ...['-fno-sanitize-recover=all', '-fno-omit-frame-pointer'],
];

export type Level = NativeLevel;

/** Flags of the levels of this kind of processor */
const levelFlags: Readonly<Partial<Record<Level, readonly string[]>>> =
  instructionLevels[process.arch] ?? baselineAlone;

export const levelsOfArchitecture = Object.keys(levelFlags) as Level[];

/** What the compiler is told for the kernels of AVX-512, of AVX512-BF16 and of AMX, compiled for any processor */
const emulatedFlags = {
  emulated: [],
  emulatedbf16: ['-D__AVX512BF16__', '-DHALF'],
  emulatedamx: ['-D__AVX512BF16__', '-DHALF', '-DAMX'],
} as const;
type Emulated = keyof typeof emulatedFlags;

const halfOfAll: Level = process.arch === 'x64' ? 'avx2bf16' : 'baselinebf16';
/** The level under whose name emulated kernels stand, which every processor of this kind has; one of each in an addon */
export const standIns: Readonly<Record<Emulated, Level>> = {
  emulated: 'baseline',
  emulatedbf16: halfOfAll,
  emulatedamx: halfOfAll,
};

const isEmulated = (level: Emulated | Level): level is Emulated => level in standIns;

function flagsOf(level: Emulated | Level): readonly string[] {
  if (!isEmulated(level)) return levelFlags[level] ?? [];
  return [
    ...['-Wno-psabi', '-D__AVX512F__', ...emulatedFlags[level]],
    `-I${join(here, 'emulated')}`,
  ];
}

/** Whether there is a compiler for all that follows */
export function hasCompiler(): boolean {
  return spawnSync(compiler, ['--version']).status === 0;
}

/** The run-time library of AddressSanitizer, which has to be in the process before Node.js begins. */
export type Sanitizers = { readonly preload: string } | { readonly missing: string };

export function findSanitizers(): Sanitizers {
  if (process.platform !== 'linux')
    return { missing: 'they are loaded into Node.js on Linux alone' };
  const machine = process.arch === 'x64' ? 'x86_64' : 'aarch64';
  for (const name of ['libasan.so', `libclang_rt.asan-${machine}.so`]) {
    let path: string;
    try {
      path = execFileSync(compiler, [`-print-file-name=${name}`], { encoding: 'utf8' }).trim();
    } catch {
      return { missing: `there is no C compiler (${compiler})` };
    }
    if (isAbsolute(path) && existsSync(path)) return { preload: path };
  }
  return { missing: `${compiler} has no AddressSanitizer that can be loaded into a program` };
}

/** A mistake: what stands in a source, and what is put there instead. */
export interface Mistake {
  readonly file: string;
  readonly right: string;
  readonly wrong: string;
}

/** How an addon is to be compiled. */
export interface Recipe {
  /** File name, without its ending */
  readonly name: string;
  /** The sanitizers' checks; none where it is not given */
  readonly sanitize?: Extent;
  /** Of the compiler's optimisation: -O1 and so on */
  readonly optimise: string;
  /** Instruction levels; calls of the others go to the first. Emulated ones stand under another's name. */
  readonly levels: readonly (Emulated | Level)[];
  readonly mistakes?: readonly Mistake[];
}

/** A folder of compiled addons, until it is removed. */
export class Workshop {
  readonly folder = makeFolder('charnn-sanitize-');

  async addon({ name, sanitize, optimise, levels, mistakes = [] }: Recipe): Promise<string> {
    const sources = this.mistaken(name, mistakes);
    const flags = [optimise, ...(sanitize ? sanitizing(sanitize) : [])];
    const compile = async (source: string, object: string, more: readonly string[]) => {
      const file = join(this.folder, `${name}-${object}.o`);
      const include = [...more, `-I${sources}`, `-I${nodeHeaders}`];
      await run(compiler, [
        ...[...common, ...flags, ...include],
        ...['-c', join(sources, source), '-o', file],
      ]);
      return file;
    };
    const symbol = (level: Emulated | Level) => (isEmulated(level) ? standIns[level] : level);
    const present = levels.map(symbol);
    const absent = Object.keys(levelFlags).filter((level) => !present.includes(level as Level));
    const redirected = absent.map((level) => `-Dkernels_${level}=kernels_${present[0]}`);
    const objects = await Promise.all([
      compile('addon.c', 'addon', redirected),
      ...levels.map((level) =>
        compile('kernels.c', level, [...flagsOf(level), `-DLEVEL=${symbol(level)}`]),
      ),
    ]);
    const file = join(this.folder, `${name}.node`);
    await run(compiler, ['-shared', ...flags, ...objects, '-o', file]);
    return file;
  }

  /** @param poison for code with AddressSanitizer; pages otherwise */
  async fences(poison: boolean): Promise<string> {
    const file = join(this.folder, poison ? 'poison.node' : 'pages.node');
    const flags = poison ? ['-DFENCES_POISON', '-fsanitize=address'] : [];
    await run(compiler, [
      ...[...common, '-O1', '-shared', ...flags, `-I${nodeHeaders}`],
      ...[join(here, 'fences.c'), '-o', file],
    ]);
    return file;
  }

  remove(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }

  /** A copy of the sources with mistakes, or the sources themselves */
  private mistaken(name: string, mistakes: readonly Mistake[]): string {
    if (mistakes.length === 0) return kernels;
    const sources = join(this.folder, `${name}-sources`);
    cpSync(kernels, sources, { recursive: true });
    for (const { file, right, wrong } of mistakes) {
      const text = readFileSync(join(sources, file), 'utf8');
      if (!text.includes(right)) throw new Error(`${file} has no "${right}" to be mistaken in`);
      writeFileSync(join(sources, file), text.replace(right, wrong));
    }
    return sources;
  }
}
