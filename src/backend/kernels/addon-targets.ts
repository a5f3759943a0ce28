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
