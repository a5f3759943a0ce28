import { UsageError } from '../errors.js';
import { quoteText } from './quote.js';

const simple: Readonly<Record<string, string>> = {
  n: '\n',
  t: '\t',
  r: '\r',
  f: '\f',
  v: '\v',
  0: '\0',
  '\\': '\\',
};

/**
 * Replaces the escapes in a string: \n \t \r \f \v \0 \\ \xHH \uHHHH \u{H…}. They are understood in every option whose
 * value is text; files and standard input are taken literally.
 * @param option names the option in messages
 */
export function readEscapes(text: string, option: string): string {
  const sequence = /\\(?:x([\da-f]{2})|u([\da-f]{4})|u\{([\da-f]{1,6})\}|([\s\S]?))/gi;
  return text.replace(sequence, (whole, two, four, more, single) => {
    const code = two ?? four ?? more;
    const meant = code === undefined ? simple[single] : codePoint(Number.parseInt(code, 16));
    if (meant !== undefined) return meant;
    throw new UsageError(
      `${option} has an unknown escape ${quoteText(whole)}: the known ones are \\n \\t \\r \\f \\v \\0 \\\\ \\xHH \\uHHHH \\u{H…}, and a backslash itself is \\\\`,
    );
  });
}

/** Writes a text so that `readEscapes` gives it back: control characters and backslashes become escapes. */
export function writeEscapes(text: string): string {
  return text.replace(/[\\\p{C}\p{Zl}\p{Zp}]/gu, (character) => {
    const found = Object.entries(simple).find(([, meant]) => meant === character);
    return found ? `\\${found[0]}` : `\\u{${character.codePointAt(0)?.toString(16)}}`;
  });
}

function codePoint(code: number): string | undefined {
  return code <= 0x10ffff ? String.fromCodePoint(code) : undefined;
}
