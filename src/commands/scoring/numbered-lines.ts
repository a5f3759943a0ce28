/** Lines with their positions: which file, and which line of it. */

import { followed, merged } from '../../text/followed-file.js';
import { type LineOptions, lineGroups } from '../../text/lines.js';
import type { Source } from '../../text/sources.js';

export interface Place {
  /** The name of the file as messages show it */
  readonly file: string;
  /** The number of the line, counted from 1; for a table, the number of the record */
  readonly line: number;
}

/** Lines that arrived together */
interface Group {
  readonly file: string;
  readonly first: number;
  readonly count: number;
}

/** Passes on the lines of sources in groups, and knows the position of each when its score comes back. */
export class NumberedLines {
  private readonly groups: Group[] = [];
  /** How many lines of `groups[0]` have had their positions requested */
  private taken = 0;

  /** @param follow whether to wait at the end of each file for what is added to it; files are then read in parallel */
  constructor(
    private readonly sources: readonly Source[],
    private readonly options: LineOptions,
    private readonly follow: boolean,
  ) {}

  async *read(): AsyncGenerator<Buffer[], void, void> {
    const numbered = this.follow
      ? merged(this.sources.map((source) => this.numbered(turnsOf(source))))
      : this.numbered(this.sources);
    for await (const { lines, ...group } of numbered) {
      this.groups.push({ ...group, count: lines.length });
      yield lines;
    }
  }

  /** The position of the next line, to be requested for each line in order. */
  next(): Place {
    while (this.taken === this.groups[0].count) {
      this.groups.shift();
      this.taken = 0;
    }
    const { file, first } = this.groups[0];
    return { file, line: first + this.taken++ };
  }

  private async *numbered(sources: Iterable<Source> | AsyncIterable<Source>) {
    for await (const source of sources) {
      let first = 1;
      for await (const lines of lineGroups([source], this.options)) {
        yield { file: source.name, first, lines };
        first += lines.length;
      }
    }
  }
}

/** The successive sources of a file that may be replaced or truncated; a stream, which has no path, has only one. */
function turnsOf(source: Source): Iterable<Source> | AsyncIterable<Source> {
  return source.path === undefined ? [source] : followed(source.path, source);
}
