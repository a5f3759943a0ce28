/** The lines of files and pipes, as they come. */
import { CharnnError } from '../errors.js';
import type { Source } from './sources.js';

const newline = 0x0a;

/** Bytes; V8's longest string has a few more characters */
const longestLine = 500e6;

/** Lines' bytes without their ends; a last line may lack the end. */
export async function* linesOf(sources: readonly Source[]): AsyncGenerator<Buffer, void, void> {
  for await (const lines of lineGroups(sources)) yield* lines;
}

/**
 * The lines that have come together, at least one: what waits for more waits for no reader.
 * @param longest bytes that a line may have
 * @throws CharnnError at a line that has more, before it is held whole
 */
export async function* lineGroups(
  sources: readonly Source[],
  longest = longestLine,
): AsyncGenerator<Buffer[], void, void> {
  for (const source of sources) {
    let rest: Buffer[] = [];
    let length = 0;
    for await (const piece of source.read()) {
      // a copy: the source will use its memory again
      const bytes = Buffer.from(piece);
      const lines: Buffer[] = [];
      let from = 0;
      for (let end = bytes.indexOf(newline); end >= 0; end = bytes.indexOf(newline, from)) {
        requireShort(length + end - from, longest, source.name);
        lines.push(Buffer.concat([...rest, bytes.subarray(from, end)]));
        rest = [];
        length = 0;
        from = end + 1;
      }
      if (from < bytes.length) rest.push(bytes.subarray(from));
      length += bytes.length - from;
      requireShort(length, longest, source.name);
      if (lines.length > 0) yield lines;
    }
    if (rest.length > 0) yield [Buffer.concat(rest)];
  }
}

function requireShort(length: number, longest: number, name: string): void {
  if (length <= longest) return;
  throw new CharnnError(
    `${name} has a line of more than ${longest / 1e6} MB, too long to be taken as one: break it into shorter ones`,
  );
}
