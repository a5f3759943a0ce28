/**
 * Reads one column of a table, a record at a time: CSV as RFC 4180 defines it, TSV as IANA defines it (without quoting:
 * a quotation mark is an ordinary character), or NDJSON, one JSON object per line.
 */
import { once } from 'node:events';
import type { CsvError, Info, Options } from 'csv-parse';
import { CharnnError, optionName, UsageError } from '../errors.js';
import { quote } from '../messages/quote.js';
import type { ConditionReader } from './condition-reader.js';
import { maxRecordBytes, splitLines } from './line-splitter.js';
import { besideNames, type ReadingOptions, type TextFormat } from './reading-options.js';
import { validUtf8 } from './utf8.js';

/**
 * Yields the texts of a column as lines in UTF-8, grouped as their records arrive, at least one per group.
 * @param beside receives the columns with labels and vectors
 * @throws CharnnError as `columnRecords` does
 */
export async function* columnTexts(
  bytes: AsyncIterable<Uint8Array>,
  name: string,
  reading: ReadingOptions,
  beside?: ConditionReader,
): AsyncGenerator<Buffer[], void, void> {
  let count = 0;
  for await (const group of columnRecords(bytes, name, reading)) {
    for (const { further, line } of group) beside?.add(count++, further, `${name}, line ${line}`);
    yield group.map(({ text }) => text);
  }
  beside?.endFile(count);
}

/**
 * Yields the records of a table in groups, as they arrive: the text of a column, and further columns. Line ends within
 * a text become one space each, so that a record is always one line.
 * @param bytes content of one file, without a byte-order mark
 * @param name the file, as messages show it
 * @throws CharnnError naming the line of a record that is malformed or lacks the text; UsageError where the column has
 * to be named, or does not exist
 */
export async function* columnRecords(
  bytes: AsyncIterable<Uint8Array>,
  name: string,
  reading: ReadingOptions,
): AsyncGenerator<ColumnRecord[], void, void> {
  const groups =
    reading.format === 'ndjson'
      ? objectFields(bytes, name, reading)
      : delimitedFields(bytes, name, reading);
  for await (const group of groups) {
    yield group.map(({ text, line, further }) => {
      const where = `${name}, the text of the record that ends in line ${line},`;
      const valid = oneLine(reading.plain ? text : validUtf8(text, reading.invalid, where));
      return { text: valid, line, further };
    });
  }
}

export interface ColumnRecord {
  readonly text: Buffer;
  /** The line that the record ends in, counted from 1 */
  readonly line: number;
  /** The fields of the further columns; '' for a column that is missing */
  readonly further: readonly string[];
}

const [lf, cr] = [0x0a, 0x0d];

function oneLine(text: Buffer): Buffer {
  if (!text.includes(lf) && !text.includes(cr)) return text;
  return Buffer.from(text.toString('latin1').replace(/\r\n?|\n/g, ' '), 'latin1');
}

async function* delimitedFields(
  bytes: AsyncIterable<Uint8Array>,
  name: string,
  { format, column, beside }: ReadingOptions,
): AsyncGenerator<ColumnRecord[], void, void> {
  const columns = [column, ...besideNames(beside)];
  const choose = (header: readonly string[]) =>
    columns.map((one) => columnIndex(header, one, name));
  for await (const group of delimitedRecords(bytes, name, format, choose)) {
    yield group.map(({ fields: [text, ...rest], line }) => ({
      ...{ text, line },
      further: rest.map(String),
    }));
  }
}

/** Max bytes that the parser of CSV and TSV gets at once */
const pieceBytes = 1 << 18;

/** The encoding in which the parser handles a table: one character per byte, so that nothing is lost */
const bytewise = 'latin1';

/** The wanted fields of one record of a CSV or TSV table */
export interface DelimitedRecord {
  readonly fields: readonly Buffer[];
  /** The line that the record ends in, counted from 1 */
  readonly line: number;
}

/**
 * Yields the records of a CSV or TSV table, without the header, grouped as they arrive, at least one per group.
 * @param choose returns the indices of the wanted columns, given the header
 * @throws CharnnError naming the line of a record that is malformed
 */
