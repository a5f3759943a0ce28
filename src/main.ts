/** The program: it dispatches to commands, and is the only place where errors become messages and an exit code. */
import chalk, { chalkStderr } from 'chalk';
import { CommanderError } from 'commander';
import { createProgram, worded } from './cli/program.js';
import { StandardStreams } from './cli/standard-streams.js';
import { seatOf } from './cluster/launcher.js';
import { commandsFor } from './commands/registry.js';
import { CharnnError, exitCode, fromSystem, spelt } from './errors.js';
import { printable, printableLines, quote } from './messages/quote.js';
import { flagOf } from './options/table.js';

// chalk itself respects FORCE_COLOR, but not NO_COLOR (see no-color.org)
if (process.env.NO_COLOR && process.env.FORCE_COLOR === undefined) {
  chalk.level = 0;
  chalkStderr.level = 0;
}

// Without a handler of SIGXFSZ, writing beyond the limit of `ulimit -f` would end the process. With one, writing fails,
// and the failure is reported.
process.on('SIGXFSZ', () => {});

/** Milliseconds that an interrupted command waits for the rest of its output to be read */
const farewellMs = 1000;

/**
 * Whether this is one of several processes of a job, but not the first one. The first process runs the command and
 * prints messages; the others only do parts of its work.
 */
const isFollower = (seatOf(process.env)?.rank ?? 0) > 0;

/** The commands whose work several processes can share */
const sharing: readonly (string | undefined)[] = ['train', 'score', 'sample'];

// Open MPI gives every process a standard input that looks like a terminal but is not one
if ('OMPI_COMM_WORLD_SIZE' in process.env && process.env.FORCE_COLOR === undefined) {
  chalk.level = 0;
  chalkStderr.level = 0;
}

const streams = new StandardStreams(report);
try {
  // a process other than the first has nothing to do for commands without work to share, nor when help is printed
  const isForHelp = process.argv.some((word) => word === '-h' || word === '--help');
  if (isFollower && (!sharing.includes(process.argv[2]) || isForHelp)) process.exit();
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

// after an interrupt, output that nobody reads would keep the process alive
const signalCodes: readonly unknown[] = [
  exitCode.hangup,
  exitCode.interrupted,
  exitCode.terminated,
];
if (signalCodes.includes(process.exitCode)) setTimeout(() => process.exit(), farewellMs).unref();

function report(thrown: unknown): void {
  const error = thrown instanceof CharnnError ? thrown : (fromSystem(thrown, quote) ?? thrown);
  const code = error instanceof CharnnError ? error.exitCode : exitCode.failed;
  process.exitCode = code;
  // errors in the command line are reported only once, by the first process
  if (isFollower && code === exitCode.usage) return;
  process.stderr.write(`${chalkStderr.red('charnn:')} ${printable(inWords(error))}\n`);
  if (process.argv.includes('--debug') && thrown instanceof Error) {
    process.stderr.write(`${printableLines(thrown.stack ?? '')}\n`);
  }
}

function inWords(error: unknown): string {
  if (error instanceof CharnnError) return spelt(error.unspelt, flagOf);
  const message = error instanceof Error ? error.message : error;
  return `internal error: ${message}; run with --debug for the stack`;
}
