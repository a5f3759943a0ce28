/**
 * Finds the native addon: one that was compiled on this machine from a checkout, or one that comes with the package for
 * this platform. A file is inspected before it is loaded, because loading a truncated one may crash the process.
 */
import { closeSync, existsSync, fstatSync, openSync, readFileSync, readSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const folder = fileURLToPath(new URL('./kernels/', import.meta.url));

/** Why there is no addon, and what helps; `unavailable` if none exists for this machine. */
export interface Missing {
  readonly missing: string;
  readonly unavailable: boolean;
}

export type AddonFile = { readonly path: string } | Missing;

/** The path of the addon for this platform, or the reason why there is none */
export function findAddon(): AddonFile {
  try {
    return find();
  } catch (error) {
    // the search fails if the addon's file or its folder cannot be read
    return { missing: `${(error as Error).message}: ${again()}`, unavailable: false };
  }
}

/** How to get the addon back: by installing the package, or by building the checkout. */
const again = () =>
  existsSync(`${folder}../../../src/backend/kernels/addon.c`) && !existsSync(list)
    ? 'run npm run build'
    : 'install charnn again';

const list = `${folder}prebuilt/addons.json`;

function find(): AddonFile {
  const compiled = `${folder}charnn.node`;
  if (existsSync(compiled)) return checked(compiled, undefined);
  if (!existsSync(list)) return { missing: notCompiled(`${compiled}.missing`), unavailable: false };
  const name = `${process.platform}-${process.arch}.node`;
  const addons = readList();
  if (addons === undefined) {
    return { missing: `${list} is damaged: install charnn again`, unavailable: false };
  }
  if (!Object.hasOwn(addons, name)) {
    return {
      missing: `charnn has no native kernels for ${process.platform} on ${process.arch}`,
      unavailable: true,
    };
  }
  const path = `${folder}prebuilt/${name}`;
  if (!existsSync(path)) {
    return { missing: `${path} is missing: install charnn again`, unavailable: false };
  }
  return checked(path, addons[name].bytes);
}

/** Why a checkout has no addon, as recorded by the build */
function notCompiled(reason: string): string {
  if (!existsSync(reason)) return 'the native kernels have not been compiled: run npm run build';
  return readFileSync(reason, 'utf8');
}

function readList(): Readonly<Record<string, { readonly bytes: number }>> | undefined {
  try {
    const { addons } = JSON.parse(readFileSync(list, 'utf8'));
    return typeof addons === 'object' && addons !== null ? addons : undefined;
  } catch {
    return undefined;
  }
}

/** @param bytes length of the file when it was built, if known */
function checked(path: string, bytes: number | undefined): AddonFile {
  const file = openSync(path, 'r');
  try {
    const head = Buffer.alloc(4096);
    const header = head.subarray(0, readSync(file, head, 0, head.length, 0));
    const { size } = fstatSync(file);
    const damage = damageOf(header, size, bytes);
    if (damage === undefined) return { path };
    return { missing: `${path} ${damage}: ${again()}`, unavailable: false };
  } finally {
    closeSync(file);
  }
}

function damageOf(header: Buffer, size: number, bytes: number | undefined): string | undefined {
  if (size === 0) return 'is empty';
  const made = machineOf(header);
  if (made === undefined) return 'is damaged';
  const here = `${process.platform}-${process.arch}`;
  // on other systems with the same file format, such as FreeBSD, the loader finds out whether the addon fits
  if (made !== here && ['linux', 'darwin', 'win32'].includes(process.platform)) {
    return `was made for ${made}, not for ${here}`;
  }
  const expected = bytes ?? sizeOfElf(header);
  if (expected === undefined) return undefined;
  if (size < expected) return `is cut off, at ${size} of ${expected} bytes`;
  return bytes !== undefined && size > bytes ? 'belongs to another version of charnn' : undefined;
}

/** The platform and processor for which an executable file was made, from its first bytes. */
function machineOf(header: Buffer): string | undefined {
  if (header.length < 64) return undefined;
  if (header.readUInt32BE(0) === 0x7f454c46) {
    return machineName('linux', header.readUInt16LE(18), { 62: 'x64', 183: 'arm64' });
  }
  if (header.readUInt32LE(0) === 0xfeedfacf) {
    return machineName('darwin', header.readUInt32LE(4), { 16777223: 'x64', 16777228: 'arm64' });
  }
  if (header.readUInt16BE(0) === 0x4d5a) {
    const at = header.readUInt32LE(60);
    if (at + 6 > header.length) return undefined;
    return machineName('win32', header.readUInt16LE(at + 4), { 34404: 'x64', 43620: 'arm64' });
  }
  return undefined;
}

function machineName(
  platform: string,
  machine: number,
  names: Readonly<Record<number, string>>,
): string {
  return `${platform}-${names[machine] ?? 'another processor'}`;
}

/** Min length of an ELF file, which must include its table of sections at the end. */
function sizeOfElf(header: Buffer): number | undefined {
  if (header.readUInt32BE(0) !== 0x7f454c46) return undefined;
  const table = Number(header.readBigUInt64LE(40));
  return table + header.readUInt16LE(58) * header.readUInt16LE(60);
}
