/**
 * A text as streams that are coded side by side. Each begins with a symbol that is not part of the text,
 * so that no stream waits for another: `length` positions a stream, the first of them this beginning.
 */

export interface Layout {
  /** Number of characters of the text */
  readonly characters: number;
  readonly streams: number;
  /** Number of positions of a stream */
  readonly length: number;
  /** Number of time steps between two updates */
  readonly chunk: number;
}

export function layoutOf(characters: number, streams: number, chunk: number): Layout {
  return { characters, streams, length: Math.ceil(characters / streams) + 1, chunk };
}

/** Positions in all; one more is the target after the last. */
export function positions({ streams, length }: Layout): number {
  return streams * length + 1;
}

/** Whether a position of a stream is part of the text: neither its beginning nor beyond the end. */
export function isText({ characters, length }: Layout, stream: number, position: number): boolean {
  if (position < 1 || position >= length) return false;
  return stream * (length - 1) + position - 1 < characters;
}

/** Copies between a text and its places in the streams. */
export function eachCharacter(layout: Layout, act: (index: number, position: number) => void) {
  const { characters, streams, length } = layout;
  let index = 0;
  for (let stream = 0; stream < streams; stream++) {
    for (let i = 1; i < length && index < characters; i++) act(index++, stream * length + i);
  }
}
