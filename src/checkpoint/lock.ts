/**
 * A lock file beside a model, so that no two training runs write the same one.
 *
 * The file says which process holds the lock. On the same machine that process can be looked up, so a lock whose holder
 * was killed is taken over at once. If the holder runs elsewhere (on another machine or in a container with the same
 * files), the file's age decides, because a holder touches it every few seconds. Locks of the operating system would
 * need none of this, but Node.js does not offer them; npm packages for lock files rely on age alone, so that a killed
 * training run could not be resumed for a while.
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

/** Milliseconds between two renewals of a lock, and the age from which a lock of another machine counts as dead */
const touchMs = 5_000;
const patienceMs = 60_000;
const attempts = 5;

interface Holder {
  readonly pid: number;
  readonly host: string;
  readonly realm: string;
  readonly started: string | undefined;
  /** Distinguishes this lock from others at the same path */
  readonly token: string;
}

export interface Lock {
  /** @throws CharnnError when another process has taken over the lock */
  check(): void;
  /** Releases the lock; a second call does nothing. */
  release(): void;
}

/**
 * Locks a file for writing, such as a model or its training state.
 * @throws CharnnError when another living process holds the lock, or it cannot be created
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
  // writing a byte sets the lock file's time of change by the file system's clock, whatever this machine's clock says
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
        // the file was replaced, or the folder is gone, so the lock is lost
      }
    },
  };
}

function acquire(path: string, temporaryName: string, own: Holder, modelPath: string): void {
  const temporary = join(dirname(path), temporaryName);
  try {
    // on a full disk, the file is created but cannot be filled, and must then be removed as well
    writeFileSync(temporary, JSON.stringify(own), { flag: 'wx' });
    for (let attempt = 1; !create(path, temporary); attempt++) {
      const holder = readHolder(path);
      if (holder !== undefined && isAlive(holder, path, temporary)) {
        throw heldBy(holder, path, modelPath);
      }
      if (attempt === attempts) throw inTheWay(path, 'keeps changing');
      if (holder !== undefined) remove(path, holder);
    }
  } finally {
    rmSync(temporary, { force: true });
  }
}

/** Creates the lock together with its contents; returns false when one exists already. */
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
    rmSync(path, { force: true });
    throw cause;
  }
}

/** Max bytes of a lock file that are read: its contents come first, and each renewal appends a byte. */
const readBytes = 4096;

/**
 * Reads the lock; returns undefined when there is none, or no longer one.
 * @throws CharnnError when something else is at its path
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
    // the lock file has no contents of its holder yet, so only the file's age can tell whether the holder is alive
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

/**
 * Makes the error for a lock file that can neither be taken over nor waited for, for instance because it is a folder.
 */
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
  // the age of the lock file is measured by the file system's clock, which all machines share, with the help of a new
  // file; it is NaN when the lock is gone
  const { mtimeMs = Number.NaN } = statSync(path, { throwIfNoEntry: false }) ?? {};
  const age = statSync(temporary).mtimeMs - mtimeMs;
  if (age < -patienceMs) throw inTheWay(path, 'has a modification time in the future');
  return age < patienceMs;
}

/** Removes the lock of a dead holder, unless another process has already replaced it. */
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
