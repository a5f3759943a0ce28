/**
 * Text from files and from the command line on its way to a terminal. All of it passes here: no name, field
 * or message may move the cursor, colour the terminal, set its title or turn the text around.
 */

/** Controls (C0, DEL, C1), direction marks, line separators and halves of characters */
const strange = /[\p{Cc}\p{Cs}\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]/gu;
const short: Readonly<Record<string, string>> = { '\n': '\\n', '\r': '\\r', '\t': '\\t' };

function escaped(character: string): string {
  return short[character] ?? `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
}

/** A text as one line that is safe on a terminal: what would steer it is shown as an escape. */
export function printable(text: string): string {
  return text.replace(strange, escaped);
}

/** Escapes a text of several lines in the same way, but keeps line ends and tabs. */
export function printableLines(text: string): string {
  return text.replace(strange, (character) =>
    character === '\n' || character === '\t' ? character : escaped(character),
  );
}

/** A value as JSON on one line, safe on a terminal; parsing it gives the same value. */
export function jsonText(value: unknown): string {
  // JSON has none of these characters outside of strings
  return printable(JSON.stringify(value) ?? 'null');
}

/**
 * A text in quotes, escaped as JSON is.
 * @param maxLength characters that are shown; of a longer text the beginning
 */
export function quoteText(text: string, maxLength = 200): string {
  const isLong = text.length > maxLength;
  return jsonText(isLong ? text.slice(0, maxLength) : text) + (isLong ? '…' : '');
}

/**
 * A file name as messages show it: plain where it is harmless, else quoted and escaped, so that spaces
 * can be seen.
 */
export function quote(name: string): string {
  if (/^[\p{L}\p{M}\p{N}\p{S}\p{P}]+$/u.test(name) && !/["'`\\]/.test(name)) return name;
  // beyond what could steer a terminal: whatever is unassigned, private or invisible
  return JSON.stringify(name).replace(/[\p{C}\u2028\u2029]/gu, (character) =>
    character.split('').map(escaped).join(''),
  );
}

const thousands = new Intl.NumberFormat('en-US');

/** 1234567 → 1,234,567 */
export function grouped(count: number): string {
  return thousands.format(count);
}
