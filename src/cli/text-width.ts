/** Measures how many columns of a terminal a text takes, and breaks it into lines. */
import { stripVTControlCharacters } from 'node:util';

/** Characters that take two columns: Unicode's East Asian Wide and Fullwidth, in whole blocks, and emoji */
const wide =
  /[\u1100-\u115f\u2e80-\u303e\u3041-\ua4cf\ua960-\ua97f\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff01-\uff60\uffe0-\uffe6\u{1f300}-\u{1faff}\u{20000}-\u{3fffd}]/u;
/** Characters that take no column, because they are drawn over the preceding one */
const narrow = /[\p{Mn}\p{Me}\p{Cf}]/u;

/** Number of columns that a text takes; colour codes take none. */
export function textWidth(text: string): number {
  let width = 0;
  for (const character of stripVTControlCharacters(text)) width += columnsOf(character);
  return width;
}

function columnsOf(character: string): number {
  if (character <= '~') return 1;
  return narrow.test(character) ? 0 : wide.test(character) ? 2 : 1;
}

/** The beginning of a text without colour codes that takes at most this many columns. */
export function cutTo(text: string, columns: number): string {
  let width = 0;
  let end = 0;
  for (const character of text) {
    width += columnsOf(character);
    if (width > columns) return text.slice(0, end);
    end += character.length;
  }
  return text;
}

/** Breaks the lines of a text at spaces, so that each takes at most this many columns; a longer word is not broken. */
export function wrapped(text: string, columns: number): string {
  return text
    .split('\n')
    .flatMap((line) => {
      const lines: string[] = [];
      let room = 0;
      for (const word of line.split(' ')) {
        const width = textWidth(word);
        if (lines.length > 0 && width + 1 <= room) {
          lines[lines.length - 1] += ` ${word}`;
          room -= width + 1;
        } else {
          lines.push(word);
          room = columns - width;
        }
      }
      return lines;
    })
    .join('\n');
}
