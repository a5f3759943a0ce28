/**
 * Makes text from files and from the command line safe for a terminal. All such text passes here, so that no name,
 * field or message can move the cursor, change colours, set the title or reverse the text.
 */

/** Matches control characters (C0, DEL, C1), direction marks, line separators and halves of surrogate pairs */
const strange = /[\p{Cc}\p{Cs}\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]/gu;
const short: Readonly<Record<string, string>> = { '\n': '\\n', '\r': '\\r', '\t': '\\t' };

function escaped(character: string): string {
  return short[character] ?? `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
}

/** A text as one line that is safe on a terminal: characters that would control the terminal are shown as escapes. */
export function printable(text: string): string {
  return text.replace(strange, escaped);
}

/** A text of several lines that is safe on a terminal: escaped as by `printable`, except for its line ends and tabs. */
export function printableLines(text: string): string {
  return text.replace(strange, (character) =>
    character === '\n' || character === '\t' ? character : escaped(character),
  );
}

/** A value as JSON on one line, safe on a terminal; parsing it gives the same value. */
export function jsonText(value: unknown): string {
  // outside strings, JSON contains none of the characters that are escaped here, so the value stays the same
  return printable(JSON.stringify(value) ?? 'null');
}

/**
 * A text in quotes, escaped as in JSON.
 * @param maxLength max number of characters shown; a longer text is cut
 */
export function quoteText(text: string, maxLength = 200): string {
  const isLong = text.length > maxLength;
  return jsonText(isLong ? text.slice(0, maxLength) : text) + (isLong ? '…' : '');
}

/**
 * A file name as messages show it: unchanged if it is harmless, otherwise quoted and escaped, so that spaces are
 * visible.
 */
export function quote(name: string): string {
  if (/^[\p{L}\p{M}\p{N}\p{S}\p{P}]+$/u.test(name) && !/["'`\\]/.test(name)) return name;
  // also escapes unassigned, private and invisible characters, which JSON leaves as they are
  return JSON.stringify(name).replace(/[\p{C}\u2028\u2029]/gu, (character) =>
    character.split('').map(escaped).join(''),
  );
}

/**
 * Formats an integer with separators: 1234567 → 1,234,567. `Intl.NumberFormat` does the same, but making it takes a
 * tenth of the time in which a command starts.
 */
export function grouped(count: number): string {
  return `${count}`.replace(/\B(?=(?:\d{3})+$)/g, ',');
}
