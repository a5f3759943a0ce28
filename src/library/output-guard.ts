/**
 * The only place that decides whether a file may be written. If the path exists, it must be that of a regular file that
 * the command does not read, and the file must be empty or of the kind that is to be written: a model replaces a model.
 */
import { access, constants, realpath, stat } from 'node:fs/promises';
import { dirname, resolve, sep } from 'node:path';
import { resolveLinks, temporaryName } from '../checkpoint/atomic.js';
import { CharnnError, optionName, systemReason, UsageError } from '../errors.js';
import { type OwnKind, ownKind } from '../files/own-kinds.js';
import { isSameFile, ownStreamTo } from '../files/own-streams.js';
import { quote } from '../messages/quote.js';
import { startOf } from '../text/open-file.js';

export interface GuardedOutput {
  readonly path: string;
  readonly kind: 'model' | 'state' | 'search' | 'page' | 'safetensors' | 'onnx';
  /**
   * Whether an existing model, training state or record of a search may be replaced; files that were made from a model,
   * such as pages, may always be replaced
   */
  readonly mayReplace: boolean;
  /** Whether the user can be advised to resume from an existing file instead of replacing it */
  readonly mayResume?: boolean;
  /** Whether the path was derived from the one that the user gave, so that messages must not name an option for it */
  readonly isDerived?: boolean;
  /** Paths of what the command reads; `-` and absent paths are ignored */
  readonly inputs: readonly (string | null | undefined)[];
}

/** Max bytes of a file name on most file systems */
const maxNameBytes = 255;

const names = {
  model: 'a model',
  state: 'the state of a training run',
  page: 'a page',
  log: 'the log of a training run',
  compressed: 'a compressed file',
  search: 'the record of a search',
  safetensors: 'a safetensors file',
  onnx: 'an ONNX file',
};

/**
 * @throws UsageError for a path that can never be written to
 * @throws CharnnError for a file that may not be replaced, or a folder that cannot be written to
 */
export async function guardOutput(output: GuardedOutput): Promise<void> {
  const { path, kind, mayReplace, mayResume = true, inputs, isDerived = false } = output;
  const shown = quote(path);
  const named = isDerived ? shown : `${optionName('output')} ${shown}`;
  if (path === '') throw new UsageError(`${optionName('output')} is empty: name a file`);
  if (path === '-') {
    throw new UsageError(
      `${named} would be standard output, and ${names[kind]} is not written there: name a file`,
    );
  }
  if (path.endsWith('/') || path.endsWith(sep)) {
    throw new UsageError(`${named} is the name of a folder: name a file`);
  }
  const folders = await requireWritableFolder(path);
  const existing = await stat(path).catch((cause) => {
    if (cause.code === 'ENOENT') return undefined;
    throw cannotWrite(path, cause);
  });
  if (existing?.isDirectory()) throw new UsageError(`${named} is a folder: name a file`);
  if (existing && !existing.isFile()) {
    throw new UsageError(`${named} is a device or a pipe: name a file`);
  }
  if (folders.some(isOfDevices)) {
    throw new UsageError(`${named} is in a folder of devices: name a file in another folder`);
  }
  if (existing === undefined) return;
  const stream = ownStreamTo(path, existing);
  if (stream !== undefined) {
    throw new UsageError(
      `${named} is the file that ${stream} goes to: give another ${optionName('output')}`,
    );
  }
  const found = existing.size === 0 ? kind : ownKind(await startOf(path));
  const isWork = (of: OwnKind | undefined) => of === 'model' || of === 'state' || of === 'search';
  if (isWork(kind) && !mayReplace && isWork(found)) {
    const advice = mayResume ? ` ${optionName('resume')} to continue it,` : '';
    throw new CharnnError(
      `${shown} exists already: give ${optionName('force')} to replace it,${advice} or another ${optionName('output')}`,
    );
  }
  if (found !== kind) {
    const is =
      found === undefined ? 'not a file that charnn wrote' : `${names[found]}, not ${names[kind]}`;
    throw new CharnnError(
      `${shown} is ${is}, so it is not replaced: give another ${optionName('output')}`,
    );
  }
  for (const input of inputs) {
    if (input == null || input === '-' || !isSameFile(path, input)) continue;
    throw new CharnnError(
      `${named} is the file ${quote(input)}, which this command reads: give another ${optionName('output')}`,
    );
  }
}

/**
 * @returns the folder that contains the file, once with links followed and once without
 * @throws CharnnError when no file can be created beside this one
 */
async function requireWritableFolder(path: string): Promise<string[]> {
  // the temporary name under which the file is written before it is renamed must not be too long
  if (Buffer.byteLength(temporaryName(path, '01234567')) > maxNameBytes) {
    throw new UsageError(
      `${optionName('output')} ${quote(path)} is too long a name: give a shorter one`,
    );
  }
  // if the path is a link, the file is written to the folder into which the link leads
  let folder = dirname(path);
  let real: string;
  try {
    const target = dirname(await resolveLinks(path));
    if (target !== resolve(folder)) folder = target;
    await access(target, constants.W_OK);
    real = await realpath(target);
  } catch (cause) {
    throw new CharnnError(
      `cannot write to the folder ${quote(folder)}: ${systemReason(cause)}; give another ${optionName('output')}`,
      1,
      { cause },
    );
  }
  return [real, dirname(resolve(path))];
}

/**
 * Whether a folder contains devices or belongs to the system itself; below /dev there are also folders for files, such
 * as /dev/shm.
 */
function isOfDevices(folder: string): boolean {
  return /^\/(dev(\/fd)?|proc(\/.*)?|sys(\/.*)?)$/.test(folder);
}

function cannotWrite(path: string, cause: unknown): CharnnError {
  return new CharnnError(
    `cannot write ${quote(path)}: ${systemReason(cause)}; give another ${optionName('output')}`,
    1,
    { cause },
  );
}
