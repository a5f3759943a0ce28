/** Writes a page to the file that was asked for. */
import { once } from 'node:events';
import { constants, openSync, type Stats } from 'node:fs';
import { stat } from 'node:fs/promises';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { writeFileAtomically } from '../../checkpoint/atomic.js';
import type { Output } from '../../cli/output.js';
import { CharnnError, systemReason, UsageError } from '../../errors.js';
import { type GuardedOutput, guardOutput } from '../../library/output-guard.js';
import { quote } from '../../messages/quote.js';
import { type PageContent, type PageName, page } from '../../pages/page.js';
import { version } from '../../version.js';
import { write } from './write.js';

export interface PagePath {
  readonly path: string;
  readonly inputs: GuardedOutput['inputs'];
  /** Whether standard output is used for something else */
  readonly outputIsTaken?: boolean | undefined;
}

/** Names that people use for standard output where a command expects the name of a file */
const standardOutput = /^(-|\/dev\/(stdout|fd\/1)|\/proc\/self\/fd\/1)$/;

/**
 * Checks where a page is to be written. A page may replace an older page without asking, but nothing else.
 * @throws UsageError for a name that does not end like a page's and is not standard output or a pipe
 * @throws CharnnError when no file can be made there
 */
export async function checkPagePath({ path, inputs, outputIsTaken }: PagePath): Promise<void> {
  if (standardOutput.test(path)) {
    if (!outputIsTaken) return;
    throw new UsageError(
      '--json and the page would both go to standard output: name a file with --output',
    );
  }
  if ((await statOf(path))?.isFIFO()) return;
  if (/\.html?$/i.test(path)) return guardOutput({ path, kind: 'page', mayReplace: true, inputs });
  throw new UsageError(`--output ${quote(path)} is not the name of a page: let it end in .html`);
}

/** Writes a page as a whole or not at all, and notes where it is. */
export async function writePage(
  path: string,
  name: PageName,
  content: PageContent,
  output: Output,
): Promise<void> {
  const pieces = page(name, content);
  if (standardOutput.test(path)) {
    for (const piece of pieces) await write(piece);
    return;
  }
  if ((await statOf(path))?.isFIFO()) return writeToPipe(path, pieces);
  await writeFileAtomically(path, pieces);
  output.note(`the page is in ${quote(path)}`);
}

async function statOf(path: string): Promise<Stats | undefined> {
  return stat(path).catch(() => undefined);
}

/** Whether the path is a pipe such as the shell makes for `-o >(gzip > page.html.gz)` */
async function writeToPipe(path: string, pieces: Iterable<string>): Promise<void> {
  const { Socket } = await import('node:net');
  try {
    // without waiting for a reader, which might never come
    const fd = openSync(path, constants.O_WRONLY | constants.O_NONBLOCK);
    const pipe = new Socket({ fd, readable: false, writable: true });
    await pipeline(Readable.from(pieces, { objectMode: false }), pipe);
    if (!pipe.closed) await once(pipe, 'close');
  } catch (cause) {
    throw new CharnnError(`cannot write to ${quote(path)}: ${systemReason(cause)}`, 1, { cause });
  }
}

/** Says under a page's title what it shows, so that it can be told from others later. */
export function provenanceOf(texts: readonly string[], networks: readonly string[]): string {
  const read = texts.length > 0 ? texts.map(quote).join(', ') : 'standard input';
  const day = new Date().toISOString().slice(0, 10);
  return `${networks.join(', ')} on ${read}; charnn ${version}, ${day}`;
}
