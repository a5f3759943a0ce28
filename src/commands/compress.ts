/** `charnn compress` and `charnn decompress`. */
import { usableCores } from '../backend/cores.js';
import type { BackendName } from '../backend/device.js';
import { openDevice, openExactDevice } from '../backend/open-device.js';
import { readModel } from '../checkpoint/model-file.js';
import { createOutput } from '../cli/output.js';
import { createShareProgress } from '../cli/progress.js';
import { compress, decompress, requireCompressible } from '../compress/compress.js';
import { UsageError } from '../errors.js';
import { requireMemory } from '../machine.js';
import { findSources } from '../text/sources.js';
import { write } from './write.js';

/** The size of what comes through a pipe is looked at as often as this. */
const checkedBytes = 1 << 24;

export interface RawCompressOptions {
  readonly model?: string;
  /** False with --no-learn */
  readonly learn?: boolean;
  readonly threads?: number;
  readonly backend?: BackendName;
  readonly quiet?: boolean;
}

export interface RawDecompressOptions {
  readonly model?: string;
  readonly quiet?: boolean;
}

export async function compressFile(
  path: string | undefined,
  raw: RawCompressOptions,
): Promise<void> {
  const output = createOutput(raw.quiet ?? false);
  if (raw.model === undefined && raw.learn === false) {
    throw new UsageError('--no-learn is for a model that knows something: give --model');
  }
  if (process.stdout.isTTY) {
    throw new UsageError('compressed data is not for a terminal: redirect standard output');
  }
  const model = raw.model === undefined ? undefined : await readModel(raw.model);
  const { content } = await readInput(path, requireCompressible);
  const device = await openDevice(raw.backend);
  if (device.note !== undefined) output.note(device.note);
  // whether relaxed multiply-adds are fused depends on the machine: these are not
  const computing = device.kind === 'wasm' ? await openExactDevice('wasm (simd)') : device;
  const file = await withProgress(raw.quiet ?? false, (onProgress) =>
    compress(content, {
      model,
      learn: raw.learn ?? true,
      threads: raw.threads ?? usableCores(),
      device: computing,
      onProgress,
    }),
  );
  if (content.length > 0) {
    const bits = (8 * file.length) / content.length;
    output.note(`${content.length} bytes to ${file.length}: ${bits.toFixed(3)} bits per byte`);
  }
  await write(file);
}

export async function decompressFile(
  path: string | undefined,
  raw: RawDecompressOptions,
): Promise<void> {
  const model = raw.model === undefined ? undefined : await readModel(raw.model);
  const { content, name } = await readInput(path, (bytes) =>
    requireMemory(2 * bytes, 'a compressed file of this size'),
  );
  const restored = await withProgress(raw.quiet ?? false, (onProgress) =>
    decompress(content, name, model, onProgress),
  );
  await write(restored);
}

async function withProgress<T>(
  quiet: boolean,
  work: (onProgress: (share: number) => void) => Promise<T>,
): Promise<T> {
  const progress = createShareProgress(quiet);
  try {
    return await work(progress.show);
  } finally {
    progress.stop();
  }
}

/** @param check is told the size, where it is known beforehand, and what has been read so far */
async function readInput(path: string | undefined, check: (bytes: number) => void) {
  if (path === undefined && process.stdin.isTTY) {
    throw new UsageError('no file given: name one, or pipe something in');
  }
  const [source, ...more] = await findSources([path ?? '-'], process.stdin);
  if (more.length > 0) throw new UsageError('a folder is not one file: pack it with tar');
  check(source.size ?? 0);
  const pieces: Buffer[] = [];
  let read = 0;
  for await (const piece of source.read()) {
    const before = read;
    read += piece.length;
    if (Math.floor(read / checkedBytes) > Math.floor(before / checkedBytes)) check(read);
    pieces.push(Buffer.from(piece));
  }
  return { content: Buffer.concat(pieces), name: source.name };
}
