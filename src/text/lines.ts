/** Reads the lines of files and pipes, or the texts of a column, as they arrive. */
import { columnRecords } from './columns.js';
import { maxLineBytes, splitLines } from './line-splitter.js';
import { defaultReading, type ReadingOptions } from './reading-options.js';
import type { Source } from './sources.js';
import { textBytes } from './text-bytes.js';
import type { TextUnit } from './unit.js';
import { validUtf8 } from './utf8.js';

/** The default way of reading lines: a filter does not end because of an invalid byte. */
export const lineReading: ReadingOptions = { ...defaultReading, invalid: 'replace' };

export interface LineOptions {
  /** `invalid: 'replace'`, the default, leaves bytes that are no character where they are. */
  readonly reading?: ReadingOptions | undefined;
  /** With `byte` the lines are the file's bytes, whatever it is. */
  readonly unit?: TextUnit | undefined;
  /** Max bytes of a line */
  readonly maxBytes?: number | undefined;
  /** Makes of a line, and of the columns beside it, what is yielded; `where` is the line, as messages show it */
  readonly attach?:
    | ((line: Buffer, further: readonly string[], where: string) => Buffer)
    | undefined;
}

/**
 * Yields the bytes of lines, in UTF-8 whatever the file's encoding is, without their line feeds; a last line may lack one.
 */
export async function* linesOf(
  sources: readonly Source[],
  options?: LineOptions,
): AsyncGenerator<Buffer, void, void> {
  for await (const lines of lineGroups(sources, options)) yield* lines;
}

/**
 * The lines that have come together, at least one: what waits for more waits for no reader.
 * @throws CharnnError at a line that has more, before it is held whole, and for a file that is not text
 */
export async function* lineGroups(
  sources: readonly Source[],
  {
    reading: given = lineReading,
    unit = 'char',
    maxBytes: longest = maxLineBytes,
    attach = (line) => line,
  }: LineOptions = {},
): AsyncGenerator<Buffer[], void, void> {
  const reading = unit === 'byte' ? { ...given, plain: true } : given;
  for (const source of sources) {
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
