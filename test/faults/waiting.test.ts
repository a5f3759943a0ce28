/** Commands that wait for what never comes: a signal ends them, at once and with its exit code. */
import { type ChildProcess, execFileSync, spawn, spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { createServer } from 'node:net';
import { constants } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { binary, Folder, finished, small, verses } from '../commands/run.js';
import { hasPseudoTerminals, Terminal } from '../commands/terminal.js';
import { appearance, until } from './running.js';

const text = verses(1500);
const codes = [
  ['SIGINT', 130],
  ['SIGTERM', 143],
  ['SIGHUP', 129],
] as const;

const trained = (async () => {
  const folder = new Folder();
  await folder.train(text, '-q');
  execFileSync('mkfifo', [join(folder.path, 'pipe')]);
  return folder;
})();

/** Whether a process has a file of this name open. */
function hasOpen({ pid }: ChildProcess, name: string): boolean {
  const folder = `/proc/${pid}/fd`;
  const { stdout } = spawnSync('ls', ['-l', folder], { encoding: 'utf8' });
  return stdout.includes(name);
}

/** The exit code as a shell has it: of a process that a signal has ended, 128 and the signal's number. */
async function shellCode(child: ChildProcess): Promise<number | null> {
  const { status, signal } = await finished(child);
  return signal === null ? status : 128 + constants.signals[signal];
}

describe.runIf(process.platform === 'linux')('a pipe that nobody writes to', () => {
  const train = ['train', 'text.txt', ...small, '--output'];
  const commands = [
    ['the text of train', ['train', 'pipe', '-o', 'a.json']],
    ['--val-file', [...train, 'b.json', '--val-file', 'pipe']],
    ['--init-from', [...train, 'c.json', '--init-from', 'pipe']],
    ['the text of eval', ['eval', 'pipe']],
    ['the lines of score', ['score', 'pipe']],
    ['--prompt-file', ['sample', '--prompt-file', 'pipe']],
    ['--complete', ['sample', '--complete', 'pipe']],
    ['a model', ['sample', '-m', 'pipe']],
    ['--corpus', ['novelty', 'text.txt', '--corpus', 'pipe']],
    ['what compress reads', ['compress', 'pipe']],
    ['what decompress reads', ['decompress', 'pipe']],
    ['a log', ['report', 'pipe']],
    ['a model to inspect', ['inspect', 'pipe']],
  ] as const;

  test.each(commands)('as %s', async (_, args) => {
    const folder = await trained;
    // only train listens to signals itself
    for (const [signal, code] of args[0] === 'train' ? codes : codes.slice(0, 1)) {
      const child = folder.start(args);
      const outcome = shellCode(child);
      await until(() => hasOpen(child, '/pipe'));
      child.kill(signal);
      expect(await outcome).toBe(code);
    }
    const left = readdirSync(folder.path).filter((name) => name.startsWith('.'));
    expect(left).toEqual([]);
  });

  test('is read when somebody writes to it after all, and ended when the writer has written nothing', async () => {
    const folder = await trained;
    const direct = await folder.run(['eval', 'text.txt', '--json']);
    const child = folder.start(['eval', 'pipe', '--json']);
    const outcome = finished(child);
    await until(() => hasOpen(child, '/pipe'));
    execFileSync('sh', ['-c', 'cat text.txt > pipe'], { cwd: folder.path });
    expect((await outcome).stdout).toBe(direct.stdout);

    const empty = folder.start(['eval', 'pipe']);
    const refused = finished(empty);
    await until(() => hasOpen(empty, '/pipe'));
    execFileSync('sh', ['-c', ': > pipe'], { cwd: folder.path });
    expect((await refused).stderr).toMatch(/^charnn: pipe is empty[^\n]*\n$/);
  });
});

test.runIf(process.platform !== 'win32')('a socket is no text and no model', async () => {
  const folder = await trained;
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(join(folder.path, 'socket'), resolve));
  try {
    for (const args of [
      ['train', 'socket', '-o', 'new.json'],
      ['eval', 'socket'],
      ['sample', '-m', 'socket', '-l', '1'],
      ['sample', '--prompt-file', 'socket'],
    ]) {
      const { status, stderr } = await folder.run(args);
      expect([status, stderr]).toEqual([
        1,
        expect.stringMatching(/^charnn: socket is a socket, [^\n]+\n$/),
      ]);
    }
  } finally {
    server.close();
  }
});

test.each(codes)('%s while validating', async (signal, code) => {
  const folder = new Folder();
  folder.write('text.txt', text);
  folder.write('long.txt', verses(3_000_000));
  const long = ['--val-file', 'long.txt', '--val-chars', '3000000', '--hidden', '256'];
  // the step of the first validation is all that there is to train
  const child = folder.start(['train', 'text.txt', ...small, ...long, '--steps', '1', '--json']);
  const outcome = finished(child);
  await new Promise((resolve) => child.stdout?.once('data', resolve));
  await new Promise((resolve) => setTimeout(resolve, 300));
  child.kill(signal);
  const { status, stdout } = await outcome;
  expect(status).toBe(code);
  expect(stdout).toContain('"reason":"interrupted"');
  expect(stdout).not.toContain('"type":"validation"');
});

test('SIGTERM while nobody reads the events', async () => {
  const folder = new Folder();
  folder.write('text.txt', text);
  const endless = ['--steps', '100000000', '--eval-every', '1', '--early-stop', '0', '--json'];
  const child = folder.start(['train', 'text.txt', ...small, ...endless]);
  child.stdout?.pause();
  const ended = new Promise((resolve) => child.once('exit', resolve));
  await appearance(folder, 'charnn.state.json');
  const { step } = folder.json('charnn.state.json');
  await until(() => folder.json('charnn.state.json').step > step + 1000);
  child.kill('SIGTERM');
  expect(await ended).toBe(143);
  child.stdout?.destroy();
});

describe.runIf(hasPseudoTerminals)('at a terminal', () => {
  test.each(codes)('%s ends sample -i, which waits for a line', async (signal, code) => {
    const folder = await trained;
    const command = `echo $$ > pid-${signal}; exec '${process.execPath}' '${binary}' sample -i`;
    const terminal = spawn('script', ['-qec', command, '/dev/null'], {
      cwd: folder.path,
      stdio: 'pipe',
    });
    const outcome = finished(terminal);
    let shown = '';
    terminal.stdout.on('data', (chunk: Buffer) => {
      shown += chunk;
    });
    await until(() => shown.includes('> '));
    process.kill(Number(folder.read(`pid-${signal}`)), signal);
    // script itself reports the exit code of what it has run
    expect((await outcome).status).toBe(code);
  });
});

describe('sampling under an expression that takes long to follow', () => {
  const match = '(a|b|[^z])*'.repeat(40);
  const args = ['sample', '-l', '100000000', '--seed', '1', '--match', match];

  test.each(codes)('%s ends it', async (signal, code) => {
    const folder = await trained;
    const child = folder.start(args);
    const outcome = shellCode(child);
    await new Promise((resolve) => child.stdout?.once('data', resolve));
    child.kill(signal);
    expect(await outcome).toBe(code);
  });

  test.runIf(hasPseudoTerminals)(
    'Ctrl-C ends the continuation in -i, and not the program',
    async () => {
      const terminal = new Terminal(await trained, ['sample', '-i', ...args.slice(1)]);
      await terminal.until(/> /);
      terminal.type('green\r');
      await terminal.until(/green[\s\S]{20}/);
      terminal.type('\x03');
      await terminal.until(/0J> /);
      terminal.type('\x04');
      expect((await terminal.outcome).status).toBe(0);
    },
  );
});
