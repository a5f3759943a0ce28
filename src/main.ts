/** The program: it dispatches to commands, and is the only place where errors become messages and an exit code. */
import chalk, { chalkStderr } from 'chalk';
import { CommanderError } from 'commander';
import { createProgram, worded } from './cli/program.js';
import { StandardStreams } from './cli/standard-streams.js';
import { commandsFor } from './commands/registry.js';
import { CharnnError, exitCode, fromSystem, spelt } from './errors.js';
import { printable, printableLines, quote } from './messages/quote.js';
import { flagOf } from './options/table.js';

// chalk itself only respects FORCE_COLOR (see no-color.org)
if (process.env.NO_COLOR && process.env.FORCE_COLOR === undefined) {
  chalk.level = 0;
  chalkStderr.level = 0;
}

// Without a handler, this signal would end the process where the size of files is limited. With one, writing fails and
// the failure is reported.
process.on('SIGXFSZ', () => {});

/** Milliseconds that an interrupted command waits for the rest of its output to be read */
const farewellMs = 1000;

const streams = new StandardStreams(report);
try {
  const commands = await commandsFor(process.argv[2]);
  const program = createProgram(commands, {
    before: ({ standardOutput }) => streams.use(standardOutput),
    isBrief: process.argv.includes('-h'),
    allCommands: () => commandsFor(undefined),
  });
  await program.parseAsync();
} catch (error) {
  if (!(error instanceof CommanderError)) report(error);
  else {
    const complaint = worded(error);
    if (complaint) report(complaint);
    else process.exitCode = error.code === 'commander.help' ? exitCode.usage : exitCode.done;
  }
}

// data that nobody reads would keep the process alive after an interrupt
const signalCodes: readonly unknown[] = [
  exitCode.hangup,
  exitCode.interrupted,
  exitCode.terminated,
];
if (signalCodes.includes(process.exitCode)) setTimeout(() => process.exit(), farewellMs).unref();

function report(thrown: unknown): void {
  const error = thrown instanceof CharnnError ? thrown : (fromSystem(thrown, quote) ?? thrown);
  process.stderr.write(`${chalkStderr.red('charnn:')} ${printable(inWords(error))}\n`);
  if (process.argv.includes('--debug') && thrown instanceof Error) {
    process.stderr.write(`${printableLines(thrown.stack ?? '')}\n`);
  }
  process.exitCode = error instanceof CharnnError ? error.exitCode : exitCode.failed;
}

function inWords(error: unknown): string {
  if (error instanceof CharnnError) return spelt(error.unspelt, flagOf);
  const message = error instanceof Error ? error.message : error;
  return `internal error: ${message}; run with --debug for the stack`;
}
