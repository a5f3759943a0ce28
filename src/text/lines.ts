/** Reads the lines of files and pipes, or the texts of a table's column, as they arrive. */
import { columnRecords } from './columns.js';
import { maxLineBytes, splitLines } from './line-splitter.js';
import { defaultReading, type ReadingOptions } from './reading-options.js';
import type { Source } from './sources.js';
import { textBytes } from './text-bytes.js';
import type { TextUnit } from './unit.js';
import { validUtf8 } from './utf8.js';

/** The default way of reading lines; invalid bytes are no errors, because they should not stop a filter. */
export const lineReading: ReadingOptions = { ...defaultReading, invalid: 'replace' };

export interface LineOptions {
  /** How files are read. With `invalid: 'replace'`, the default, invalid bytes in lines of UTF-8 remain as they are. */
  readonly reading?: ReadingOptions | undefined;
  /** With `byte` the lines consist of the file's bytes, whatever kind of file it is. */
  readonly unit?: TextUnit | undefined;
  /** Max bytes of a line */
  readonly maxBytes?: number | undefined;
  /**
   * Makes the value that is yielded for a line from the line and its further columns; `where` names the line in
   * messages
   */
  readonly attach?:
    | ((line: Buffer, further: readonly string[], where: string) => Buffer)
    | undefined;
}

/**
 * Yields the bytes of each line without its line feed, converted to UTF-8 from any encoding; the last line of a file
 * may lack a line feed.
 */
export async function* linesOf(
  sources: Iterable<Source> | AsyncIterable<Source>,
  options?: LineOptions,
): AsyncGenerator<Buffer, void, void> {
  for await (const lines of lineGroups(sources, options)) yield* lines;
}

/**
 * Yields lines in groups of at least one: a line is passed on as soon as it is complete, and does not wait for more to
 * arrive.
 * @throws CharnnError for a line that is too long, before all of it is in memory, and for a file that is not text
 */
export async function* lineGroups(
  sources: Iterable<Source> | AsyncIterable<Source>,
  {
    reading: given = lineReading,
    unit = 'char',
    maxBytes: longest = maxLineBytes,
    attach = (line) => line,
  }: LineOptions = {},
): AsyncGenerator<Buffer[], void, void> {
  const reading = unit === 'byte' ? { ...given, plain: true } : given;
  for await (const source of sources) {
    const bytes = textBytes(source, { reading });
    const { name } = source;
    if (reading.format !== 'lines') {
      for await (const group of columnRecords(bytes, name, reading)) {
        yield group.map((record) =>
          attach(record.text, record.further, `${name}, line ${record.line}`),
        );
      }
      continue;
    }
    const lines = splitLines(bytes, name, longest);
    const isAny = reading.invalid === 'replace' || reading.plain;
    let count = 0;
    for await (const group of isAny ? lines : validLines(lines, name, reading)) {
      yield group.map((line) => attach(line, [], `${name}, line ${++count}`));
    }
  }
}

async function* validLines(
  groups: AsyncIterable<Buffer[]>,
  name: string,
  { invalid }: ReadingOptions,
): AsyncGenerator<Buffer[], void, void> {
  let line = 0;
  for await (const group of groups) {
    yield group.map((bytes) => {
      line++;
      return validUtf8(bytes, invalid, `${name}, line ${line},`);
    });
  }
}
