/** Writes the result of a command to a file, to standard output, or to a pipe. */
import { once } from 'node:events';
import { constants, openSync, type Stats } from 'node:fs';
import { stat } from 'node:fs/promises';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { writeFileAtomically } from '../../checkpoint/atomic.js';
import type { Output } from '../../cli/output.js';
import { Interruption } from '../../cli/signals.js';
import { CharnnError, systemReason, UsageError } from '../../errors.js';
import { type GuardedOutput, guardOutput } from '../../library/output-guard.js';
import { quote } from '../../messages/quote.js';
import { write } from './write.js';

/** Names that people use for standard output where a command expects the name of a file */
const standardOutput = /^(-|\/dev\/(stdout|fd\/1)|\/proc\/self\/fd\/1)$/;

export function isStandardOutput(path: string): boolean {
  return standardOutput.test(path);
}

/** Whether the path is a pipe such as the shell makes for `-o >(gzip > page.html.gz)` */
export async function isPipe(path: string): Promise<boolean> {
  return (await statOf(path))?.isFIFO() ?? false;
}

/**
 * Checks where a result is to be written.
 * @param what the result, as a message about a terminal names it
 * @returns whether it is a file, and neither standard output nor a pipe
 * @throws UsageError for a terminal, and as `guardOutput` does
 * @throws CharnnError as `guardOutput` does
 */
export async function checkResultPath(file: GuardedOutput, what: string): Promise<boolean> {
  if (isStandardOutput(file.path)) {
    if (!process.stdout.isTTY) return false;
    throw new UsageError(`${what} cannot be written to a terminal: redirect standard output`);
  }
  if (await isPipe(file.path)) return false;
  await guardOutput(file);
  return true;
}

/**
 * Writes a result, replacing an existing file entirely or not at all, and prints where the result is.
 * @param what the name of the result, such as `the page`
 */
export async function writeResult(
  path: string,
  pieces: Iterable<string | Uint8Array>,
  what: string,
  output: Output,
): Promise<void> {
  if (isStandardOutput(path)) {
    for (const piece of pieces) await write(piece);
    return;
  }
  if (await isPipe(path)) return writeToPipe(path, pieces);
  // listening makes a signal end the process by a normal exit, at which a file that is not complete is removed
  const interruption = new Interruption();
  try {
    await writeFileAtomically(path, pieces);
  } finally {
    interruption.stopListening();
  }
  output.note(`${what} is in ${quote(path)}`);
}

async function statOf(path: string): Promise<Stats | undefined> {
  return stat(path).catch(() => undefined);
}

async function writeToPipe(path: string, pieces: Iterable<string | Uint8Array>): Promise<void> {
  const { Socket } = await import('node:net');
  try {
    // the pipe is opened without waiting for a reader, because there might never be one
    const fd = openSync(path, constants.O_WRONLY | constants.O_NONBLOCK);
    const pipe = new Socket({ fd, readable: false, writable: true });
    await pipeline(Readable.from(pieces, { objectMode: false }), pipe);
    if (!pipe.closed) await once(pipe, 'close');
  } catch (cause) {
    throw new CharnnError(`cannot write to ${quote(path)}: ${systemReason(cause)}`, 1, { cause });
  }
}
