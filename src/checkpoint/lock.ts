/**
 * A lock file beside a model, so that two trainings do not write the same one.
 *
 * It says which process holds it. On one machine that process can be looked up, so a lock whose holder
 * was killed is taken over at once; of a holder elsewhere (another machine or container on the same
 * files) the file's age tells, as the holder touches it every few seconds. Locks of the kernel would do
 * without all this, but Node has none; the lock files of npm's packages know the age alone, so that a
 * killed training could not be resumed for a while.
 */
import { randomBytes } from 'node:crypto';
import {
  constants,
  linkSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { appendFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { CharnnError, systemReason } from '../errors.js';
import { quote } from '../text/quote.js';
import { resolveLinks, temporaryName } from './atomic.js';
import { processExists, processRealm, startOfProcess } from './process.js';

/** A holder touches its lock this often; one elsewhere is given up after this long. */
const touchMs = 5_000;
const patienceMs = 60_000;
const attempts = 5;

interface Holder {
  readonly pid: number;
  readonly host: string;
  readonly realm: string;
  readonly started: string | undefined;
  /** This very lock */
  readonly token: string;
}

export interface Lock {
  /** @throws CharnnError when another process has taken the lock over */
  check(): void;
  /** Gives the lock up; a second call does nothing. */
  release(): void;
}

/**
 * Locks a model for writing.
 * @throws CharnnError when another living process holds the lock, or none can be made
 */
export async function lockModel(modelPath: string): Promise<Lock> {
  const target = await resolveLinks(modelPath);
  const path = join(dirname(target), `.${basename(target)}.lock`);
  const own: Holder = {
    pid: process.pid,
    host: hostname(),
    realm: processRealm(),
    started: startOfProcess(process.pid),
    token: randomBytes(8).toString('hex'),
  };
  try {
    acquire(path, temporaryName(target, own.token.slice(0, 8)), own, modelPath);
  } catch (cause) {
    if (cause instanceof CharnnError) throw cause;
    throw new CharnnError(
      `cannot write to the folder ${quote(dirname(modelPath))}: ${systemReason(cause)}; give another --output`,
      1,
      { cause },
    );
  }
  // a written byte gets the file system's time, whatever the clock here says
  const flag = constants.O_WRONLY | constants.O_APPEND;
  const touching = setInterval(() => {
    appendFile(path, '\n', { flag }).catch(() => {});
  }, touchMs).unref();
  return {
    check() {
      const holder = readHolder(path);
      if (holder !== undefined && holder.token !== own.token) throw heldBy(holder, modelPath);
    },
    release() {
      clearInterval(touching);
      if (readHolder(path)?.token === own.token) rmSync(path, { force: true });
    },
  };
}

function acquire(path: string, temporaryName: string, own: Holder, modelPath: string): void {
  const temporary = join(dirname(path), temporaryName);
  writeFileSync(temporary, JSON.stringify(own), { flag: 'wx' });
  try {
    for (let attempt = 1; !create(path, temporary); attempt++) {
      const holder = readHolder(path);
      if (holder === undefined) continue;
      if (attempt === attempts || isAlive(holder, path, temporary)) throw heldBy(holder, modelPath);
      remove(path, holder);
    }
  } finally {
    rmSync(temporary, { force: true });
  }
}

/** Makes the lock with its contents at one stroke; false when there is one already. */
function create(path: string, temporary: string): boolean {
  try {
    linkSync(temporary, path);
    return true;
  } catch (cause) {
    if (codeOf(cause) === 'EEXIST') return false;
  }
  // a file system without hard links
  try {
    writeFileSync(path, readFileSync(temporary), { flag: 'wx' });
    return true;
  } catch (cause) {
    if (codeOf(cause) === 'EEXIST') return false;
    throw cause;
  }
}

/** Undefined when there is no lock (any more). */
function readHolder(path: string): Holder | undefined {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (cause) {
    if (codeOf(cause) === 'ENOENT') return undefined;
    throw cause;
  }
  try {
    const { pid, host, realm, started, token } = JSON.parse(text);
    return { pid: Number(pid), host: String(host), realm, started, token };
  } catch {
    // not yet, or never, written: a holder that only age tells about
    return { pid: 0, host: 'unknown', realm: '', started: undefined, token: '' };
  }
}

function isAlive({ pid, realm, started }: Holder, path: string, temporary: string): boolean {
  if (realm === processRealm()) {
    if (!processExists(pid)) return false;
    if (started !== undefined) return startOfProcess(pid) === started;
  }
  // both by the clock of the file system, which is one for all; not a number when the lock is gone
  const { mtimeMs = Number.NaN } = statSync(path, { throwIfNoEntry: false }) ?? {};
  return statSync(temporary).mtimeMs - mtimeMs < patienceMs;
}

/** Removes the lock of a dead holder, and no other: somebody else may have been quicker. */
function remove(path: string, dead: Holder): void {
  const aside = `${path}.${randomBytes(4).toString('hex')}`;
  try {
    renameSync(path, aside);
    if (readHolder(aside)?.token === dead.token) rmSync(aside);
    else renameSync(aside, path);
  } catch (cause) {
    if (codeOf(cause) !== 'ENOENT') throw cause;
  }
}

function heldBy({ pid, host }: Holder, modelPath: string): CharnnError {
  return new CharnnError(
    `${quote(modelPath)} is being trained by process ${pid} on ${quote(host)}: wait for it, end it, or give another --output`,
  );
}

function codeOf(cause: unknown): string | undefined {
  return (cause as NodeJS.ErrnoException).code;
}
