/** Checks before hours of work that the result can be saved, and that no other process is writing it. */
import fs, { stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { removeTemporaryFiles, resolveLinks } from '../checkpoint/atomic.js';
import { type Lock, lockModel } from '../checkpoint/lock.js';
import { readAnyModel } from '../checkpoint/model-file.js';
import { formerStatePath, statePath } from '../checkpoint/state-file.js';
import { CharnnError, optionName } from '../errors.js';
import { quote } from '../messages/quote.js';
import type { Model } from '../model/model-data.js';
import type { TrainingState } from '../train/saving/training-state.js';
import type { Messages } from './messages.js';
import { type GuardedOutput, guardOutput } from './output-guard.js';

/**
 * Makes sure that a model and its training state can be written, locks both against other training runs, and removes
 * what a killed training run has left.
 * @param inputs paths of what the training reads
 * @throws CharnnError when the files cannot be written
 */
export async function claimOutput(
  path: string,
  mayReplace: boolean,
  inputs: GuardedOutput['inputs'],
): Promise<Lock> {
  const files = [path, statePath(path)];
  await guardOutput({ path, kind: 'model', mayReplace, inputs });
  await guardOutput({
    ...{ path: statePath(path), kind: 'state', isDerived: true },
    ...{ mayReplace, inputs },
  });
  const locks: Lock[] = [];
  const release = () => {
    process.removeListener('exit', release);
    for (const lock of locks) lock.release();
  };
  // the lock must be removed even when a second Ctrl-C ends the process at once
  process.once('exit', release);
  try {
    // the state is locked too, because another training run may use its name for a model
    for (const file of files) locks.push(await lockModel(file));
  } catch (cause) {
    release();
    throw cause;
  }
  for (const file of files) await removeTemporaryFiles(file);
  return {
    check() {
      for (const lock of locks) lock.check();
    },
    release,
  };
}

/**
 * Finds the state to resume from. For a model without an extension, earlier versions wrote the state under the name
 * that belongs to the model with the extension .json; such a state is used if there is no other.
 */
export async function findState(modelPath: string): Promise<string> {
  const [path, former] = [statePath(modelPath), formerStatePath(modelPath)];
  const exists = async (file: string) => (await stat(file).catch(() => undefined)) !== undefined;
  if (former === undefined || (await exists(path)) || !(await exists(modelPath))) return path;
  return (await exists(former)) ? former : path;
}

/**
 * Checks that the disk has room for a model and its training state, and for the new version of either while it replaces
 * the old one.
 * @param modelBytes size of the model
 * @param stateBytes size of its training state
 * @param keptModels number of further models that will be kept beside it
 * @throws CharnnError with the bytes needed and the bytes free when there is too little room
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
  const disk = await fs.statfs(folder).catch(() => undefined);
  // some file systems do not report their free space
  if (disk === undefined || disk.blocks === 0) return;
  const free = disk.bavail * disk.bsize;
  if (free >= bytes) return;
  throw new CharnnError(
    `the folder ${quote(dirname(path))} has no room for the model and its training state: saving them takes ${megabytes(bytes)}, but only ${megabytes(free)} are free; give another ${optionName('output')}`,
  );
}

function megabytes(bytes: number): string {
  return `${(bytes / 1e6).toFixed(1)} MB`;
}

/**
 * Checks that the model beside a state is of the same training run.
 * @param path of the state
 * @returns the state to resume from, and the model; if the model is missing, only the state, without its best loss
 * @throws CharnnError when the model is of another training run, or damaged
 */
export async function matchModel(
  state: TrainingState,
  path: string,
  modelPath: string,
  messages: Messages,
): Promise<{ resume: TrainingState; best?: Model }> {
  const shown = quote(modelPath);
  if ((await stat(modelPath).catch(() => undefined)) === undefined) {
    if (state.bestLoss === null) return { resume: state };
    messages.warn(
      `${shown} is missing: the best model so far is lost, so the next one is saved in any case`,
    );
    return { resume: { ...state, bestLoss: null } };
  }
  const best = await readAnyModel(modelPath);
  const id = best.training?.id;
  if (state.id === undefined || id === undefined || id === state.id) return { resume: state, best };
  throw new CharnnError(
    `${quote(path)} belongs to another model than ${shown}: put the right one there, or start a new training run with ${optionName('force')}`,
  );
}
