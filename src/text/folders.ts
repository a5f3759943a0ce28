/** Finds the text files in a folder, and reports which files were skipped and why. */
import type { Stats } from 'node:fs';
import { readdir, realpath, stat } from 'node:fs/promises';
import { extname, resolve, sep } from 'node:path';
import { ownKind } from '../files/own-kinds.js';
import { type OwnStream, ownStreamTo } from '../files/own-streams.js';
import { codeOf, type FileName, failToRead, shownName, startOf } from './open-file.js';
import type { ReadingOptions } from './reading-options.js';
import { recognise } from './recognise.js';
import type { TextUnit } from './unit.js';

export interface SkippedFile {
  /** Base name of the file, as messages show it */
  readonly name: string;
  /** Why the file was skipped, such as `a PNG image` */
  readonly why: string;
}

export interface FolderReport {
  /** Path of the folder, as messages show it */
  readonly folder: string;
  /** Number of the folder's files that are text */
  readonly files: number;
  readonly skipped: readonly SkippedFile[];
}

export interface FolderRules {
  readonly reading: ReadingOptions;
  readonly unit: TextUnit;
}

/** Files of a folder that are skipped for reasons other than their content */
export interface LeavingOut {
  /** Absolute paths of files to skip */
  readonly known: ReadonlySet<string>;
  /** Called for a file that is skipped because an output stream of this process writes to it */
  onOwnStream(path: string, stream: OwnStream): void;
}

export interface FoundFile {
  readonly path: FileName;
  readonly stats: Stats;
}

/**
 * The text files of a folder, at any depth, sorted within each folder by the UTF-16 code units of their names. Names
 * that begin with a dot are ignored; links are followed, but no folder is entered twice. Files that `recognise` does
 * not take for text are reported as skipped. Files that charnn has written, or that this process is writing, are
 * skipped without a report.
 * @throws CharnnError for what cannot be read
 */
export async function filesOf(
  folder: FileName,
  rules: FolderRules,
  leavingOut?: LeavingOut,
): Promise<{ files: FoundFile[]; report: FolderReport }> {
  const files: FoundFile[] = [];
  const skipped: SkippedFile[] = [];
  await addFolder(Buffer.from(folder), { rules, leavingOut, files, skipped, entered: new Set() });
  return { files, report: { folder: shownName(folder), files: files.length, skipped } };
}

interface FolderWalk {
  readonly rules: FolderRules;
  readonly leavingOut: LeavingOut | undefined;
  readonly files: FoundFile[];
  readonly skipped: SkippedFile[];
  /** Real paths of the folders that have been entered, so that links cannot lead round in circles */
  readonly entered: Set<string>;
}

async function addFolder(folder: Buffer, walk: FolderWalk): Promise<void> {
  const { rules, leavingOut, files, skipped, entered } = walk;
  const shown = shownName(folder);
  const fail = (cause: unknown) => failToRead(shown, cause);
  const real = (await realpath(folder, { encoding: 'buffer' }).catch(fail)).toString('latin1');
  if (entered.has(real)) return;
  entered.add(real);
  const names = await readdir(folder, { encoding: 'buffer' }).catch(fail);
  for (const name of names.sort(byName)) {
    if (name[0] === dot) continue;
    const path = joined(folder, name);
    const stats = await statInFolder(path);
    if (stats === undefined) continue;
    if (stats.isDirectory()) {
      await addFolder(path, walk);
      continue;
    }
    const stream = ownStreamTo(path, stats);
    if (stream !== undefined) leavingOut?.onOwnStream(path.toString(), stream);
    if (stream !== undefined || leavingOut?.known.has(resolve(path.toString()))) continue;
    const why = await reasonToSkip(path, stats, rules);
    if (why === ownFile) continue;
    if (why === undefined) files.push({ path, stats });
    else skipped.push({ name: shownName(name), why });
  }
}

const dot = 0x2e;

/** Joins a folder and a name as bytes, because file names need not be valid in any encoding. */
export function joined(folder: Buffer, name: Buffer): Buffer {
  const separator = folder.at(-1) === sep.charCodeAt(0) ? '' : sep;
  return Buffer.concat([folder, Buffer.from(separator), name]);
}

/**
 * Compares names by UTF-16 code units, as JavaScript sorts strings; names that are not UTF-8 are also compared by their
 * bytes.
 */
function byName(a: Buffer, b: Buffer): number {
  const [textA, textB] = [a.toString(), b.toString()];
  if (textA === textB) return Buffer.compare(a, b);
  return textA < textB ? -1 : 1;
}

/** Status of an entry after following links; undefined for a link that leads nowhere or to itself */
async function statInFolder(path: Buffer): Promise<Stats | undefined> {
  return stat(path).catch((cause) => {
    if (codeOf(cause) === 'ENOENT' || codeOf(cause) === 'ELOOP') return undefined;
    return failToRead(shownName(path), cause);
  });
}

/**
 * The reason to skip a model that lies in a folder of texts. Such files are not reported, because otherwise the list
 * that a model records of its texts would depend on whether an earlier model was there.
 */
const ownFile = 'a file that charnn wrote';

/** Returns the reason to skip a file, or undefined if the file is to be read. */
async function reasonToSkip(
  path: Buffer,
  stats: Stats,
  { reading, unit }: FolderRules,
): Promise<string | undefined> {
  if (!stats.isFile()) return 'not a regular file';
  // charnn 0.1.0 could not open a file whose name is not valid UTF-8, so a training run that it began skips such files
  if (reading.plain && !isText(path)) return 'a name that is not UTF-8';
  const start = await startOf(path);
  if (ownKind(start) !== undefined) return ownFile;
  const asBytes = reading.plain || unit === 'byte';
  const found = asBytes ? undefined : recognise(start, extname(path.toString('latin1')));
  if (found?.kind === 'utf-16' || found?.kind === 'packed') return undefined;
  const { encoding } = reading;
  if (found?.kind === 'other' && (encoding === undefined || !found.isGuess)) return found.what;
  // in any other text a NUL byte shows that it is binary data, but texts in UTF-16 are full of them
  if (encoding?.startsWith('utf-16')) return undefined;
  return start.includes(0) ? 'binary data' : undefined;
}

function isText(name: Buffer): boolean {
  return Buffer.from(name.toString()).equals(name);
}
