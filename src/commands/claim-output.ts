/** Before hours of work: can its result be kept, and does nobody else write it? */
import { access, constants, stat, statfs } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { removeTemporaryFiles, resolveLinks, temporaryName } from '../checkpoint/atomic.js';
import { type Lock, lockModel } from '../checkpoint/lock.js';
import { readModel } from '../checkpoint/model-file.js';
import { statePath } from '../checkpoint/state-file.js';
import type { Output } from '../cli/output.js';
import { CharnnError, systemReason, UsageError } from '../errors.js';
import type { Model } from '../model/model.js';
import { quote } from '../text/quote.js';
import { isOwnFile } from '../text/sources.js';
import type { TrainingState } from '../train/state.js';

/** Of most file systems, in bytes */
const longestName = 255;

/**
 * Makes sure that a model can be written, keeps other trainings from it, and clears away what a killed
 * one has left.
 * @throws CharnnError when it cannot
 */
export async function claimOutput(path: string, mayReplace: boolean): Promise<Lock> {
  if (path === '') throw new UsageError('--output is empty: name a file');
  await requireWritableFolder(path);
  for (const file of [path, statePath(path)]) await requireReplaceable(file, mayReplace);
  const lock = await lockModel(path);
  // not left behind where the process ends at once, at a second Ctrl-C
  process.once('exit', lock.release);
  await removeTemporaryFiles(path);
  await removeTemporaryFiles(statePath(path));
  return lock;
}

/**
 * Both files are to be kept, and beside them the new one of either that is going to replace it.
 * @param modelBytes what the model will take
 * @param stateBytes what its training state will take
 * @param keptModels further models that will lie beside it
 * @throws CharnnError with both figures when the disk has no room for them
 */
export async function requireSpace(
  path: string,
  modelBytes: number,
  stateBytes: number,
  keptModels: number,
): Promise<void> {
  let kept = 0;
  for (const file of [path, statePath(path)]) {
    kept += (await stat(file).catch(() => undefined))?.size ?? 0;
  }
  const replaced = Math.max(0, modelBytes + stateBytes - kept);
  const bytes = Math.max(modelBytes, stateBytes) + replaced + keptModels * modelBytes;
  const folder = dirname(await resolveLinks(path));
  const disk = await statfs(folder).catch(() => undefined);
  // some file systems do not tell
  if (disk === undefined || disk.blocks === 0) return;
  const free = disk.bavail * disk.bsize;
  if (free >= bytes) return;
  throw new CharnnError(
    `the folder ${quote(dirname(path))} has no room for the model and its training state: saving them takes ${megabytes(bytes)}, and ${megabytes(free)} are free; give another --output`,
  );
}

/**
 * The file at this path, if any, is one of charnn's and may be replaced.
 * @throws CharnnError otherwise: whatever else it is, nobody is to lose it
 */
async function requireReplaceable(path: string, mayReplace: boolean): Promise<void> {
  const shown = quote(path);
  const existing = await stat(path).catch(() => undefined);
  if (existing === undefined) return;
  if (existing.isDirectory()) throw new UsageError(`--output ${shown} is a folder: name a file`);
  if (!existing.isFile()) {
    throw new UsageError(`--output ${shown} is a device or a pipe: name a file`);
  }
  if (!mayReplace) {
    throw new CharnnError(
      `${shown} exists already: give --force to replace it, --resume to go on with it, or another --output`,
    );
  }
  if (existing.size === 0 || (await isOwnFile(path))) return;
  throw new CharnnError(
    `${shown} is not a file of charnn's, so it is not replaced: give another --output`,
  );
}

/** @throws CharnnError when no file can be made beside this one */
export async function requireWritableFolder(path: string): Promise<void> {
  // the longest of the names that are going to be used
  const name = temporaryName(statePath(path), '01234567');
  if (Buffer.byteLength(name) > longestName) {
    throw new UsageError(`--output ${quote(path)} is too long a name: take a shorter one`);
  }
  // a link may lead elsewhere
  let folder = dirname(path);
  try {
    const target = dirname(await resolveLinks(path));
    if (target !== resolve(folder)) folder = target;
    await access(target, constants.W_OK);
  } catch (cause) {
    throw new CharnnError(
      `cannot write to the folder ${quote(folder)}: ${systemReason(cause)}; give another --output`,
      1,
      { cause },
    );
  }
}

function megabytes(bytes: number): string {
  return `${(bytes / 1e6).toFixed(1)} MB`;
}

/**
 * Whether the model beside a state is of the same training.
 * @returns the state to go on from, and the model: without it, the best one is still to be found
 * @throws CharnnError when it is of another training, or damaged
 */
export async function matchModel(
  state: TrainingState,
  modelPath: string,
  output: Output,
): Promise<{ resume: TrainingState; best?: Model }> {
  const shown = quote(modelPath);
  if ((await stat(modelPath).catch(() => undefined)) === undefined) {
    if (state.bestLoss === null) return { resume: state };
    output.warn(`${shown} is missing: the best model from now on will be kept`);
    return { resume: { ...state, bestLoss: null } };
  }
  const best = await readModel(modelPath);
  const id = best.training?.id;
  if (state.id === undefined || id === undefined || id === state.id) return { resume: state, best };
  throw new CharnnError(
    `${quote(statePath(modelPath))} belongs to another model than ${shown}: put the right one of them there, or start anew with --force`,
  );
}
