/** `charnn sample` at a terminal, above all `-i`: a pseudo-terminal of util-linux's script. */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { stripVTControlCharacters } from 'node:util';
import { beforeAll, describe, expect, test } from 'vitest';
import { binary, Folder, finished, verses } from './run.js';

let folder: Folder;
beforeAll(async () => {
  folder = new Folder();
  await folder.train(verses(3000), '--steps', '60');
});

function hasPseudoTerminals(): boolean {
  try {
    return execFileSync('script', ['-qec', 'echo yes', '/dev/null'], { stdio: 'pipe' })
      .toString()
      .includes('yes');
  } catch {
    return false;
  }
}

/** What readline writes before a line: the sign, and the cursor put behind it */
const sign = /> ␛\[3G/;
/** Before it: the cursor put at the beginning */
const textEnd = /(?=␛\[1G)/;
/** Longer than anything here takes: then it is told what was shown instead. */
const patienceMs = 30_000;

/** Types into a terminal, and waits for what it shows. */
class Terminal {
  private readonly child: ChildProcess;
  private shown = '';
  private read = 0;
  private notify = () => {};
  readonly outcome: ReturnType<typeof finished>;

  /** @param args of `charnn sample` */
  constructor(...args: readonly string[]) {
    const words = [process.execPath, binary, 'sample', ...args];
    const line = words.map((word) => `'${word}'`).join(' ');
    this.child = spawn('script', ['-qec', `stty cols 200; ${line}`, '/dev/null'], {
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

  /** Types a line when it is asked for one. */
  async line(text: string): Promise<void> {
    await this.until(sign);
    this.type(`${text}\r`);
    await this.until(/\r\r?\n/);
  }

  async end(): Promise<number | null> {
    await this.until(sign);
    this.type('\x04');
    return (await this.outcome).status;
  }
}

function plain(text: string): string {
  return stripVTControlCharacters(text.replaceAll('␛', '\x1b')).replace(/\r+\n/g, '\n');
}

describe.runIf(hasPseudoTerminals())('at a terminal', () => {
  test('goes on from a line as sample -p does; an empty line goes on with the text', async () => {
    const sample = async (...args: string[]) => (await folder.run(['sample', ...args])).stdout;
    const terminal = new Terminal('-i', '--seed', '7', '--greedy', '-l', '40');
    await terminal.line('12 green');
    const first = await terminal.until(textEnd);
    expect(`${await sample('-p', '12 green', '--greedy', '-l', '40')}\n`).toContain(first);
    expect(first).toMatch(/^12 green[\s\S]{40,41}$/);
    await terminal.line('');
    const more = await terminal.until(textEnd);
    const both = await sample('-p', '12 green', '--greedy', '-l', '80');
    expect(both.slice(0, 48)).toBe(first.slice(0, 48));
    expect(more.slice(0, 40)).toBe(both.slice(48));
    expect(await terminal.end()).toBe(0);
  });

  test('draws as sample does with the same seed; options change in between', async () => {
    const args = ['sample', '-p', 'bottles', '-l', '30', '--no-echo'];
    const drawn = async (...more: string[]) => (await folder.run([...args, ...more])).stdout;
    const terminal = new Terminal('-i', '-l', '30', '--seed', '3', '--no-echo');
    const text = async () => (await terminal.until(textEnd)).slice(0, 30);
    await terminal.line('bottles');
    expect(await text()).toBe(await drawn('--seed', '3'));
    await terminal.line('/again');
    const second = (await drawn('--seed', '3', '-n', '2', '-0')).split('\0')[1];
    expect(await text()).toBe(second);
    await terminal.line('/seed 9');
    await terminal.line('/temp 0.3');
    await terminal.line('/top-k 4');
    await terminal.line('bottles');
    expect(await text()).toBe(await drawn('--seed', '9', '--temp', '0.3', '--top-k', '4'));
    await terminal.line('/length 5');
    await terminal.line('bottles');
    expect(await terminal.until(textEnd)).toMatch(/^[\s\S]{5}\n?$/);
    await terminal.line('/top-k');
    await terminal.line('/options');
    const options = await terminal.until(/greedy[^\n]*\n/);
    expect(options).toMatch(/^ {2}\/length 5$/m);
    expect(options).toMatch(/^ {2}\/temp 0.3$/m);
    expect(options).toMatch(/^ {2}\/top-k {3}among/m);
    expect(await terminal.end()).toBe(0);
  });

  test('Ctrl-C ends a continuation, a half-typed line, and never the program', async () => {
    const terminal = new Terminal('-i', '-l', '100000000', '--seed', '1');
    await terminal.line('green');
    await terminal.until(/green[\s\S]{200}/);
    terminal.type('typed ahead\x03');
    // what was typed meanwhile waits at the sign
    await terminal.until(/> typed ahead/);
    terminal.type('\x03');
    await terminal.line('/length 3');
    await terminal.line('//x');
    expect(await terminal.until(textEnd)).toMatch(/\/x[\s\S]{3}\n?$/);
    await terminal.until(sign);
    terminal.type('\x03');
    await terminal.until(/Ctrl-D ends/);
    expect(await terminal.end()).toBe(0);
  });

  test('lines that are pasted are taken one after the other; mistakes are told, and do no harm', async () => {
    const terminal = new Terminal('-i', '-l', '4', '--seed', '1');
    await terminal.until(sign);
    terminal.type('/temp x\r/colour 3\r/match (a\r/temp 0.5\rgreen\r');
    await terminal.until(/\/temp must be a number above 0, not "x"\r\n/);
    await terminal.until(/no option \/colour: see \/options\r\n/);
    await terminal.until(/the expression "\(a" is not understood/);
    expect(await terminal.until(/\ngreen[^>]*(?=␛\[1G)/)).toMatch(/\ngreen[\s\S]{4}\n?$/);
    await terminal.line('/help');
    expect(await terminal.until(/Ctrl-D all/)).toContain('/again');
    expect(await terminal.end()).toBe(0);
  });

  test('a prompt stands before every line, and is not shown', async () => {
    const terminal = new Terminal('-i', '-l', '30', '--greedy', '-p', '3 green ');
    const { stdout } = await folder.run([
      'sample',
      '-l',
      '30',
      '--greedy',
      '-p',
      '3 green bottles',
    ]);
    for (let i = 0; i < 2; i++) {
      await terminal.line('bottles');
      const text = await terminal.until(textEnd);
      expect(text.slice(0, 37)).toBe(stdout.slice('3 green '.length));
    }
    expect(await terminal.end()).toBe(0);
  });
});

describe('is refused in one line', () => {
  test('without a terminal', async () => {
    const { status, stdout, stderr } = await folder.run(['sample', '-i'], 'green\n');
    expect([status, stdout]).toEqual([2, '']);
    expect(stderr).toBe(
      'charnn: --interactive needs a terminal: in a pipe, give the text with --prime-file - or --complete -\n',
    );
  });
});

test.runIf(hasPseudoTerminals())(
  'without -i a text ends with a line end, at a terminal only',
  async () => {
    const args = ['-l', '20', '--seed', '1', '--allow', 'a-z'];
    const terminal = new Terminal(...args);
    await terminal.outcome;
    const { stdout } = await folder.run(['sample', ...args]);
    expect(stdout).toMatch(/^[a-z]{20}$/);
    expect(await terminal.until(/[a-z\n\r]+$/)).toBe(`${stdout}\n`);
  },
);

test.runIf(hasPseudoTerminals())('with options of pipes it is refused', async () => {
  const terminal = new Terminal('-i', '-n', '3');
  await terminal.until(/--interactive takes its lines from you: leave out --count\r\n/);
  expect((await terminal.outcome).status).toBe(2);
});
