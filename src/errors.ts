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
  override readonly name = 'UsageError';

  constructor(message: string, options?: ErrorOptions) {
    super(message, exitCode.usage, options);
  }
}

/** Training met a loss that is not finite, or far above its best: exit code 3. */
export class DivergenceError extends CharnnError {
  override readonly name = 'DivergenceError';

  constructor(message: string, options?: ErrorOptions) {
    super(message, exitCode.diverged, options);
  }
}
