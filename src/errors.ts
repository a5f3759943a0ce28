/**
 * Exit codes of the command line, one meaning each (documented in README.md).
 * The library throws errors that carry one of them; only `main.ts` turns them into a process status.
 */
export const exitCode = {
  done: 0,
  failed: 1,
  usage: 2,
  diverged: 3,
  hangup: 129,
  interrupted: 130,
  terminated: 143,
} as const;

export type ExitCode = (typeof exitCode)[keyof typeof exitCode];

/**
 * An error that a person can act on: its message is one lower-case line that says what is wrong,
 * which value, and what to do. Anything else that is thrown is a defect of charnn.
 */
export class CharnnError extends Error {
  override readonly name: string = 'CharnnError';

  constructor(
    message: string,
    readonly exitCode: ExitCode = 1,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}

/** A wrong option, argument or combination of them: exit code 2. */
export class UsageError extends CharnnError {
  override readonly name: string = 'UsageError';

  constructor(message: string, options?: ErrorOptions) {
    super(message, exitCode.usage, options);
  }
}

/** Spells an option's name, alone or with a value: `layerNorm`, or on the command line `--layer-norm`. */
export type Spelling = (key: string, value?: string) => string;

/** As programs spell options */
const asProperty: Spelling = (key, value) => (value === undefined ? key : `${key} ${value}`);

/**
 * Wrong usage that concerns options by name. The library names an option as a program spells it; the
 * command line words the same error with flags.
 */
export class OptionError extends UsageError {
  constructor(readonly spelt: (name: Spelling) => string) {
    super(spelt(asProperty));
  }
}

/** Training met a loss that is not finite, or far above its best: exit code 3. */
export class DivergenceError extends CharnnError {
  override readonly name = 'DivergenceError';

  constructor(message: string, options?: ErrorOptions) {
    super(message, exitCode.diverged, options);
  }
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
  EMFILE: 'too many files are open',
  EISDIR: 'it is a folder',
  ENOTDIR: 'a part of its path is not a folder',
  ENOENT: 'there is no such file or folder',
  EIO: 'the device reports an error',
};

/** Why a call to the system failed. Not its message: that holds the path as it is, control characters and all. */
export function systemReason(cause: unknown): string {
  const code = (cause as NodeJS.ErrnoException | undefined)?.code;
  return reasons[code ?? ''] ?? code ?? (cause instanceof Error ? cause.message : 'unknown error');
}
