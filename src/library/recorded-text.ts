/** Finds the texts that a training state records; on resuming they are read again if they have not changed. */
import { stat } from 'node:fs/promises';
import { readRows } from '../checkpoint/recorded-config.js';
import { CharnnError, optionName } from '../errors.js';
import { Fields } from '../json/fields.js';
import { ranges } from '../limits.js';
import { quote } from '../messages/quote.js';
import type { Complete } from '../options/table.js';
import type { CorpusPart } from '../text/load-corpus.js';
import {
  defaultReading,
  encodingNamed,
  invalidActions,
  plainReading,
  type ReadingOptions,
  textFormats,
} from '../text/reading-options.js';
import { type FindOptions, findSources } from '../text/sources.js';
import type { TrainingState } from '../train/saving/training-state.js';
import { sourceRows } from '../train/schema/text-rows.js';

export interface TextSource {
  readonly texts: readonly string[];
  readonly valFile: string | null;
  readonly valFrac: number;
  readonly valChars: number;
  readonly minCount: number;
  readonly reading: ReadingOptions;
  /**
   * The files of the texts, so that a changed file can be named; absent from older states, and if there are very many
   * files
   */
  readonly files?: readonly CorpusPart[] | undefined;
  /** Absolute paths of files in the text's folders that were skipped because output of the training went to them */
  readonly leftOut?: readonly string[] | undefined;
}

/**
 * Reads from a state which texts it records.
 * @param path of the state, for messages
 * @throws CharnnError naming a field that is wrong
 */
export function recordedSource(source: TrainingState['source'], path: string): TextSource {
  const fields = Fields.of(source, `${quote(path)}: source`);
  const { valFile: _, ...rows } = sourceRows;
  const rest = readRows(rows, fields) as Complete<typeof rows>;
  return {
    texts: stringsOf(fields, 'texts', 'a list of paths'),
    valFile: fields.get('valFile') === null ? null : fields.string('valFile'),
    ...rest,
    reading: recordedReading(fields),
    files: fields.get('files') === undefined ? undefined : fields.objects('files').map(partOf),
    leftOut:
      fields.get('leftOut') === undefined
        ? undefined
        : stringsOf(fields, 'leftOut', 'a list of paths'),
  };
}

/**
 * Reads the options about how texts are read. A state without them was written by charnn 0.1.0 or earlier, and its text
 * is read as that version read it.
 */
function recordedReading(source: Fields): ReadingOptions {
  if (source.get('reading') === undefined) return plainReading;
  const fields = source.fields('reading');
  const optional = (name: string) =>
    fields.get(name) === undefined ? undefined : fields.string(name);
  const encoding = optional('encoding');
  if (encoding !== undefined && encodingNamed(encoding) !== encoding) {
    fields.fail('encoding', 'the canonical name of an encoding');
  }
  const column = optional('column');
  return {
    ...defaultReading,
    invalid: fields.oneOf('invalid', invalidActions),
    format: fields.oneOf('format', textFormats),
    ...(encoding !== undefined && { encoding }),
    ...(column !== undefined && { column }),
    ...recordedColumns(fields),
  };
}

/** Reads from a training state which columns with labels and vectors were read along with the run's text. */
function recordedColumns(reading: Fields): Pick<ReadingOptions, 'beside'> {
  if (reading.get('beside') === undefined) return {};
  const fields = reading.fields('beside');
  const labels = stringsOf(fields, 'labels', 'a list of columns');
  const vector = fields.get('vector') === undefined ? undefined : fields.string('vector');
  return { beside: { labels, ...(vector !== undefined && { vector }) } };
}

function stringsOf(fields: Fields, key: string, expected: string): string[] {
  const strings = fields.array(key);
  if (!strings.every((string) => typeof string === 'string')) fields.fail(key, expected);
  return strings as string[];
}

function partOf(fields: Fields): CorpusPart {
  return {
    label: fields.string('label'),
    bytes: fields.within('bytes', ranges.whole),
    upTo: fields.string('upTo'),
  };
}

