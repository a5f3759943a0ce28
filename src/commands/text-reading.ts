/** How a command reads its texts, from its options, and what it says of folders. */
import { grouped, type Output } from '../cli/output.js';
import { UsageError } from '../errors.js';
import type { FolderReport } from '../text/folders.js';
import type { InvalidAction, ReadingOptions, TextFormat } from '../text/reading-options.js';
import type { TextUnit } from '../text/unit.js';

/** Options as the parser leaves them: absent ones undefined. */
export interface RawReadingOptions {
  readonly encoding?: string;
  readonly invalid?: InvalidAction;
  readonly format?: TextFormat;
  readonly textColumn?: string;
}

/**
 * @param unit of the model that is to read
 * @param invalid what holds where the option is absent
 * @throws UsageError for options that contradict each other
 */
export function readingOf(
  raw: RawReadingOptions,
  unit: TextUnit,
  invalid: InvalidAction = 'error',
): ReadingOptions {
  const { encoding, format = 'lines', textColumn: column } = raw;
  if (unit === 'byte' && (encoding !== undefined || raw.invalid !== undefined)) {
    const option = encoding === undefined ? '--invalid' : '--encoding';
    throw new UsageError(`${option} is for characters, and this is about bytes: leave it out`);
  }
  if (column !== undefined && format === 'lines') {
    throw new UsageError('--text-column needs a table: give --format csv, tsv or ndjson');
  }
  if (column === undefined && format === 'ndjson') {
    throw new UsageError(
      '--format ndjson needs --text-column: the name of the field with the text',
    );
  }
  return {
    ...(encoding !== undefined && { encoding }),
    invalid: raw.invalid ?? invalid,
    format,
    ...(column !== undefined && { column }),
  };
}

/** Of the files that were passed over, so many are named. */
const named = 5;

/** Says of a folder how many files are read, and which are not. */
export function folderReporter(output: Output): (report: FolderReport) => void {
  return ({ folder, files, skipped }) => {
    const read = `${folder}: ${grouped(files)} file${files === 1 ? '' : 's'} read`;
    if (skipped.length === 0) return output.note(read);
    const list = skipped.slice(0, named).map(({ name, why }) => `${name} (${why})`);
    const more = skipped.length > named ? ', …' : '';
    output.note(`${read}, ${grouped(skipped.length)} skipped: ${list.join(', ')}${more}`);
  };
}

/** What a model's provenance keeps of folders: counts, and a few base names. */
export function skippedIn(
  folders: readonly FolderReport[],
): { readonly skipped: number; readonly skippedFiles: readonly string[] } | undefined {
  const skipped = folders.flatMap((report) => report.skipped);
  if (skipped.length === 0) return undefined;
  const skippedFiles = skipped.slice(0, named).map(({ name, why }) => `${name}: ${why}`);
  return { skipped: skipped.length, skippedFiles };
}
