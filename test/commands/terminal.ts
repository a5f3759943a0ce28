/** The real binary at a terminal: a pseudo-terminal of util-linux's script. */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { stripVTControlCharacters } from 'node:util';
import { binary, type Folder, finished } from './run.js';

export const hasPseudoTerminals = (() => {
  try {
    return execFileSync('script', ['-qec', 'echo yes', '/dev/null'], { stdio: 'pipe' })
      .toString()
      .includes('yes');
  } catch {
    return false;
  }
})();

/** Longer than anything here takes: then it is told what was shown instead. */
const patienceMs = 50_000;

/** Types into a terminal, and waits for what it shows; escape characters are shown as ␛. */
export class Terminal {
  private readonly child: ChildProcess;
  private shown = '';
  private read = 0;
  private notify = () => {};
  readonly outcome: ReturnType<typeof finished>;

  /**
   * @param args of `charnn`
   * @param redirection of the shell, as `> file`
   */
  constructor(folder: Folder, args: readonly string[], redirection = '') {
    const words = [process.execPath, binary, ...args].map((word) => `'${word}'`);
    const line = `stty cols 200; ${words.join(' ')} ${redirection}`;
    this.child = spawn('script', ['-qec', line, '/dev/null'], {
      cwd: folder.path,
      stdio: 'pipe',
      env: { ...process.env, NO_COLOR: '1', FORCE_COLOR: undefined, TERM: 'xterm' },
    });
    this.child.stdout?.on('data', (piece: Buffer) => {
      this.shown += piece.toString('utf8').replaceAll('\x1b', '␛');
      this.notify();
    });
    this.outcome = finished(this.child);
    this.outcome.then(() => this.notify());
  }

  type(text: string): void {
    this.child.stdin?.write(text);
  }

  /** What it shows from the last call's end up to the pattern, the pattern included */
  async until(pattern: RegExp): Promise<string> {
    const late = setTimeout(() => this.child.kill(), patienceMs);
    try {
      for (;;) {
        const match = pattern.exec(this.shown.slice(this.read));
        if (match !== null) {
          const from = this.read;
          this.read += match.index + match[0].length;
          return plain(this.shown.slice(from, this.read));
        }
        if (this.child.exitCode !== null || this.child.killed) {
          throw new Error(`no ${pattern} in ${JSON.stringify(this.shown.slice(this.read))}`);
        }
        await new Promise<void>((resolve) => {
          this.notify = resolve;
        });
      }
    } finally {
      clearTimeout(late);
    }
  }
}

function plain(text: string): string {
  return stripVTControlCharacters(text.replaceAll('␛', '\x1b')).replace(/\r+\n/g, '\n');
}
