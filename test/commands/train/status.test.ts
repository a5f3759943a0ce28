/** A training at terminals of several widths, as a pseudo-terminal sees it. */
import { type ChildProcess, spawn } from 'node:child_process';
import { stripVTControlCharacters } from 'node:util';
import { describe, expect, test } from 'vitest';
import { textWidth } from '#charnn/cli/text-width.js';
import { binary, Folder, finished, small, verses } from '../run.js';
import { hasPseudoTerminals } from '../terminal.js';

const timed = small.filter((x, i, all) => x !== '--steps' && all[i - 1] !== '--steps');

function atTerminal(folder: Folder, columns: number, args: readonly string[]): ChildProcess {
  const words = [process.execPath, binary, ...args].map((word) => `'${word}'`).join(' ');
  return spawn('script', ['-qec', `stty cols ${columns}; ${words}`, '/dev/null'], {
    cwd: folder.path,
    stdio: 'pipe',
    env: { ...process.env, NO_COLOR: '1', FORCE_COLOR: undefined, TERM: 'xterm' },
  });
}

/** What was drawn in the place of the status line, one after the other */
function drawn(output: string): string[] {
  return [...output.replaceAll('\x1b', '␛').matchAll(/\r([^\r\n]+)␛\[J\r/g)].map(([, text]) =>
    stripVTControlCharacters(text),
  );
}

describe.runIf(hasPseudoTerminals)('at a terminal', () => {
  const folder = new Folder();
  folder.write('text.txt', verses(20_000));

  // they train for as long as they are told to, whatever else is done at that time
  test.concurrent.each([20, 30, 40, 80, 200])('of %i columns', async (columns) => {
    const args = ['train', 'text.txt', ...timed, '--time', '3s', '-f', '-o', `${columns}.json`];
    const child = atTerminal(folder, columns, args);
    child.stdin?.end();
    const { status, stdout } = await finished(child);
    expect(status, stdout).toBe(0);
    const lines = drawn(stdout);
    for (const line of lines) expect(textWidth(line)).toBeLessThan(columns);
    const training = lines.filter((line) => line.includes('left'));
    expect(training.length).toBeGreaterThan(0);
    if (columns >= 30) {
      for (const line of training) expect(line).toMatch(/\d+s left · [\d.]+ bits\/char/);
    }
    if (columns >= 40) {
      expect(lines.some((line) => line.startsWith('reading'))).toBe(true);
      expect(lines.some((line) => line.startsWith('measuring'))).toBe(true);
      expect(lines.some((line) => line.startsWith('validating'))).toBe(true);
    }
    // nothing else is broken within a word, unless the word is wider than the terminal
    const rest = stripVTControlCharacters(
      stdout.replaceAll('\x1b', '␛').replace(/\r[^\r\n]*␛\[J\r?/g, ''),
    );
    for (const line of rest.split(/\r?\n/)) {
      if (textWidth(line) > columns) expect(line).not.toContain(' ');
    }
    expect(rest.replace(/\s+/g, ' ')).toContain('charnn sample');
    // the cursor is never hidden, so nothing can leave it so
    expect(stdout).not.toContain('\x1b[?25l');
  });

  test('what the model writes is shown at validations, unless it is not to be', async () => {
    const run = async (...more: string[]) => {
      const args = ['train', 'text.txt', ...small, '--eval-every', '2', '-f', ...more];
      const child = atTerminal(folder, 100, args);
      child.stdin?.end();
      return (await finished(child)).stdout;
    };
    expect(await run()).toMatch(/^ {4}\S/m);
    expect(await run('--no-samples')).not.toMatch(/^ {4}\S/m);
  });
});

describe('in a pipe', () => {
  const folder = new Folder();
  folder.write('text.txt', verses(20_000));

  test('--dry-run says what would be, and writes nothing', async () => {
    const args = ['train', 'text.txt', '--hidden', '8', '--layers', '1', '--epochs', '2'];
    const outcome = await folder.run([...args, '--dry-run', '--json', '-o', 'dry.json']);
    expect(outcome.status, outcome.stderr).toBe(0);
    const plan = JSON.parse(outcome.stdout.trimEnd().split('\n').at(-1) as string);
    expect(plan).toMatchObject({ type: 'plan', epochs: 2, model: { hidden: 8, layers: 1 } });
    expect(plan.seconds).toBeGreaterThan(0);
    expect(plan.memoryBytes).toBeGreaterThan(4 * plan.parameters);
    expect(() => folder.read('dry.json')).toThrow();
    expect((await folder.run(['train', 'text.txt', ...small, '-o', 'dry.json', '-q'])).status).toBe(
      0,
    );
    const size = folder.read('dry.json').length;
    const described = await folder.run([
      'train',
      'text.txt',
      ...small,
      '--dry-run',
      '-o',
      'b.json',
    ]);
    expect(described.stderr).toContain('Nothing was trained or written');
    // the file's estimated size, in the right order of magnitude
    const estimate = /b\.json, about (\d+) MB/.exec(described.stderr)?.[1];
    expect(Number(estimate) * 1e6).toBeGreaterThan(size / 10);
  });

  test('a finished training says so when it is resumed, and what could be done', async () => {
    await folder.run(['train', 'text.txt', ...small, '-o', 'a.json', '-q']);
    const { status, stderr } = await folder.run(['train', '--resume', '-o', 'a.json']);
    expect(status).toBe(0);
    expect(stderr).toContain('done: all 4 steps had already been trained, so none was left');
    expect(stderr).toContain('let it write: charnn sample -m a.json');
  });

  test('the end says in words what the comparison says', async () => {
    const { stderr } = await folder.train(verses(20_000), '--counts', '0', '-f');
    expect(stderr).toMatch(/worse than a model of \d+-grams, which only counts: train longer/);
  });
});
