import { constants } from 'node:os';

/**
 * Exit codes of the command line, each with a single meaning (documented in README.md). The library throws errors that
 * carry one of them; only `main.ts` turns them into a process status.
 */
export const exitCode = {
  done: 0,
  failed: 1,
  usage: 2,
  diverged: 3,
  nothingFound: 4,
  hangup: 129,
  interrupted: 130,
  terminated: 143,
} as const;

/** What each exit code means, as README.md and the manual page explain it */
export const exitMeanings: Readonly<Record<string, string>> = {
  0: 'Success, also if the reader of standard output closed it early.',
  1: 'Failure, such as a missing or damaged file, or a full disk.',
  2: 'Wrong usage.',
  3: 'Training diverged; the last good model is kept.',
  4: 'Nothing was found: score --threshold printed no line.',
  '129, 130, 143': 'Ended by SIGHUP, SIGINT or SIGTERM, after saving.',
};

export type ExitCode = (typeof exitCode)[keyof typeof exitCode];

/** Writes an option's name, alone or with a value: `layerNorm` in a program, `--layer-norm` on the command line. */
export type Spelling = (key: string, value?: string) => string;

/** Options whose names in a program differ from those on the command line */
const propertyNames: Readonly<Record<string, string>> = {
  output: 'saveTo',
  temp: 'temperature',
  tempSchedule: 'temperatureSchedule',
};

/** Writes the name of an option as a program writes it: `layerNorm`. */
export const asProperty: Spelling = (key, value) => {
  const name = propertyNames[key] ?? key;
  return value === undefined ? name : `${name} ${value}`;
};

/** Private-use characters that mark an option's name in a message */
const [open, between, close] = ['\u{100000}', '\u{100001}', '\u{100002}'];
const marked = new RegExp(`${open}(.*?)(?:${between}(.*?))?${close}`, 'gsu');

/**
 * An option's name in a message. How it is written is decided only when the message is shown, because programs and the
 * command line name the same option differently.
 */
export const optionName: Spelling = (key, value) =>
  value === undefined ? `${open}${key}${close}` : `${open}${key}${between}${value}${close}`;

/** A message in which the names of options are written out. */
export function spelt(message: string, spelling: Spelling = asProperty): string {
  return message.replace(marked, (_, key: string, value?: string) => spelling(key, value));
}

/**
 * An error that the user can do something about: its message is one lower-case line that says what is wrong, which
 * value, and what to do. Anything else that is thrown is a defect of charnn. Options that are named by `optionName`
 * appear in the message as programs write them.
 */
export class CharnnError extends Error {
  override readonly name: string = 'CharnnError';
  readonly #unspelt: string;

  constructor(
    message: string,
    readonly exitCode: ExitCode = 1,
    options?: { readonly cause?: unknown },
  ) {
    super(spelt(message), options);
    this.#unspelt = message;
  }

  /** The message in which names of options are still marked */
  get unspelt(): string {
    return this.#unspelt;
  }
}

/** A wrong option, argument or combination of them: exit code 2. */
export class UsageError extends CharnnError {
  override readonly name: string = 'UsageError';

  constructor(message: string, options?: { readonly cause?: unknown }) {
    super(message, exitCode.usage, options);
  }
}

/** Wrong usage whose message names options. */
export class OptionError extends UsageError {
  constructor(sentence: (name: Spelling) => string) {
    super(sentence(optionName));
  }
}

/** The training loss is not finite, or far above its best: exit code 3. */
export class DivergenceError extends CharnnError {
  override readonly name = 'DivergenceError';

  constructor(message: string, options?: { readonly cause?: unknown }) {
    super(message, exitCode.diverged, options);
  }
}

/** The properties that Node.js adds to the error of a system call */
interface SystemError {
  readonly code?: string;
  readonly errno?: number;
  readonly syscall?: string;
  readonly path?: string;
}