export async function* delimitedRecords(
  bytes: AsyncIterable<Uint8Array>,
  name: string,
  format: TextFormat,
  choose: (header: readonly string[]) => readonly number[],
): AsyncGenerator<DelimitedRecord[], void, void> {
  let fields: DelimitedRecord[] = [];
  let columns: readonly number[] | undefined;
  let last = 0;
  const bytesOf = (field: string) => Buffer.from(field, bytewise);
  const take = (record: string[], { lines: line }: Info): null => {
    last = line;
    if (columns === undefined) columns = choose(record.map((field) => bytesOf(field).toString()));
    else fields.push({ fields: columns.map((index) => bytesOf(record[index])), line });
    // returning null keeps the record out of the CSV parser's own output, which nobody reads
    return null;
  };
  const options: Options = {
    delimiter: format === 'tsv' ? '\t' : ',',
    encoding: bytewise,
    quote: format === 'tsv' ? null : '"',
    record_delimiter: ['\r\n', '\n', '\r'],
    skip_empty_lines: true,
    on_record: take as unknown as NonNullable<Options['on_record']>,
  };
  // the parser is loaded only when there is a table to read
  const { Parser } = await import('csv-parse');
  const parser = new Parser(options);
  parser.resume();
  let failure: Error | undefined;
  parser.on('error', (error) => {
    failure ??= error;
  });
  const check = (): void => {
    if (failure !== undefined) throw worded(failure, name, format);
  };
  try {
    // number of bytes that the parser got of the record that is not complete yet, or a little more
    let length = 0;
    let begun = 0;
    for await (const piece of bytes) {
      for (let from = 0; from < piece.length; from += pieceBytes) {
        // the parser gets a copy, because it keeps unfinished records and the source will overwrite its memory
        const part = Buffer.from(piece.subarray(from, from + pieceBytes));
        await new Promise<void>((resolve) => parser.write(part, () => resolve()));
        check();
        length = last === begun ? length + part.length : part.length;
        begun = last;
        if (length > maxRecordBytes) throw tooLong(name, last, format);
      }
      if (fields.length > 0) yield fields;
      fields = [];
    }
    const ended = once(parser, 'end').catch(() => {});
    parser.end();
    await ended;
    check();
    if (fields.length > 0) yield fields;
  } finally {
    parser.destroy();
  }
}

/**
 * The index of a column in a header; it need not be named if it is the only one.
 * @param name the file, as messages show it
 * @throws UsageError for a column that does not exist, occurs twice, or has to be named
 */
export function columnIndex(
  header: readonly string[],
  column: string | undefined,
  name: string,
): number {
  const list = header.slice(0, 20).map((field) => quote(field.slice(0, 40)));
  const columns = `its columns are ${list.join(', ')}${header.length > 20 ? ', …' : ''}`;
  if (column === undefined) {
    if (header.length === 1) return 0;
    throw new UsageError(
      `${name}: name the column with the text by ${optionName('textColumn')}; ${columns}`,
    );
  }
  const index = header.indexOf(column);
  if (index < 0) throw new UsageError(`${name} has no column ${quote(column)}; ${columns}`);
  if (header.indexOf(column, index + 1) < 0) return index;
  throw new UsageError(`${name} has two columns ${quote(column)}: rename one of them`);
}

/** Messages for the parser's error codes; the parser's own messages would quote the whole record. */
const faults: Readonly<Record<string, string>> = {
  CSV_RECORD_INCONSISTENT_FIELDS_LENGTH: 'it does not have as many fields as the header',
  CSV_INVALID_CLOSING_QUOTE: 'something follows a closing quotation mark',
  CSV_NON_TRIMABLE_CHAR_AFTER_CLOSING_QUOTE: 'something follows a closing quotation mark',
  INVALID_OPENING_QUOTE: 'a quotation mark stands within a field that is not quoted',
  CSV_QUOTE_NOT_CLOSED: 'a quotation mark is not closed',
};

function tooLong(name: string, lastLine: number, format: string): CharnnError {
  const cause = format === 'csv' ? '; perhaps a quotation mark is not closed' : '';
  return new CharnnError(
    `${name}: the record that begins after line ${lastLine} has more than ${maxRecordBytes / 1e6} MB, which is too long${cause}; break it into shorter records, or give the right ${optionName('format')}`,
  );
}

function worded(error: Error, name: string, format: string): Error {
  if (error instanceof CharnnError) return error;
  const { code, lines } = error as CsvError & { lines?: number };
  const what = faults[code] ?? `it is not valid ${format}`;
  return new CharnnError(
    `${name}, line ${lines ?? '?'}: ${what}; correct the record, or give the right ${optionName('format')}`,
    1,
    { cause: error },
  );
}

