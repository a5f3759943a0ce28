/** Handling of standard output and standard error when their reader has gone away. */
import { CharnnError, exitCode, systemReason } from '../errors.js';
import { printable } from '../messages/quote.js';
import { endByHangup } from './signals.js';

/** Watches standard output and standard error for the loss of their reader or of the terminal. */
export class StandardStreams {
  /** Until a command begins, standard output is used for help only. */
  private purpose: 'result' | 'events' = 'result';
  private outputIsLost = false;
  private terminalIsLost = false;

  /** @param report prints an error and sets the exit code */
  constructor(private readonly report: (error: unknown) => void) {
    process.stdout.on('error', (error: NodeJS.ErrnoException) => {
      if (this.purpose === 'result') this.endWithout(error);
      else this.goOnWithout(error);
    });
    // the terminal has gone away; nothing can be printed
    process.stderr.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'EIO') this.loseTerminal();
    });
  }

  /** Sets the purpose of standard output from now on, which decides whether the work goes on without a reader. */
  use(purpose: 'result' | 'events'): void {
    this.purpose = purpose;
  }

  private endWithout(error: NodeJS.ErrnoException): never {
    // a reader that has seen enough is not an error
    if (error.code === 'EPIPE') process.exit(exitCode.done);
    this.report(new CharnnError(`cannot write to standard output: ${systemReason(error)}`));
    process.exit();
  }

  private goOnWithout(error: NodeJS.ErrnoException): void {
    if (error.code === 'EIO') this.loseTerminal();
    else if (!this.outputIsLost) {
      const reason = error.code === 'EPIPE' ? 'it is closed' : systemReason(error);
      process.stderr.write(
        `warning: events can no longer be written to standard output: ${printable(reason)}\n`,
      );
    }
    this.outputIsLost = true;
  }

  private loseTerminal(): void {
    if (!this.terminalIsLost) endByHangup();
    this.terminalIsLost = true;
  }
}
