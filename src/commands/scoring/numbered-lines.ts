/** Lines with their positions: which file, and which line of it. */

import { followed, merged } from '../../text/followed-file.js';
import { type LineOptions, lineGroups } from '../../text/lines.js';
import type { Source } from '../../text/sources.js';

export interface Place {
  /** The name of the file as messages show it */
  readonly shown: string;
  /** The name of the file as it is, or `standard input` */
  readonly file: string;
  /** The number of the line, counted from 1; for a table, the number of the record */
  readonly line: number;
}

/** Lines that arrived together */
interface Group extends Omit<Place, 'line'> {
  readonly first: number;
  readonly count: number;
}

/**
 * Passes on the lines of files and streams in groups, and says, when the scores come back in order, which line of which
 * file each of them belongs to.
 */
export class NumberedLines {
  private readonly groups: Group[] = [];
  /** For how many lines of the first group `next` has already said which line they are */
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

  /** Says which line of which file comes next; to be called once for each line, in order. */
  next(): Place {
    while (this.taken === this.groups[0].count) {
      this.groups.shift();
      this.taken = 0;
    }
    const { shown, file, first } = this.groups[0];
    return { shown, file, line: first + this.taken++ };
  }

  private async *numbered(sources: Iterable<Source> | AsyncIterable<Source>) {
    for await (const source of sources) {
      const { name: shown, file = shown } = source;
      let first = 1;
      for await (const lines of lineGroups([source], this.options)) {
        yield { shown, file, first, lines };
        first += lines.length;
      }
    }
  }
}

/**
 * The contents of a file one after the other, as it is replaced or truncated (`--follow`); a stream, which has no path,
 * is one content.
 */
function turnsOf(source: Source): Iterable<Source> | AsyncIterable<Source> {
  return source.path === undefined ? [source] : followed(source.path, source);
}
