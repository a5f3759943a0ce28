/** Reads the lines of files and pipes, or the texts of a column, as they arrive. */
import { columnTexts } from './columns.js';
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
}

/**
 * Yields the bytes of lines, in UTF-8 whatever the file's encoding is, without their line feeds; a last line may lack one.
 */
export async function* linesOf(
  sources: Iterable<Source> | AsyncIterable<Source>,
  options?: LineOptions,
): AsyncGenerator<Buffer, void, void> {
  for await (const lines of lineGroups(sources, options)) yield* lines;
}

/**
 * The lines that have come together, at least one: what waits for more waits for no reader.
 * @throws CharnnError at a line that has more, before it is held whole, and for a file that is not text
 */
export async function* lineGroups(
  sources: Iterable<Source> | AsyncIterable<Source>,
  {
    reading: given = lineReading,
    unit = 'char',
    maxBytes: longest = maxLineBytes,
  }: LineOptions = {},
): AsyncGenerator<Buffer[], void, void> {
  const reading = unit === 'byte' ? { ...given, plain: true } : given;
  for await (const source of sources) {
    const bytes = textBytes(source, { reading });
    if (reading.format !== 'lines') yield* columnTexts(bytes, source.name, reading);
    else if (reading.invalid === 'replace' || reading.plain) {
      yield* splitLines(bytes, source.name, longest);
    } else yield* validLines(splitLines(bytes, source.name, longest), source.name, reading);
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
