const avx2 = ['-mavx2', '-mfma'];
/** What emulates an instruction is slow in any case, and is to be small. */
const emulation = ['-DHALF', '-Os'];
/** A level that differs from another one in its products alone, and shares the rest with it */
const basedOn = (level: string) => `-DBASE=${level}`;
const avx512 = ['-mavx512f', '-mavx512dq', '-mavx512vl', '-mavx512bw', '-mfma'];

/** The levels of an architecture that has no line of its own */
export const baselineAlone: Readonly<Record<string, readonly string[]>> = {
  baseline: [],
  baselinebf16: [...emulation, basedOn('baseline')],
  baselineint8: ['-DINT8', basedOn('baseline')],
};

const avx512bf16 = [...avx512, '-mavx512bf16', '-DHALF', basedOn('avx512')];

/**
 * Instruction levels of an architecture, with what a compiler is told for each. Those with HALF have products
 * in half precision, those with INT8 weights of 8 bits; AMX, BFMMLA and SDOT are instructions for them. BASE is the
 * level whose other functions one shares.
 */
export const instructionLevels: Readonly<
  Record<string, Readonly<Record<string, readonly string[]>>>
> = {
  x64: {
    baseline: [],
    avx2,
    avx512,
    avx512bf16,
    amxbf16: [...avx512bf16, '-mamx-tile', '-mamx-bf16', '-DAMX'],
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

/** What every compiler of the kernels is told */
export const kernelFlags: readonly string[] = [
  ...['-O3', '-std=gnu11', '-fno-math-errno', '-fno-trapping-math'],
];

/** The platforms that the package brings a native addon for. */
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
