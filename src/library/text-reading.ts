/** Settings for reading texts, and messages about folders. */
import { optionName, UsageError } from '../errors.js';
import { limits } from '../limits.js';
import { grouped, quote } from '../messages/quote.js';
import type { OptionsOf } from '../options/table.js';
import type { FolderReport } from '../text/folders.js';
import { besideNames, type InvalidAction, type ReadingOptions } from '../text/reading-options.js';
import type { columnRows, readingRows } from '../text/reading-rows.js';
import type { TextUnit } from '../text/unit.js';
import type { Messages } from './messages.js';

/** Options about how texts are read; a command may have only some of them. */
type GivenReading = OptionsOf<typeof readingRows & typeof columnRows>;

/** Options that name columns with labels and vectors */
interface GivenColumns extends Pick<GivenReading, 'format'> {
  readonly label?: readonly string[] | undefined;
  readonly vector?: string | undefined;
}

/**
 * Makes the settings for reading texts from options.
 * @param unit of the model that reads the text
 * @param invalid the default treatment of invalid bytes
 * @param isPairs whether the text consists of pairs, whose tables have fixed column names
 * @throws UsageError for options that contradict each other
 */
export function readingOf(
  options: GivenReading,
  unit: TextUnit,
  invalid: InvalidAction = 'error',
  isPairs = false,
): ReadingOptions {
  const { encoding, format = 'lines', textColumn: column } = options;
  if (unit === 'byte' && (encoding !== undefined || options.invalid !== undefined)) {
    const option = encoding === undefined ? 'invalid' : 'encoding';
    throw new UsageError(
      `${optionName(option)} is for texts of characters, but this text is read as bytes: leave it out`,
    );
  }
  if (isPairs && column !== undefined) {
    throw new UsageError(
      `${optionName('textColumn')} is for texts, but pairs are read from the columns source and target: leave it out`,
    );
  }
  if (!isPairs && format === 'dict') {
    throw new UsageError(
      `${optionName('format', 'dict')} is for pairs: give ${optionName('pairs')}`,
    );
  }
  if (column !== undefined && format === 'lines') {
    throw new UsageError(
      `${optionName('textColumn')} needs a table: give ${optionName('format')} csv, tsv or ndjson`,
    );
  }
  if (!isPairs && column === undefined && format === 'ndjson') {
    throw new UsageError(
      `${optionName('format', 'ndjson')} needs ${optionName('textColumn')}: the name of the field with the text`,
    );
  }
  return {
    ...(encoding !== undefined && { encoding }),
    invalid: options.invalid ?? invalid,
    format,
    ...(column !== undefined && { column }),
  };
}

/**
 * The columns with labels and vectors that a training run reads.
 * @throws UsageError for labels and vectors if there are no columns, and for too many
 */
export function besideOf(
  { label: labels = [], vector, format = 'lines' }: GivenColumns,
  isPairs: boolean,
): Pick<ReadingOptions, 'beside'> {
  if (labels.length === 0 && vector === undefined) return {};
  const option = labels.length > 0 ? optionName('label') : optionName('vector');
  if (vector !== undefined && !isPairs) {
    throw new UsageError(`${optionName('vector')} is for pairs: give ${optionName('pairs')}`);
  }
  if (format === 'dict' || (format === 'lines' && !isPairs)) {
    throw new UsageError(
      `${option} needs a table: give ${optionName('format')} csv, tsv or ndjson`,
    );
  }
  const names = besideNames({ labels, vector });
  const twice = names.find((name, i) => names.indexOf(name) < i);
  if (twice !== undefined) {
    throw new UsageError(`${option} names the column ${quote(twice)} twice: name it once`);
  }
  if (labels.length > limits.labels) {
    throw new UsageError(`${option} is given ${labels.length} times: at most ${limits.labels}`);
  }
  return { beside: { labels, ...(vector !== undefined && { vector }) } };
}

/** Max number of skipped files that a message names */
const named = 5;

/** Reports how many files of a folder are read, and which are skipped. */
export function folderReporter(messages: Messages): (report: FolderReport) => void {
  return ({ folder, files, skipped }) => {
    const read = `${folder}: ${grouped(files)} file${files === 1 ? '' : 's'} read`;
    if (skipped.length === 0) return messages.note(read);
    const list = skipped.slice(0, named).map(({ name, why }) => `${name} (${why})`);
    const more = skipped.length > named ? ', …' : '';
    messages.note(`${read}, ${grouped(skipped.length)} skipped: ${list.join(', ')}${more}`);
  };
}

/** The summary of folders that a model's provenance records: numbers of files, and a few base names. */
export function skippedIn(
  folders: readonly FolderReport[],
): { readonly skipped: number; readonly skippedFiles: readonly string[] } | undefined {
  const skipped = folders.flatMap((report) => report.skipped);
  if (skipped.length === 0) return undefined;
  const skippedFiles = skipped.slice(0, named).map(({ name, why }) => `${name}: ${why}`);
  return { skipped: skipped.length, skippedFiles };
}
