/** Signals that request the end of a training run. */
import { readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { exitCode } from '../errors.js';

const codes = {
  SIGINT: exitCode.interrupted,
  SIGTERM: exitCode.terminated,
  SIGHUP: exitCode.hangup,
  // Ctrl-Break, on Windows only
  SIGBREAK: exitCode.interrupted,
} as const;

type EndSignal = keyof typeof codes;
const names = Object.keys(codes) as EndSignal[];

export class Interruption {
  private readonly controller = new AbortController();
  /**
   * Whether a signal should end the work in an orderly way, because there is something to save; otherwise it ends the
   * process at once.
   */
  private orderly = false;
  private readonly onSignal = (name: EndSignal): void => {
    if (name === 'SIGHUP' && isUnderNohup()) return;
    if (name === 'SIGHUP' && hasTerminal()) endByHangup();
    if (!this.orderly || this.controller.signal.aborted) process.exit(codes[name]);
    this.controller.abort(name);
  };

  /** Starts listening for signals. */
  constructor() {
    for (const name of names) process.on(name, this.onSignal);
  }

  /**
   * Does work that a signal can end in an orderly way: the first signal aborts the AbortSignal that is passed to
   * `work`. The second signal of any kind ends the process.
   */
  async during<T>(work: (signal: AbortSignal) => Promise<T>): Promise<T> {
    this.orderly = true;
    try {
      return await work(this.controller.signal);
    } finally {
      this.orderly = false;
    }
  }

  /** The exit code for the signal that came during the work */
  get exitCode(): number | undefined {
    const { aborted, reason } = this.controller.signal;
    return aborted ? codes[reason as EndSignal] : undefined;
  }

  stopListening(): void {
    const goesOn = isUnderNohup();
    for (const name of names) {
      if (name !== 'SIGHUP' || !goesOn) process.off(name, this.onSignal);
    }
  }
}

/**
 * Whether nohup(1) started the process. It makes the process ignore hang-ups, but Node.js undoes that, so other traces
 * are examined: bash and zsh put nohup's path into the variable `_`, and GNU nohup replaces a terminal as standard
 * input by a file that cannot be read.
 */
function isUnderNohup(): boolean {
  if (basename(process.env._ ?? '') === 'nohup') return true;
  try {
    const flags = /^flags:\s*([0-7]+)/m.exec(readFileSync('/proc/self/fdinfo/0', 'latin1'));
    // 1 is the access mode O_WRONLY
    return flags !== null && (Number.parseInt(flags[1], 8) & 3) === 1;
  } catch {
    // this system has no /proc
    return false;
  }
}

function hasTerminal(): boolean {
  return process.stdout.isTTY || process.stderr.isTTY;
}

/**
 * Ends a process whose terminal is gone by raising SIGHUP. It cannot exit normally, because Node.js 20 and 22 abort
 * when they cannot restore the terminal's mode. Windows itself ends a process whose window is closed, after some
 * seconds.
 */
export function endByHangup(): void {
  if (process.platform === 'win32') return;
  process.once('exit', () => {
    process.removeAllListeners('SIGHUP');
    process.kill(process.pid, 'SIGHUP');
  });
}
