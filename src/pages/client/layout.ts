/** Lays out a text in rows of a fixed-width font. */

/** The text shown for a symbol, and the number of columns it takes */
export interface Glyph {
  readonly text: string;
  readonly width: 1 | 2;
  readonly newline: boolean;
  /** Whether the text is shown faintly, because it is a sign for a character that cannot be shown */
  readonly faint: boolean;
}

const wide =
  /[\u1100-\u115f\u2e80-\u303e\u3041-\ua4cf\ua960-\ua97f\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6]|\p{Emoji_Presentation}|[\u{20000}-\u{3fffd}]/u;

export function glyph(symbol: string): Glyph {
  const shown = (text: string, faint = true) => ({
    text,
    width: (wide.test(text) ? 2 : 1) as 1 | 2,
    newline: symbol === '\n',
    faint,
  });
  if (symbol === '\n') return shown('⏎');
  if (symbol === '\t') return shown('→');
  if (symbol === ' ') return shown('\u00a0', false);
  // a byte that is shown as two hexadecimal digits
  if (/^[89a-f][0-9a-f]$/.test(symbol)) return { ...shown(symbol), width: 2 };
  // Unicode has pictures of the control characters
  if (symbol < ' ') return shown(String.fromCodePoint(0x2400 + symbol.charCodeAt(0)));
  if (/^\p{M}$/u.test(symbol)) return shown(`◌${symbol}`);
  if (/^[\p{C}\p{Z}]$/u.test(symbol)) return shown('␣');
  return shown(symbol, false);
}

/** Rows of at most `columns` columns, broken after newlines and, if there is one, after a space. */
export function rowStarts(
  ids: ArrayLike<number>,
  glyphs: readonly Glyph[],
  columns: number,
): Uint32Array {
  const widths = Uint8Array.from(glyphs, ({ width }) => width);
  const newlines = Uint8Array.from(glyphs, ({ newline }) => (newline ? 1 : 0));
  const spaces = Uint8Array.from(glyphs, ({ text }) => (text === '\u00a0' ? 1 : 0));
  const starts = [0];
  let column = 0;
  let afterSpace = 0;
  for (let i = 0; i < ids.length; i++) {
    const id = ids[i];
    const start = starts[starts.length - 1];
    // a newline or a space may extend beyond the edge
    if (column + widths[id] > columns && !newlines[id] && !spaces[id] && i > start) {
      const next = afterSpace > start ? afterSpace : i;
      starts.push(next);
      column = 0;
      for (let k = next; k < i; k++) column += widths[ids[k]];
    }
    column += widths[id];
    if (spaces[id]) afterSpace = i + 1;
    if (newlines[id]) {
      if (i + 1 < ids.length) starts.push(i + 1);
      column = 0;
    }
  }
  return Uint32Array.from(starts);
}

/** The row of the laid-out text in which a character stands. */
export function rowOf(starts: Uint32Array, at: number): number {
  let [low, high] = [0, starts.length - 1];
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if (starts[middle] <= at) low = middle;
    else high = middle - 1;
  }
  return low;
}