async function* objectFields(
  bytes: AsyncIterable<Uint8Array>,
  name: string,
  { column, beside, invalid, plain, isOptional }: ReadingOptions,
): AsyncGenerator<ColumnRecord[], void, void> {
  const names = besideNames(beside);
  if (column === undefined) {
    throw new UsageError(
      `${optionName('format', 'ndjson')} needs ${optionName('textColumn')}: the name of the field with the text`,
    );
  }
  let line = 0;
  for await (const group of splitLines(bytes, name, maxRecordBytes)) {
    const fields: ColumnRecord[] = [];
    for (const raw of group) {
      line++;
      const where = `${name}, line ${line},`;
      const valid = plain ? raw : validUtf8(raw, invalid, where);
      const record = objectOf(valid.toString(), column, where);
      if (record === undefined) continue;
      const isAbsent = isOptional && !Object.hasOwn(record, column);
      const given = isAbsent ? '' : fieldOf(record, column, where);
      const text = wellFormed(given, invalid, where);
      fields.push({ text, line, further: names.map((key) => fieldText(record, key) ?? '') });
    }
    if (fields.length > 0) yield fields;
  }
}

const loneSurrogate = /\p{Surrogate}/u;

/**
 * A text as bytes of UTF-8. Its unpaired surrogates, which JSON strings may hold although they are not characters, are
 * refused, replaced or left out, as `invalid` says.
 */
export function wellFormed(
  text: string,
  invalid: ReadingOptions['invalid'],
  where: string,
): Buffer {
  if (!loneSurrogate.test(text)) return Buffer.from(text);
  if (invalid === 'error') {
    const advice = `give ${optionName('invalid', 'replace')} or ${optionName('invalid', 'skip')}, or correct it`;
    throw new CharnnError(
      `${where} has half a surrogate pair, which is not a character: ${advice}`,
    );
  }
  return Buffer.from(text.replace(/\p{Surrogate}/gu, invalid === 'replace' ? '\ufffd' : ''));
}

type JsonObject = Readonly<Record<string, unknown>>;

/** @returns the object in a line of NDJSON, or undefined for a blank line */
function objectOf(json: string, column: string, where: string): JsonObject | undefined {
  if (json.trim() === '') return undefined;
  let record: unknown;
  try {
    record = JSON.parse(json);
  } catch (cause) {
    throw new CharnnError(
      `${where} is not JSON: correct it, or give the right ${optionName('format')}`,
      1,
      { cause },
    );
  }
  if (typeof record !== 'object' || record === null || Array.isArray(record)) {
    throw new CharnnError(`${where} is not a JSON object, so it has no field ${quote(column)}`);
  }
  return record as JsonObject;
}

/** The text in a field of an NDJSON record */
function fieldOf(record: JsonObject, column: string, where: string): string {
  const value = Object.hasOwn(record, column) ? record[column] : undefined;
  if (typeof value === 'string') return value;
  if (value === undefined) {
    const keys = Object.keys(record).slice(0, 20);
    const list = keys.map((key) => quote(key.slice(0, 40))).join(', ') || 'none';
    throw new CharnnError(`${where} has no field ${quote(column)}: its fields are ${list}`);
  }
  const kind = value === null ? 'null' : Array.isArray(value) ? 'a list' : `a ${typeof value}`;
  throw new CharnnError(`${where} has ${kind} in the field ${quote(column)}, not a string`);
}

/**
 * A field of an object as text: strings unchanged, anything else as JSON. If the object lacks the field, it is looked
 * up in the object `labels`, which may be one of its fields.
 */
export function fieldText(object: unknown, key: string): string | undefined {
  for (const holder of [object, (object as JsonObject | null | undefined)?.labels]) {
    if (typeof holder !== 'object' || holder === null || !Object.hasOwn(holder, key)) continue;
    const value = (holder as JsonObject)[key];
    return typeof value === 'string' ? value : JSON.stringify(value);
  }
  return undefined;
}

/** Adds a line feed to each line, so that the lines become the bytes of a corpus. */
export async function* asCorpus(groups: AsyncIterable<Buffer[]>): AsyncGenerator<Uint8Array> {
  const end = Buffer.of(lf);
  for await (const lines of groups) yield Buffer.concat(lines.flatMap((line) => [line, end]));
}
