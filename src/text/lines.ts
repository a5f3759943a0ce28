/** The lines of files and pipes, as they come. */
import type { Source } from './sources.js';

const newline = 0x0a;

/** A line's bytes without its end, in memory of its own; a last line may lack the end. */
export async function* linesOf(sources: readonly Source[]): AsyncGenerator<Buffer, void, void> {
  for (const source of sources) {
    let rest: Buffer[] = [];
    for await (const piece of source.read()) {
      const bytes = Buffer.from(piece);
      let from = 0;
      for (let end = bytes.indexOf(newline); end >= 0; end = bytes.indexOf(newline, from)) {
        yield Buffer.concat([...rest, bytes.subarray(from, end)]);
        rest = [];
        from = end + 1;
      }
      if (from < bytes.length) rest.push(bytes.subarray(from));
    }
    if (rest.length > 0) yield Buffer.concat(rest);
  }
}
