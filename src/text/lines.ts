/** The lines of files and pipes, as they come. */
import type { Source } from './sources.js';

const newline = 0x0a;

/** Lines' bytes without their ends; a last line may lack the end. */
export async function* linesOf(sources: readonly Source[]): AsyncGenerator<Buffer, void, void> {
  for await (const lines of lineGroups(sources)) yield* lines;
}

/** The lines that have come together, at least one: what waits for more waits for no reader. */
export async function* lineGroups(
  sources: readonly Source[],
): AsyncGenerator<Buffer[], void, void> {
  for (const source of sources) {
    let rest: Buffer[] = [];
    for await (const piece of source.read()) {
      // a copy: the source will use its memory again
      const bytes = Buffer.from(piece);
      const lines: Buffer[] = [];
      let from = 0;
      for (let end = bytes.indexOf(newline); end >= 0; end = bytes.indexOf(newline, from)) {
        lines.push(Buffer.concat([...rest, bytes.subarray(from, end)]));
        rest = [];
        from = end + 1;
      }
      if (from < bytes.length) rest.push(bytes.subarray(from));
      if (lines.length > 0) yield lines;
    }
    if (rest.length > 0) yield [Buffer.concat(rest)];
  }
}
