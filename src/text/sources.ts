/** From the paths of a command line to the texts they mean. */
import type { Stats } from 'node:fs';
import { type FileHandle, open, readdir, realpath, stat } from 'node:fs/promises';
import { basename, join, relative, resolve } from 'node:path';
import type { Readable } from 'node:stream';
import { CharnnError, systemReason, UsageError } from '../errors.js';
import { readFlags, streamedBytes } from '../files/open-input.js';
import { ownKind } from '../files/own-kinds.js';
import { type OwnStream, ownStreamTo, ownStreamToStandardInput } from '../files/own-streams.js';
import { quote } from './quote.js';

/** On the command line */
const standardInput = '-';

/** How much of a folder's file is looked at to tell text from other data, as grep and git do */
const sniffedBytes = 8192;
const bufferBytes = 1 << 20;

export interface Source {
  /** As messages show it: its path, quoted where needed, or `standard input` */
  readonly name: string;
  /** Its path within the folder that was named, its base name, or `-`: it tells nothing of the machine */
  readonly label: string;
  /** In bytes, where it is known beforehand */
  readonly size: number | undefined;
  /**
   * Its bytes in pieces, each valid until the next.
   * @throws CharnnError when it cannot be read
   */
  read(): AsyncIterable<Uint8Array>;
}

/** What a folder's files are left out by, besides what they are. */
export interface LeavingOut {
  /** Absolute paths of files that are left out */
  readonly known: ReadonlySet<string>;
  /** Called for a file that is left out because an output stream of this process goes to it */
  onOwnStream(path: string, stream: OwnStream): void;
}

/**
 * What paths stand for, in order: a file or a pipe for itself; `-` for standard input; a folder for its
 * text files, at any depth, each folder's entries in the order of their names' UTF-16 code units.
 * In folders, names that begin with a dot, files with a NUL byte in their first 8 KiB and anything that
 * is neither file nor folder are passed over, as is what charnn has written, the files that this
 * process's own output goes to included; links are followed, but no folder is entered twice.
 *
 * @throws CharnnError for a path that does not exist or cannot be read, a folder without text files,
 * `-` twice, no path at all, and for a file that this process's own output goes to
 */
export async function findSources(
  paths: readonly string[],
  stdin: Readable,
  leavingOut?: LeavingOut,
): Promise<Source[]> {
  if (paths.length === 0) {
    throw new UsageError('no text is given: name a file or a folder, or - for standard input');
  }
  if (paths.filter((path) => path === standardInput).length > 1) {
    throw new UsageError('standard input (-) is given twice: it can be read only once');
  }
  const sources: Source[] = [];
  for (const path of paths) {
    if (path === standardInput) sources.push(streamSource(stdin));
    else sources.push(...(await pathSources(path, leavingOut)));
  }
  return sources;
}

async function pathSources(path: string, leavingOut?: LeavingOut): Promise<Source[]> {
  const stats = await stat(path).catch((cause) => failToRead(quote(path), cause));
  if (!stats.isDirectory()) {
    refuseOwnStream(quote(path), ownStreamTo(path, stats));
    return [fileSource(path, stats, basename(resolve(path)))];
  }
  const sources: Source[] = [];
  await addFolder(path, { root: path, sources, entered: new Set(), leavingOut });
  if (sources.length === 0) {
    throw new CharnnError(
      `the folder ${quote(path)} has no text file: files that begin with a dot and binary files do not count`,
    );
  }
  return sources;
}

function refuseOwnStream(name: string, stream: OwnStream | undefined): void {
  if (stream === undefined) return;
  throw new CharnnError(
    `${name} is the file that this command's own ${stream} goes to, so it cannot be read: send the output elsewhere`,
  );
}

interface FolderWalk {
  /** The folder that was named */
  readonly root: string;
  readonly sources: Source[];
  /** Real paths of the folders that were met, so that links cannot go round in circles */
  readonly entered: Set<string>;
  readonly leavingOut: LeavingOut | undefined;
}

async function addFolder(folder: string, walk: FolderWalk): Promise<void> {
  const { root, sources, entered, leavingOut } = walk;
  const real = await realpath(folder).catch((cause) => failToRead(quote(folder), cause));
  if (entered.has(real)) return;
  entered.add(real);
  const names = await readdir(folder).catch((cause) => failToRead(quote(folder), cause));
  for (const name of names.sort()) {
    if (name.startsWith('.')) continue;
    const path = join(folder, name);
    const stats = await statInFolder(path);
    if (stats?.isDirectory()) await addFolder(path, walk);
    if (!stats?.isFile()) continue;
    const stream = ownStreamTo(path, stats);
    if (stream !== undefined) leavingOut?.onOwnStream(path, stream);
    else if (leavingOut?.known.has(resolve(path))) continue;
    else if (await isCorpusText(path)) {
      sources.push(fileSource(path, stats, relative(root, path)));
    }
  }
}

/** Undefined for a link that leads nowhere, or only to itself. */
async function statInFolder(path: string): Promise<Stats | undefined> {
  return stat(path).catch((cause) => {
    if (codeOf(cause) === 'ENOENT' || codeOf(cause) === 'ELOOP') return undefined;
    return failToRead(quote(path), cause);
  });
}

/** Neither binary nor a file of charnn's own: a model that lies in a folder of texts is not one of them. */
async function isCorpusText(path: string): Promise<boolean> {
  const start = await startOf(path);
  return !start.includes(0) && ownKind(start) === undefined;
}

/**
 * A regular file's first bytes.
 * @throws CharnnError when the file cannot be read
 */
export async function startOf(path: string): Promise<Buffer> {
  const file = await open(path, readFlags).catch((cause) => failToRead(quote(path), cause));
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(sniffedBytes), 0, sniffedBytes, 0);
    return buffer.subarray(0, bytesRead);
  } catch (cause) {
    return failToRead(quote(path), cause);
  } finally {
    await file.close();
  }
}

function fileSource(path: string, stats: Stats, label: string): Source {
  return {
    name: quote(path),
    label,
    size: stats.isFile() ? stats.size : undefined,
    async *read() {
      let file: FileHandle | undefined;
      try {
        if (!stats.isFile()) {
          yield* streamedBytes(path, stats, quote(path));
          return;
        }
        file = await open(path, readFlags);
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
  if (stream === process.stdin) refuseOwnStream('standard input', ownStreamToStandardInput());
  return {
    name: 'standard input',
    label: standardInput,
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
