/**
 * Pairs in common formats:
 *
 *     tsv      source, tab, target, and perhaps more columns. If the first line names the columns `source` and
 *              `target`, they may be in any order.
 *     csv      a header that names the columns (RFC 4180)
 *     ndjson   an object per line, with the fields `source` and `target`; labels are fields, too, or fields of `labels`
 *     dict     a pronouncing dictionary like CMU's: word, two blanks, phonemes; `WORD(1)` is another pronunciation of
 *              WORD; lines that begin with `;;;`, or with `#` and a blank, are comments, and so is what follows `#`
 *              between blanks
 */
import { UsageError } from '../errors.js';
import { quote } from '../messages/quote.js';
import { columnIndex, delimitedRecords, fieldText, wellFormed } from './columns.js';
import { maxRecordBytes, splitLines } from './line-splitter.js';
import { besideNames, type ReadingOptions, type TextFormat } from './reading-options.js';
import { validUtf8 } from './utf8.js';

export type PairFormat = Exclude<TextFormat, 'lines'>;

export interface PairRecord {
  /** The line that the record ends in, counted from 1 */
  readonly line: number;
  readonly source: string;
  /** The target; undefined if the record has none */
  readonly target: string | undefined;
  /** The further columns that were asked for; a missing one is '' */
  readonly further: readonly string[];
  /** Whether a line of TSV that begins with source and target has further columns, which are not read */
  readonly isWider?: boolean;
}

/** Number of lines from which the format is recognised */
const shownLines = 20;

/**
 * Yields pairs in groups, as they arrive. A record that is not a pair has no target, or an empty side.
 * @param bytes content of one file, without a byte-order mark
 * @param name the file, as messages show it
 * @param isBytes whether texts are bytes, which are then represented by characters with the same number
 * @param onFormat called with the format before the first pair
 * @throws CharnnError for a table that is malformed, UsageError for a table that lacks a column to be read
 */
export async function* pairRecords(
  bytes: AsyncIterable<Uint8Array>,
  name: string,
  reading: ReadingOptions,
  isBytes: boolean,
  onFormat: (format: PairFormat) => void,
): AsyncGenerator<PairRecord[], void, void> {
  const further = besideNames(reading.beside);
  if (reading.format === 'csv') {
    yield* csvRecords(bytes, name, reading, further, isBytes);
    return;
  }
  const encoding = isBytes ? 'latin1' : 'utf8';
  let parse: ((text: string, line: number) => PairRecord | undefined) | undefined;
  let line = 0;
  for await (const group of splitLines(bytes, name, maxRecordBytes)) {
    const texts = group.map((raw, i) => {
      const isPlain = isBytes || reading.invalid === 'replace';
      const valid = isPlain
        ? raw
        : validUtf8(raw, reading.invalid, `${name}, line ${line + i + 1},`);
      return valid.toString(encoding).replace(/\r$/, '');
    });
    if (parse === undefined) {
      const format = formatOf(reading.format, texts);
      onFormat(format);
      parse = parserOf(format, name, reading, isBytes);
    }
    const records: PairRecord[] = [];
    for (const text of texts) {
      line++;
      const record = text.trim() === '' ? undefined : parse(text, line);
      if (record) records.push(record);
    }
    if (records.length > 0) yield records;
  }
}

/** The format of a file of lines; if it is not given, it is recognised from the first lines */
function formatOf(given: TextFormat, lines: readonly string[]): Exclude<PairFormat, 'csv'> {
  if (given !== 'lines') return given as Exclude<PairFormat, 'csv'>;
  const shown = lines.filter((line) => line.trim() !== '' && !isComment(line)).slice(0, shownLines);
  if (shown.length === 0 || shown.some((line) => line.includes('\t'))) return 'tsv';
  if (shown.every((line) => line.startsWith('{'))) return 'ndjson';
  return shown.every((line) => /^\S+ {2,}\S/u.test(line)) ? 'dict' : 'tsv';
}

