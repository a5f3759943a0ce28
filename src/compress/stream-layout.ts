/**
 * A text cut into streams that are coded in parallel. Each stream begins with a symbol that is not part of the text, so
 * that no stream has to wait for another to end. A stream has `length` positions, including that beginning.
 */

export interface Layout {
  /** Number of characters of the text */
  readonly characters: number;
  readonly streams: number;
  /** Number of positions in a stream */
  readonly length: number;
  /** Number of time steps between two updates of the weights */
  readonly chunk: number;
}

export function layoutOf(characters: number, streams: number, chunk: number): Layout {
  return { characters, streams, length: Math.ceil(characters / streams) + 1, chunk };
}

/** Number of positions in all streams, and one more for the target of the last position */
export function positions({ streams, length }: Layout): number {
  return streams * length + 1;
}

/** Whether a position of a stream belongs to the text: it is neither the beginning nor after the end of the text. */
export function isText({ characters, length }: Layout, stream: number, position: number): boolean {
  if (position < 1 || position >= length) return false;
  return stream * (length - 1) + position - 1 < characters;
}

/** Calls a function for each character of the text with its index and its position in the streams. */
export function eachCharacter(layout: Layout, act: (index: number, position: number) => void) {
  const { characters, streams, length } = layout;
  let index = 0;
  for (let stream = 0; stream < streams; stream++) {
    for (let i = 1; i < length && index < characters; i++) act(index++, stream * length + i);
  }
}
