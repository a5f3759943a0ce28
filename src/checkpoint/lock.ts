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
  closeSync,
  constants,
  linkSync,
  lstatSync,
  openSync,
  readFileSync,
  readSync,
  renameSync,
  rmSync,
  type Stats,
  statSync,
  writeFileSync,
} from 'node:fs';
import { appendFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { CharnnError, optionName, systemReason } from '../errors.js';
import { readFlags } from '../files/open-input.js';
import { processExists, processRealm, startOfProcess } from '../machine/process.js';
import { quote } from '../messages/quote.js';
import { resolveLinks, temporaryName } from './atomic.js';

/** Interval in which a holder renews its lock, and the age after which a lock of another machine counts as dead */
const touchMs = 5_000;
const patienceMs = 60_000;
const attempts = 5;

interface Holder {
  readonly pid: number;
  readonly host: string;
  readonly realm: string;
  readonly started: string | undefined;
  /** Identifies this lock among others of the same path */
  readonly token: string;
}

export interface Lock {
  /** @throws CharnnError when another process has taken the lock over */
  check(): void;
  /** Gives the lock up; a second call does nothing. */
  release(): void;
}

/**
 * Locks a file for writing, such as a model or its training state.
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
      `cannot write to the folder ${quote(dirname(modelPath))}: ${systemReason(cause)}; give another ${optionName('output')}`,
      1,
      { cause },
    );
  }
  // a written byte gets the file system's time, whatever the clock here says
  const flag = constants.O_WRONLY | constants.O_APPEND | (constants.O_NONBLOCK ?? 0);
  const touching = setInterval(() => {
    appendFile(path, '\n', { flag }).catch(() => {});
  }, touchMs).unref();
  return {
    check() {
      const holder = readHolder(path);
      if (holder !== undefined && holder.token !== own.token) throw heldBy(holder, path, modelPath);
    },
    release() {
      clearInterval(touching);
      try {
        if (readHolder(path)?.token === own.token) rmSync(path, { force: true });
      } catch {
        // the file was replaced, or the folder is gone: the lock is lost
      }
    },
  };
}

function acquire(path: string, temporaryName: string, own: Holder, modelPath: string): void {
  const temporary = join(dirname(path), temporaryName);
  writeFileSync(temporary, JSON.stringify(own), { flag: 'wx' });
  try {
    for (let attempt = 1; !create(path, temporary); attempt++) {
      const holder = readHolder(path);
      if (holder !== undefined && isAlive(holder, path, temporary)) {
        throw heldBy(holder, path, modelPath);
      }
      if (attempt === attempts) throw inTheWay(path, 'changes all the time');
      if (holder !== undefined) remove(path, holder);
    }
  } finally {
    rmSync(temporary, { force: true });
  }
}

/** Creates the lock together with its contents; returns false when there is one already. */
function create(path: string, temporary: string): boolean {
  try {
    linkSync(temporary, path);
    return true;
  } catch (cause) {
    if (codeOf(cause) === 'EEXIST') return false;
  }
  // the file system has no hard links
  try {
    writeFileSync(path, readFileSync(temporary), { flag: 'wx' });
    return true;
  } catch (cause) {
    if (codeOf(cause) === 'EEXIST') return false;
    throw cause;
  }
}

/** Max bytes of a lock that are read: its contents come first, and each renewal appends to it. */
const readBytes = 4096;

/**
 * Reads the lock; returns undefined when there is no lock (any more).
 * @throws CharnnError when there is something else in its place
 */
function readHolder(path: string): Holder | undefined {
  const stats = lstatSync(path, { throwIfNoEntry: false });
  if (stats === undefined) return undefined;
  if (!stats.isFile()) throw inTheWay(path, `is ${whatIs(stats)}`);
  let text: string;
  try {
    text = startOf(path);
  } catch (cause) {
    if (codeOf(cause) === 'ENOENT') return undefined;
    throw inTheWay(path, `cannot be read (${systemReason(cause)})`, cause);
  }
  try {
    const { pid, host, realm, started, token } = JSON.parse(text);
    return { pid: Number(pid), host: String(host), realm, started, token };
  } catch {
    // the holder has not written its contents: only the age can tell whether it is alive
    return { pid: 0, host: 'unknown', realm: '', started: undefined, token: '' };
  }
}

function startOf(path: string): string {
  const descriptor = openSync(path, readFlags);
  try {
    const buffer = Buffer.alloc(readBytes);
    return buffer.toString('utf8', 0, readSync(descriptor, buffer, 0, readBytes, 0));
  } finally {
    closeSync(descriptor);
  }
}

function whatIs(stats: Stats): string {
  if (stats.isSymbolicLink()) return 'a link';
  if (stats.isDirectory()) return 'a folder';
  return stats.isFIFO() ? 'a pipe' : 'a device or a socket';
}

/** Makes the error for a lock's path where something other than a lock lies, or a lock that cannot be waited for. */
function inTheWay(path: string, is: string, cause?: unknown): CharnnError {
  return new CharnnError(
    `${quote(path)}, the lock file of this training, ${is}: if no other training is running, remove it`,
    1,
    { cause },
  );
}

function isAlive({ pid, realm, started }: Holder, path: string, temporary: string): boolean {
  if (realm === processRealm()) {
    if (!processExists(pid)) return false;
    if (started !== undefined) return startOfProcess(pid) === started;
  }
  // both times are of the file system's clock, which all machines share; not a number when the lock is gone
  const { mtimeMs = Number.NaN } = statSync(path, { throwIfNoEntry: false }) ?? {};
  const age = statSync(temporary).mtimeMs - mtimeMs;
  if (age < -patienceMs) throw inTheWay(path, 'has a time in the future');
  return age < patienceMs;
}

/** Removes the lock of a dead holder, unless another process has replaced it already. */
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

function heldBy({ pid, host }: Holder, path: string, modelPath: string): CharnnError {
  const elsewhere = host === hostname() ? '' : `; if it has ended, remove ${quote(path)}`;
  return new CharnnError(
    `${quote(modelPath)} is being trained by process ${pid} on ${quote(host)}: wait for it, end it, or give another ${optionName('output')}${elsewhere}`,
  );
}

function codeOf(cause: unknown): string | undefined {
  return (cause as NodeJS.ErrnoException).code;
}
