const avx2 = ['-mavx2', '-mfma'];
/** Flags for levels that emulate an instruction, which are optimised for size because they are slow anyway. */
const emulation = ['-DHALF', '-Os'];
/** The flag of a level that differs from another one only in its matrix products, and shares the rest with it */
const basedOn = (level: string) => `-DBASE=${level}`;
const avx512 = ['-mavx512f', '-mavx512dq', '-mavx512vl', '-mavx512bw', '-mfma'];

/** Levels that need no special instructions; an architecture for which charnn has no others has only these. */
const baselineAlone: Readonly<Record<string, readonly string[]>> = {
  baseline: [],
  baselinebf16: [...emulation, basedOn('baseline')],
  baselineint8: ['-DINT8', basedOn('baseline')],
};

const avx512bf16 = [...avx512, '-mavx512bf16', '-DHALF', basedOn('avx512')];

/**
 * Instruction levels of each architecture, with their compiler flags. Levels with HALF have matrix products in half
 * precision, those with INT8 have 8-bit weights; AMX, BFMMLA and SDOT are the instructions with which such a level
 * multiplies. BASE is the level with which a level shares its other functions.
 */
const instructionLevels: Readonly<Record<string, Readonly<Record<string, readonly string[]>>>> = {
  x64: {
    // only processors from before 2013 and emulators use this level, the one without AVX2, so it is optimised for size
    baseline: ['-Os'],
    avx2,
    avx512,
    avx512bf16,
    amxbf16: [...avx512bf16, '-mamx-tile', '-mamx-bf16', '-DAMX', '-O2'],
    avx2bf16: [...avx2, ...emulation, basedOn('avx2')],
    avx512int8: [...avx512, '-mavx512vnni', '-DINT8', basedOn('avx512')],
    avx2int8: [...avx2, '-DINT8', basedOn('avx2')],
  },
  arm64: {
    ...baselineAlone,
    armbf16: ['-march=armv8.2-a+bf16', '-DHALF', '-DBFMMLA', basedOn('baseline')],
    armint8: ['-march=armv8.2-a+dotprod', '-DINT8', '-DSDOT', basedOn('baseline')],
  },
};

/** Levels that no computer of a platform has ever supported, so that the addon for this platform lacks them */
const levelsWithoutProcessor: Readonly<Record<string, readonly string[]>> = {
  darwin: ['avx512bf16', 'amxbf16'],
};

/** The instruction levels in the addon of a platform and a kind of processor, with their compiler flags */
export function instructionLevelsOf(
  platform: string,
  arch: string,
): Readonly<Record<string, readonly string[]>> {
  const left = levelsWithoutProcessor[platform] ?? [];
  const levels = Object.entries(instructionLevels[arch] ?? baselineAlone);
  return Object.fromEntries(levels.filter(([level]) => !left.includes(level)));
}

/** The part of the addon that calls MPI, as a path from the folder of kernels */
export const mpiSource = '../../cluster/mpi.c';

/** All source files of the part of the addon that calls MPI */
export const mpiSources = [mpiSource, '../../cluster/mpi_library.h', '../../cluster/mpi_pass.h'];

/** Flags with which every compiler compiles the kernels */
export const kernelFlags: readonly string[] = [
  ...['-O3', '-std=gnu11', '-fno-math-errno', '-fno-trapping-math'],
];

/** A platform for which the package contains a native addon. */
export interface PrebuiltAddon {
  /** Platform and processor, as `process.platform` and `process.arch` name them */
  readonly platform: 'linux' | 'darwin' | 'win32';
  readonly arch: 'x64' | 'arm64';
  /** Name of the addon in the folder of prebuilt ones */
  readonly file: string;
  /** The compiler's name of the platform */
  readonly triple: string;
}

export const addonTargets: readonly PrebuiltAddon[] = (
  [
    ['linux', 'x64', 'x86_64-unknown-linux-gnu'],
    ['linux', 'arm64', 'aarch64-unknown-linux-gnu'],
    ['darwin', 'x64', 'x86_64-apple-macos11'],
    ['darwin', 'arm64', 'arm64-apple-macos11'],
    ['win32', 'x64', 'x86_64-pc-windows-msvc'],
    ['win32', 'arm64', 'aarch64-pc-windows-msvc'],
  ] as const
).map(([platform, arch, triple]) => ({ platform, arch, triple, file: `${platform}-${arch}.node` }));