const reasons: Readonly<Record<string, string>> = {
  EACCES: 'permission denied',
  EPERM: 'permission denied',
  EROFS: 'the file system is read-only',
  ENOSPC: 'no space is left on the device',
  EDQUOT: 'the quota of disk space is used up',
  EFBIG: 'the file would be larger than this process may write',
  ELOOP: 'its symbolic links go round in circles',
  ENAMETOOLONG: 'its name is too long',
  EMFILE: 'too many files are open in this process (see ulimit -n)',
  ENFILE: 'too many files are open on this machine',
  EISDIR: 'it is a folder',
  ENOTDIR: 'a part of its path is not a folder',
  ENOENT: 'there is no such file or folder',
  EEXIST: 'it exists already',
  EIO: 'the device reports an error',
  ENXIO: 'it is a socket, or a device or pipe that nothing is connected to',
  ENODEV: 'there is no such device',
  EBUSY: 'it is in use, perhaps as a mount point',
  ETXTBSY: 'it is a program that is running',
  EXDEV: 'it would have to move to another file system',
  EAGAIN: 'it is temporarily unavailable: try again',
  EINVAL: 'the file system does not support this',
  ENOTSUP: 'the file system does not support this',
  EOPNOTSUPP: 'the file system does not support this',
  ENOSYS: 'the system does not support this',
  ENOMEM: 'the system is out of memory',
  EPIPE: 'its reader has closed it',
  ECONNRESET: 'the other side has closed it',
  ESTALE: 'the network file system has lost it',
  ETIMEDOUT: 'the network file system does not answer',
  EHOSTDOWN: 'the network file system does not answer',
  EOVERFLOW: 'it is too large for this system',
  EINTR: 'the system call was interrupted',
  EBADF: 'it is closed',
  ERR_INVALID_ARG_VALUE: 'its name holds a NUL character',
};

/**
 * A phrase that says why a system call failed. Node's own message is not used, because it may contain control
 * characters from the path.
 */
export function systemReason(cause: unknown): string {
  const code = systemCode(cause);
  if (code === undefined) return cause instanceof Error ? cause.message : 'unknown error';
  return reasons[code] ?? `the system reports ${code}`;
}

/** The name of a system error, such as ENOENT. */
function systemCode(cause: unknown): string | undefined {
  const { code, errno = 0 } = (cause ?? {}) as SystemError;
  // libuv does not know the names of all system errors, for instance not those of EDQUOT and ESTALE
  if (code?.startsWith('Unknown system error')) {
    const known = Object.entries(constants.errno).find(([, number]) => number === Math.abs(errno));
    return known?.[0] ?? code;
  }
  return code;
}

/** What messages call a system call that failed, except those that open or read a file */
const calls: Readonly<Record<string, string>> = {
  scandir: 'list the folder',
  opendir: 'list the folder',
  mkdir: 'make the folder',
  mkdtemp: 'make the folder',
  write: 'write to',
  fsync: 'write to',
  rename: 'replace',
  unlink: 'remove',
  rm: 'remove',
  spawn: 'start a program:',
  chmod: 'set the permissions of',
  fchmod: 'set the permissions of',
};

/**
 * Turns a failed system call for which no other code has made a message into an error that the user can understand;
 * undefined for any other error, which is a defect of charnn.
 * @param shown formats a path for messages
 */
export function fromSystem(
  cause: unknown,
  shown: (path: string) => string,
): CharnnError | undefined {
  if (!(cause instanceof Error)) return undefined;
  const { code, syscall, path } = cause as SystemError;
  if (typeof code !== 'string' || typeof syscall !== 'string') return undefined;
  if (syscall === 'uv_cwd') {
    return new CharnnError(
      'the working directory is gone: change to one that exists, then try again',
      1,
      { cause },
    );
  }
  const name = syscall.split(' ')[0];
  const what = typeof path === 'string' ? shown(path) : 'a file';
  return new CharnnError(`cannot ${calls[name] ?? 'read'} ${what}: ${systemReason(cause)}`, 1, {
    cause,
  });
}
