/** From the paths of a command line to the texts they mean. */
import type { Stats } from 'node:fs';
import { type FileHandle, open, readdir, realpath, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { CharnnError, systemReason, UsageError } from '../errors.js';
import { quote } from './quote.js';

/** On the command line */
const standardInput = '-';

/** How much of a folder's file is looked at to tell text from other data, as grep and git do */
const sniffedBytes = 8192;
const bufferBytes = 1 << 20;

export interface Source {
  /** As messages show it: its path, quoted where needed, or `standard input` */
  readonly name: string;
  /** In bytes, where it is known beforehand */
  readonly size: number | undefined;
  /**
   * Its bytes in pieces, each valid until the next.
   * @throws CharnnError when it cannot be read
   */
  read(): AsyncIterable<Uint8Array>;
}

/**
 * What paths stand for, in order: a file or a pipe for itself; `-` for standard input; a folder for its
 * text files, at any depth, each folder's entries in the order of their names' UTF-16 code units.
 * In folders, names that begin with a dot, files with a NUL byte in their first 8 KiB and anything that
 * is neither file nor folder are passed over; links are followed, but no folder is entered twice.
 *
 * @throws CharnnError for a path that does not exist or cannot be read, a folder without text files,
 * `-` twice, no path at all
 */
export async function findSources(paths: readonly string[], stdin: Readable): Promise<Source[]> {
  if (paths.length === 0) {
    throw new UsageError('no text is given: name a file or a folder, or - for standard input');
  }
  if (paths.filter((path) => path === standardInput).length > 1) {
    throw new UsageError('standard input (-) is given twice: it can be read only once');
  }
  const sources: Source[] = [];
  for (const path of paths) {
    if (path === standardInput) sources.push(streamSource(stdin));
    else sources.push(...(await pathSources(path)));
  }
  return sources;
}

async function pathSources(path: string): Promise<Source[]> {
  const stats = await stat(path).catch((cause) => failToRead(quote(path), cause));
  if (!stats.isDirectory()) return [fileSource(path, stats)];
  const sources: Source[] = [];
  await addFolder(path, sources, new Set());
  if (sources.length === 0) {
    throw new CharnnError(
      `the folder ${quote(path)} has no text file: files that begin with a dot and binary files do not count`,
    );
  }
  return sources;
}

/** @param entered real paths of the folders that were met, so that links cannot go round in circles */
async function addFolder(folder: string, sources: Source[], entered: Set<string>): Promise<void> {
  const real = await realpath(folder).catch((cause) => failToRead(quote(folder), cause));
  if (entered.has(real)) return;
  entered.add(real);
  const names = await readdir(folder).catch((cause) => failToRead(quote(folder), cause));
  for (const name of names.sort()) {
    if (name.startsWith('.')) continue;
    const path = join(folder, name);
    const stats = await statInFolder(path);
    if (stats?.isDirectory()) await addFolder(path, sources, entered);
    else if (stats?.isFile() && (await isCorpusText(path))) sources.push(fileSource(path, stats));
  }
}

/** Undefined for a link that leads nowhere, or only to itself. */
async function statInFolder(path: string): Promise<Stats | undefined> {
  return stat(path).catch((cause) => {
    if (codeOf(cause) === 'ENOENT' || codeOf(cause) === 'ELOOP') return undefined;
    return failToRead(quote(path), cause);
  });
}

/** How charnn's own files begin: a model that lies in a folder of texts is not one of them. */
const ownFile = /^\{\s*"format":\s*"charnn/;

/** Neither binary nor a file of charnn's own. */
async function isCorpusText(path: string): Promise<boolean> {
  const start = await startOf(path);
  return !start.includes(0) && !ownFile.test(start.toString('latin1'));
}

/** @throws CharnnError when the file cannot be read */
export async function isOwnFile(path: string): Promise<boolean> {
  return ownFile.test((await startOf(path)).toString('latin1'));
}

async function startOf(path: string): Promise<Buffer> {
  const file = await open(path).catch((cause) => failToRead(quote(path), cause));
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(sniffedBytes), 0, sniffedBytes, 0);
    return buffer.subarray(0, bytesRead);
  } catch (cause) {
    return failToRead(quote(path), cause);
  } finally {
    await file.close();
  }
}

function fileSource(path: string, stats: Stats): Source {
  return {
    name: quote(path),
    size: stats.isFile() ? stats.size : undefined,
    async *read() {
      let file: FileHandle | undefined;
      try {
        file = await open(path);
        const buffer = Buffer.allocUnsafe(bufferBytes);
        for (;;) {
          const { bytesRead } = await file.read(buffer, 0, bufferBytes, null);
          if (bytesRead === 0) return;
          yield buffer.subarray(0, bytesRead);
        }
      } catch (cause) {
        failToRead(quote(path), cause);
      } finally {
        await file?.close();
      }
    },
  };
}

function streamSource(stream: Readable): Source {
  return {
    name: 'standard input',
    size: undefined,
    async *read() {
      try {
        for await (const chunk of stream) {
          yield typeof chunk === 'string' ? Buffer.from(chunk) : (chunk as Uint8Array);
        }
      } catch (cause) {
        failToRead('standard input', cause);
      }
    },
  };
}

function failToRead(name: string, cause: unknown): never {
  if (cause instanceof CharnnError) throw cause;
  throw new CharnnError(`cannot read ${name}: ${systemReason(cause)}`, 1, { cause });
}

function codeOf(error: unknown): string | undefined {
  return (error as NodeJS.ErrnoException | undefined)?.code;
}