function parserOf(
  format: Exclude<PairFormat, 'csv'>,
  name: string,
  reading: ReadingOptions,
  isBytes: boolean,
): (text: string, line: number) => PairRecord | undefined {
  const further = besideNames(reading.beside);
  switch (format) {
    case 'tsv':
      return tsvParser(name, further);
    case 'ndjson':
      return (text, line) => objectRecord(text, line, name, reading, isBytes);
    case 'dict':
      requireNoFurther(further, name, format);
      return (text, line) => (isComment(text) ? undefined : entry(text, line));
  }
}

function requireNoFurther(further: readonly string[], name: string, format: PairFormat): void {
  if (further.length === 0) return;
  throw new UsageError(
    `${name} has no column ${quote(further[0])}, because columns of ${format} have no names: give a table whose first line names source, target and ${quote(further[0])}`,
  );
}

function tsvParser(name: string, further: readonly string[]) {
  let columns: readonly number[] | undefined;
  return (text: string, line: number): PairRecord | undefined => {
    const fields = text.split('\t');
    if (columns === undefined) {
      if (fields.includes('source') && fields.includes('target')) {
        columns = columnsOf(fields, name, further);
        return undefined;
      }
      requireNoFurther(further, name, 'tsv');
      columns = [0, 1];
    }
    const [source, target, ...rest] = columns.map((i) => fields[i]);
    const isWider = columns.length === 2 && columns[1] === 1 && fields.length > 2;
    const more = rest.map((field) => field ?? '');
    return { line, source: source ?? '', target, further: more, isWider };
  };
}

/** Indices of the columns source, target, and the further ones */
function columnsOf(header: readonly string[], name: string, further: readonly string[]) {
  return ['source', 'target', ...further].map((column) => columnIndex(header, column, name));
}

async function* csvRecords(
  bytes: AsyncIterable<Uint8Array>,
  name: string,
  reading: ReadingOptions,
  further: readonly string[],
  isBytes: boolean,
): AsyncGenerator<PairRecord[], void, void> {
  const choose = (header: readonly string[]) => columnsOf(header, name, further);
  for await (const group of delimitedRecords(bytes, name, 'csv', choose)) {
    yield group.map(({ fields, line }) => {
      const [source, target, ...rest] = fields.map((field) => {
        if (isBytes) return field.toString('latin1');
        return validUtf8(field, reading.invalid, `${name}, line ${line},`).toString();
      });
      return { line, source, target, further: rest };
    });
  }
}

function objectRecord(
  text: string,
  line: number,
  name: string,
  { beside, invalid }: ReadingOptions,
  isBytes: boolean,
): PairRecord {
  let object: unknown;
  try {
    object = JSON.parse(isBytes ? Buffer.from(text, 'latin1').toString() : text);
  } catch {
    // a line that is not JSON is counted and reported as a line that is not a pair
  }
  const isObject = typeof object === 'object' && object !== null;
  const field = (key: string): string | undefined => {
    const shown = fieldText(object, key);
    if (shown === undefined) return undefined;
    return isBytes
      ? Buffer.from(shown).toString('latin1')
      : wellFormed(shown, invalid, `${name}, line ${line},`).toString();
  };
  const isString = (key: string) =>
    isObject && typeof (object as Readonly<Record<string, unknown>>)[key] === 'string';
  const source = isString('source') ? field('source') : undefined;
  return {
    line,
    // if source and target are both missing, the source is U+FFFD; without a target, nothing is learned from the line
    source: source ?? (isString('target') ? '' : '\ufffd'),
    target: isString('target') ? field('target') : undefined,
    further: besideNames(beside).map((key) => fieldText(object, key) ?? ''),
  };
}

function isComment(line: string): boolean {
  return /^(;;;|#+(\s|$))/u.test(line);
}

/** An entry of a pronouncing dictionary */
function entry(text: string, line: number): PairRecord {
  const plain = text.replace(/\s#(\s.*)?$/u, '').trimEnd();
  const [, word, phonemes] =
    /^(.*?)(?:\t| {2,})\s*(.*)$/u.exec(plain) ?? /^(\S+)\s+(.*)$/u.exec(plain) ?? [];
  const source = (word ?? plain).replace(/(.)\(\d+\)$/u, '$1');
  return { line, source, target: phonemes, further: [] };
}
