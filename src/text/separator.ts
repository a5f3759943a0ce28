/**
 * Finds the separator between the records of a text, if it is clear.
 *
 * The task is to tell a text of separate records (names, log lines, recipes, poems) from one that is read continuously
 * from beginning to end (a novel, a program). A wrong answer is worse than none, because a separator that is found is
 * used without asking, and one that is missed can still be given. Therefore each test requires several pieces of
 * evidence.
 *
 * 1. Program source has no separator: many lines are indented, and many end with a bracket or a semicolon.
 * 2. A line that recurs on its own (`separator-line.ts`): it has no letters or digits, is not a bracket or the
 *    beginning of a comment, separates blocks of at most half a page, and does not come in pairs, as fences and rules
 *    around headings do.
 * 3. Blank lines: two or more of them, where single ones occur inside the blocks; or one, if every block begins with a
 *    mark with which no other line begins. Single blank lines alone prove nothing, because paragraphs, stanzas and
 *    speeches have them too.
 * 4. The line end (`separator-line-end.ts`): hardly any line is blank or indented, and the lines either have few
 *    different beginnings (a date, a level, a key), or are short, are not sentences, and are not one text wrapped at a
 *    width.
 *
 * Only samples of the text are read, so that a large corpus costs no more than a small one.
 */

import { quote } from '../messages/quote.js';
import type { IdList } from './id-list.js';
import { blankLines, separatorLine } from './separator-line.js';
import { lineEndIsSeparator } from './separator-line-end.js';
import type { Ids } from './unit.js';
import type { Vocabulary } from './vocabulary.js';

/** Number of samples of the text, evenly spread, in which the separator is sought. */
const windowCount = 8;
const windowLength = 1 << 14;
/** Min number of lines of the text; with fewer lines no separator is certain. */
const minLines = 30;

/**
 * Returns the string that ends the records of a text; undefined if none is found.
 * @param ids the text, in ids of the vocabulary
 */
export function findSeparator(ids: IdList, vocabulary: Vocabulary): string | undefined {
  const texts = windowsOf(ids).map((window) => vocabulary.decode(window));
  const crlf = texts.every((text) => text.includes('\r\n') && !/[^\r]\n/.test(text));
  const lineEnd = crlf ? '\r\n' : '\n';
  const windows = texts.map((text, i) => wholeLines(text, lineEnd, i === 0));
  const lines = windows.flat();
  if (lines.length < minLines || isBinary(texts) || isSource(lines)) return undefined;
  const between =
    separatorLine(windows) ?? blankLines(windows) ?? (lineEndIsSeparator(lines) ? [] : undefined);
  if (between === undefined) return undefined;
  const separator = [...between.map((line) => lineEnd + line), lineEnd].join('');
  return vocabulary.encode(separator).unknown === 0 ? separator : undefined;
}

/** A separator as messages describe it */
export function describeSeparator(separator: string): string {
  const lines = separator.replaceAll('\r\n', '\n').split('\n');
  const inner = lines.slice(1, -1);
  const isLines = lines.length > 1 && lines[0] === '' && lines.at(-1) === '';
  if (isLines && inner.length === 0) return 'the end of a line';
  const shown = inner.filter((line) => line !== '');
  if (isLines && shown.length === 1) return `the line ${inQuotes(shown[0])}`;
  if (isLines && shown.length === 0) {
    return inner.length === 1 ? 'a blank line' : `${inner.length} blank lines`;
  }
  return inQuotes(separator);
}

function inQuotes(text: string): string {
  const shown = quote(text);
  return shown.startsWith('"') ? shown : `"${shown}"`;
}

function windowsOf(ids: IdList): Ids[] {
  if (ids.length <= windowCount * windowLength) {
    const count = Math.ceil(ids.length / windowLength);
    return Array.from({ length: count }, (_, i) =>
      ids.slice(i * windowLength, (i + 1) * windowLength),
    );
  }
  const gap = (ids.length - windowLength) / (windowCount - 1);
  return Array.from({ length: windowCount }, (_, i) => {
    const start = Math.floor(i * gap);
    return ids.slice(start, start + windowLength);
  });
}

/** The lines of a sample, without those that are cut off by its edges. */
function wholeLines(text: string, lineEnd: string, isFirst: boolean): string[] {
  const lines = text.split(lineEnd);
  return lines.slice(isFirst ? 0 : 1, -1);
}

function isBinary(texts: readonly string[]): boolean {
  let [strange, all] = [0, 0];
  for (const text of texts) {
    all += text.length;
    // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is looked for
    strange += text.match(/[\0-\x08\x0e-\x1f\ufffd]/g)?.length ?? 0;
  }
  return strange > all / 100;
}

/** Whether lines look like a program or structured data: indented, or ending as statements and blocks end. */
function isSource(lines: readonly string[]): boolean {
  const filled = lines.filter((line) => line.trim() !== '');
  const indented = filled.filter((line) => /^\s/.test(line)).length;
  const ended = filled.filter((line) => /[{}()[\];]\s*$/.test(line)).length;
  return indented > filled.length * 0.2 && ended > filled.length * 0.12;
}

/** The separator as a field of a model or a state, which is absent if there is none. */
export function withSeparator(separator: string | undefined): { readonly separator?: string } {
  return separator === undefined ? {} : { separator };
}
