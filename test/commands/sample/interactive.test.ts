/** `charnn sample` at a terminal, above all `-i`. */
import { beforeAll, describe, expect, test } from 'vitest';
import { Folder, verses } from '../run.js';
import { hasPseudoTerminals, Terminal } from '../terminal.js';

let folder: Folder;
beforeAll(async () => {
  folder = new Folder();
  // without a separator, of which sample -n would make lines that follow unprinted ones
  await folder.train(verses(3000), '--steps', '60', '--separator', '', '-q');
});

/** What readline writes before a line: the sign, and the cursor put behind it */
const sign = /> ␛\[3G/;
/** Before it: the cursor put at the beginning */
const textEnd = /(?=␛\[1G)/;

function sampling(...args: readonly string[]): Terminal {
  return new Terminal(folder, ['sample', ...args]);
}

/** Types a line when it is asked for one. */
async function line(terminal: Terminal, text: string): Promise<void> {
  await terminal.until(sign);
  terminal.type(`${text}\r`);
  await terminal.until(/\r\r?\n/);
}

/** Ctrl-D at the next line */
async function end(terminal: Terminal): Promise<number | null> {
  await terminal.until(sign);
  terminal.type('\x04');
  return (await terminal.outcome).status;
}

describe.runIf(hasPseudoTerminals)('at a terminal', () => {
  test('goes on from a line as sample -p does; an empty line goes on with the text', async () => {
    const sample = async (...args: string[]) => (await folder.run(['sample', ...args])).stdout;
    const terminal = sampling('-i', '--seed', '7', '--greedy', '-l', '40');
    await line(terminal, '12 green');
    const first = await terminal.until(textEnd);
    expect(`${await sample('-p', '12 green', '--greedy', '-l', '40')}\n`).toContain(first);
    expect(first).toMatch(/^12 green[\s\S]{40,41}$/);
    await line(terminal, '');
    const more = await terminal.until(textEnd);
    const both = await sample('-p', '12 green', '--greedy', '-l', '80');
    expect(both.slice(0, 48)).toBe(first.slice(0, 48));
    expect(more.slice(0, 40)).toBe(both.slice(48));
    expect(await end(terminal)).toBe(0);
  });

  test('draws as sample does with the same seed; options change in between', async () => {
    const args = ['sample', '-p', 'bottles', '-l', '30', '--no-echo'];
    const drawn = async (...more: string[]) => (await folder.run([...args, ...more])).stdout;
    const terminal = sampling('-i', '-l', '30', '--seed', '3', '--no-echo');
    const text = async () => (await terminal.until(textEnd)).slice(0, 30);
    await line(terminal, 'bottles');
    expect(await text()).toBe(await drawn('--seed', '3'));
    await line(terminal, '/again');
    const second = (await drawn('--seed', '3', '-n', '2', '-0')).split('\0')[1];
    expect(await text()).toBe(second);
    await line(terminal, '/seed 9');
    await line(terminal, '/temp 0.3');
    await line(terminal, '/top-k 4');
    await line(terminal, 'bottles');
    expect(await text()).toBe(await drawn('--seed', '9', '--temp', '0.3', '--top-k', '4'));
    await line(terminal, '/length 5');
    await line(terminal, 'bottles');
    expect(await terminal.until(textEnd)).toMatch(/^[\s\S]{5}\n?$/);
    await line(terminal, '/top-k');
    await line(terminal, '/options');
    const options = await terminal.until(/greedy[^\n]*\n/);
    expect(options).toMatch(/^ {2}\/length 5$/m);
    expect(options).toMatch(/^ {2}\/temp 0.3$/m);
    expect(options).toMatch(/^ {2}\/top-k {3}top-k sampling/m);
    expect(await end(terminal)).toBe(0);
  });

  test('Ctrl-C ends a continuation, a half-typed line, and never the program', async () => {
    const terminal = sampling('-i', '-l', '100000000', '--seed', '1');
    await line(terminal, 'green');
    await terminal.until(/green[\s\S]{200}/);
    terminal.type('typed ahead\x03');
    // what was typed meanwhile waits at the sign
    await terminal.until(/> typed ahead/);
    terminal.type('\x03');
    await line(terminal, '/length 3');
    await line(terminal, '//x');
    expect(await terminal.until(textEnd)).toMatch(/\/x[\s\S]{3}\n?$/);
    await terminal.until(sign);
    terminal.type('\x03');
    await terminal.until(/Ctrl-D ends/);
    expect(await end(terminal)).toBe(0);
  });

  test('lines that are pasted are taken one after the other; mistakes are told, and do no harm', async () => {
    const terminal = sampling('-i', '-l', '4', '--seed', '1');
    await terminal.until(sign);
    terminal.type('/temp x\r/colour 3\r/match (a\r/temp 0.5\rgreen\r');
    await terminal.until(/\/temp must be a number of at least 0, not "x"\r\n/);
    await terminal.until(/no option \/colour: type \/options for a list\r\n/);
    await terminal.until(/the expression "\(a" is not understood/);
    expect(await terminal.until(/\ngreen[^>]*(?=␛\[1G)/)).toMatch(/\ngreen[\s\S]{4}\n?$/);
    await line(terminal, '/help');
    expect(await terminal.until(/Ctrl-D ends the program/)).toContain('/again');
    expect(await end(terminal)).toBe(0);
  });

  test('a prompt stands before every line, and is not shown', async () => {
    const terminal = sampling('-i', '-l', '30', '--greedy', '-p', '3 green ');
    const { stdout } = await folder.run([
      'sample',
      '-l',
      '30',
      '--greedy',
      '-p',
      '3 green bottles',
    ]);
    for (let i = 0; i < 2; i++) {
      await line(terminal, 'bottles');
      const text = await terminal.until(textEnd);
      expect(text.slice(0, 37)).toBe(stdout.slice('3 green '.length));
    }
    expect(await end(terminal)).toBe(0);
  });
});

describe('is refused in one line', () => {
  test('without a terminal', async () => {
    const { status, stdout, stderr } = await folder.run(['sample', '-i'], 'green\n');
    expect([status, stdout]).toEqual([2, '']);
    expect(stderr).toBe(
      'charnn: --interactive needs a terminal: in a pipe, give the text with --prompt-file - or --complete -\n',
    );
  });
});

test.runIf(hasPseudoTerminals)(
  'without -i a text ends with a line end, at a terminal only',
  async () => {
    const args = ['-l', '20', '--seed', '1', '--allow', 'a-z'];
    const terminal = sampling(...args);
    await terminal.outcome;
    const { stdout } = await folder.run(['sample', ...args]);
    expect(stdout).toMatch(/^[a-z]{20}$/);
    expect(await terminal.until(/[a-z\n\r]+$/)).toBe(`${stdout}\n`);
  },
);

test.runIf(hasPseudoTerminals)('with options of pipes it is refused', async () => {
  const terminal = sampling('-i', '-n', '3');
  await terminal.until(/--interactive continues lines that you type: leave out --count\r\n/);
  expect((await terminal.outcome).status).toBe(2);
});
