/** The files that this process's own standard output and standard error go to, directly or through pipes. */
import { fstatSync, type Stats, statSync } from 'node:fs';
import { type FileIdentity, filesDownstream } from './downstream.js';

export type OwnStream = 'standard output' | 'standard error';

const descriptors = [
  [1, 'standard output'],
  [2, 'standard error'],
] as const;

interface OwnFile extends FileIdentity {
  readonly name: OwnStream;
}

/**
 * This process's output streams that go to files, found once, because descriptors 1 and 2 and the ends of their pipes
 * stay the same while the process runs
 */
let known: readonly OwnFile[] | undefined;

function ownFiles(): readonly OwnFile[] {
  known ??= descriptors.flatMap(([descriptor, name]) => {
    try {
      const stats = fstatSync(descriptor, { bigint: true });
      if (stats.isFile()) return [{ name, dev: stats.dev, ino: stats.ino }];
      return filesDownstream(descriptor).map((file) => ({ name, ...file }));
    } catch {
      // the descriptor of this output stream is closed, so that the stream goes to no file
      return [];
    }
  });
  return known;
}

/**
 * The output stream of this process that goes to this regular file; undefined if none does.
 * @param stats of the path, after following links
 */
export function ownStreamTo(path: string | Buffer, stats: Stats): OwnStream | undefined {
  if (!stats.isFile()) return undefined;
  const similar = ownFiles().filter(({ ino }) => Number(ino) === stats.ino);
  if (similar.length === 0) return undefined;
  // large inode numbers are exact only as bigint
  const exact = statSync(path, { bigint: true, throwIfNoEntry: false });
  return similar.find(({ dev, ino }) => dev === exact?.dev && ino === exact.ino)?.name;
}

/** The output stream that goes to the regular file from which standard input is read; undefined if none does. */
export function ownStreamToStandardInput(): OwnStream | undefined {
  try {
    const stats = fstatSync(0, { bigint: true });
    if (!stats.isFile()) return undefined;
    return ownFiles().find(({ dev, ino }) => dev === stats.dev && ino === stats.ino)?.name;
  } catch {
    // descriptor 0 is closed, so there is no standard input
    return undefined;
  }
}

/** Whether two paths lead to the same existing file, through links of any kind */
export function isSameFile(one: string, other: string): boolean {
  const [a, b] = [one, other].map((path) => {
    try {
      return statSync(path, { bigint: true, throwIfNoEntry: false });
    } catch {
      // a path whose status cannot be read is reported when it is opened
      return undefined;
    }
  });
  return a !== undefined && b !== undefined && a.dev === b.dev && a.ino === b.ino;
}
