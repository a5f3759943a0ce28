/** Finds the texts that the paths on a command line stand for. */
import type { Stats } from 'node:fs';
import { readdir, stat } from 'node:fs/promises';
import { basename, dirname, extname, relative, resolve } from 'node:path';
import type { Readable } from 'node:stream';
import { CharnnError, UsageError } from '../errors.js';
import { type OwnStream, ownStreamTo, ownStreamToStandardInput } from '../files/own-streams.js';
import { quote } from '../messages/quote.js';
import {
  type FolderReport,
  type FolderRules,
  filesOf,
  joined,
  type LeavingOut,
} from './folders.js';
import { codeOf, type FileName, failToRead, piecesOf, shownName } from './open-file.js';
import { defaultReading } from './reading-options.js';

/** The path that stands for standard input */
const standardInput = '-';

export interface Source {
  /** The name of the source as messages show it: the path, quoted where necessary, or `standard input` */
  readonly name: string;
  /** The path as text; absent for a stream */
  readonly file?: string | undefined;
  /**
   * The name that charnn's files record: the path within the folder that was named, the base name, or `-`. It reveals
   * nothing about the machine.
   */
  readonly label: string;
  /** The size in bytes, if it is known beforehand; such a source can also be read again. */
  readonly size: number | undefined;
  /** The extension of the source's name, with the dot; absent without a name */
  readonly extension?: string | undefined;
  /** The file that the source is read from, if it is a regular file, which can then be followed as it grows */
  readonly path?: FileName | undefined;
  /**
   * The bytes of the source in pieces, each valid until the next is asked for.
   * @throws CharnnError when it cannot be read; UsageError for standard input that another source has read
   */
  read(): AsyncIterable<Uint8Array>;
}

export interface FindOptions extends Partial<FolderRules> {
  readonly leavingOut?: LeavingOut | undefined;
  /** Called for each folder among the paths when its files are known */
  readonly onFolder?: ((report: FolderReport) => void) | undefined;
}

/**
 * Finds the sources that paths stand for, in order: a file or a pipe is one source; `-` is standard input; a folder
 * gives its text files, as `filesOf` finds them.
 *
 * @throws CharnnError for a path that does not exist or cannot be read, a folder without text files, `-` twice, no path
 * at all, and for a file that an output stream of this process writes to
 */
export async function findSources(
  paths: readonly string[],
  stdin: Readable,
  options: FindOptions = {},
): Promise<Source[]> {
  if (paths.length === 0) {
    throw new UsageError('no text is given: name a file or a folder, or - for standard input');
  }
  if (paths.filter((path) => path === standardInput).length > 1) {
    throw givenTwice();
  }
  const sources: Source[] = [];
  for (const path of paths) {
    if (path === standardInput) sources.push(streamSource(stdin));
    else sources.push(...(await pathSources(path, options)));
  }
  return sources;
}

function givenTwice(): UsageError {
  return new UsageError('standard input (-) is given twice: it can be read only once');
}

async function pathSources(
  given: string,
  { reading = defaultReading, unit = 'char', leavingOut, onFolder }: FindOptions,
): Promise<Source[]> {
  const { path, stats } = await found(given);
  if (!stats.isDirectory()) {
    refuseOwnStream(shownName(path), ownStreamTo(path, stats));
    return [fileSource(path, stats, basename(resolve(given)))];
  }
  const { files, report } = await filesOf(path, { reading, unit }, leavingOut);
  if (files.length === 0) throw new CharnnError(`the folder ${nothingIn(report)}`);
  onFolder?.(report);
  return files.map((file) =>
    fileSource(file.path, file.stats, relative(given, file.path.toString())),
  );
}

function refuseOwnStream(name: string, stream: OwnStream | undefined): void {
  if (stream === undefined) return;
  throw new CharnnError(
    `${name} is the file that this command's own ${stream} goes to, so it cannot be read: send the output elsewhere`,
  );
}

function nothingIn({ folder, skipped }: FolderReport): string {
  const [first] = skipped;
  if (first === undefined) {
    return `${folder} has no text file: files whose names begin with a dot and files that charnn wrote do not count`;
  }
  const others = skipped.length > 1 ? `, and ${skipped.length - 1} more` : '';
  return `${folder} has no text file: ${first.name} is ${first.why}${others}`;
}

/**
 * Finds the file of a path as it was given. Node.js replaces bytes in its arguments that are not UTF-8 by U+FFFD; such
 * a name is compared with those in its folder, and stands for a file if only one matches.
 */
async function found(path: string): Promise<{ path: FileName; stats: Stats }> {
  try {
    return { path, stats: await stat(path) };
  } catch (cause) {
    if (codeOf(cause) === 'ENOENT' && basename(path).includes('\ufffd')) {
      const folder = dirname(path);
      const names = await readdir(folder, { encoding: 'buffer' }).catch(() => []);
      const alike = names.filter((name) => name.toString() === basename(path));
      if (alike.length === 1) {
        const real = joined(Buffer.from(folder), alike[0]);
        return { path: real, stats: await stat(real) };
      }
    }
    return failToRead(quote(path), cause);
  }
}

function fileSource(path: FileName, stats: Stats, label: string): Source {
  return {
    name: shownName(path),
    file: path.toString(),
    label,
    size: stats.isFile() ? stats.size : undefined,
    extension: extname(path.toString()),
    ...(stats.isFile() && { path }),
    read: () => piecesOf(path, stats),
  };
}

function streamSource(stream: Readable): Source {
  const name = 'standard input';
  if (stream === process.stdin) refuseOwnStream(name, ownStreamToStandardInput());
  return {
    name,
    label: standardInput,
    size: undefined,
    async *read() {
      // another source, such as the path of a second option, has already read standard input
      if (stream.readableDidRead) throw givenTwice();
      try {
        for await (const chunk of stream) {
          yield typeof chunk === 'string' ? Buffer.from(chunk) : (chunk as Uint8Array);
        }
      } catch (cause) {
        failToRead(name, cause);
      }
    },
  };
}