/**
 * Checks the paths that a state records before they are opened, because a state may come from anyone: only files and
 * folders of the recorded size are accepted, no devices or pipes. The hash is compared after reading.
 * @param bytes the recorded size; undefined for an older state without one
 * @param recorded the files of the text, if they are recorded
 * @param options by which the files of folders are chosen
 * @throws CharnnError when there is something else now
 */
export async function requireRecorded(
  paths: readonly string[],
  bytes: unknown,
  statePath: string,
  recorded: TextSource['files'],
  options: FindOptions,
): Promise<void> {
  for (const path of paths) {
    const stats = path === '-' ? undefined : await stat(path).catch(() => undefined);
    // a missing file is reported when it is read
    if (stats === undefined || stats.isFile() || stats.isDirectory()) continue;
    throw new CharnnError(
      `${quote(statePath)} names ${quote(path)} as its text, but that is neither a file nor a folder: give the text with ${optionName('resume')}`,
    );
  }
  if (bytes === undefined || paths.includes('-')) return;
  const sources = await findSources(paths, process.stdin, options);
  const size = sources.reduce((sum, source) => sum + (source.size ?? 0), 0);
  const found = sources.map(({ label, size = 0 }) => ({ label, bytes: size }));
  if (size !== bytes || changesOf(recorded, found) !== '') {
    throw anotherText(statePath, paths, changesOf(recorded, found));
  }
}

/**
 * The error for a text whose size or hash differs from the recorded one.
 * @param changes which files have changed, as `changesOf` says it; may be empty
 */
export function anotherText(
  statePath: string,
  paths: readonly string[],
  changes: string,
): CharnnError {
  const shown = paths.length === 1 ? `the text ${quote(paths[0])}` : 'the text';
  const what = changes === '' ? '' : ` (${changes})`;
  return new CharnnError(
    `${shown} is not the one that ${quote(statePath)} was trained on${what}: put the original one there, give its new path with ${optionName('resume')}, or start a new training run with ${optionName('initFrom')}`,
  );
}

/** Max number of files that a message names for each kind of change */
const maxNames = 3;

/**
 * Says which files are new, gone or changed. Of several changed files with the same size as before, only the first can
 * be identified, because each recorded hash is that of the text up to the file's end.
 * @param recorded undefined if nothing is recorded
 * @param found with hashes if the files have been read
 * @returns part of a message; empty if nothing is known to have changed
 */
export function changesOf(
  recorded: readonly CorpusPart[] | undefined,
  found: readonly (Omit<CorpusPart, 'upTo'> & Partial<CorpusPart>)[] | undefined,
): string {
  // if the text is a single file, the message names it without this part
  if (recorded === undefined || found === undefined) return '';
  if (recorded.length === 1 && found.length === 1) return '';
  const [before, now] = [byName(recorded), byName(found)];
  const fresh = [...now].flatMap(([name, part]) => (before.has(name) ? [] : [part]));
  const gone = [...before].flatMap(([name, part]) => (now.has(name) ? [] : [part]));
  const changed: { readonly label: string }[] = [];
  const isSameList = fresh.length + gone.length === 0;
  for (const [name, part] of now) {
    const old = before.get(name);
    if (old === undefined) continue;
    const isFirst = isSameList && changed.length === 0;
    const isOther = isFirst && part.upTo !== undefined && part.upTo !== old.upTo;
    if (part.bytes !== old.bytes || isOther) changed.push(part);
  }
  return [listed('changed', changed), listed('new', fresh), listed('gone', gone)]
    .filter((words) => words !== '')
    .join('; ');
}

/** The files by their recorded names. If files in several folders have the same name, these files are numbered. */
function byName<T extends { readonly label: string }>(files: readonly T[]): Map<string, T> {
  const counts = new Map<string, number>();
  const named = new Map<string, T>();
  for (const file of files) {
    const count = counts.get(file.label) ?? 0;
    counts.set(file.label, count + 1);
    named.set(`${count} ${file.label}`, file);
  }
  return named;
}

function listed(what: string, files: readonly { readonly label: string }[]): string {
  if (files.length === 0) return '';
  const names = files.slice(0, maxNames).map(({ label }) => quote(label));
  const more = files.length > maxNames ? ` and ${files.length - maxNames} more` : '';
  return `${what}: ${names.join(', ')}${more}`;
}
