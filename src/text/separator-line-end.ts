/** Decides whether each line of a text is a record of its own. */
import { areWrapped, quantile } from './separator-line.js';

/** Max fraction of lines that may be blank or indented; lists of records have hardly any such lines. */
const strayLines = 0.02;
/**
 * Lines are taken for records if their `beginnings` most frequent beginnings, such as dates or levels, cover at least
 * the fraction `covered` of them.
 */
const beginnings = 10;
const covered = 0.8;

const sentenceEnd = /[.!?…。！？]["'”’»」』)]*\s*$/u;
/** Matches the end of a sentence inside a line, followed by another sentence. */
const innerEnd = /\p{L}[.!?…。！？]["'”’»」』)]*(?:\s+\S|(?<=[。！？]["'”’»」』)]*)\p{L})/u;

/** @param all all lines of the text, including blank ones */
export function lineEndIsSeparator(all: readonly string[]): boolean {
  const lines = all.filter((line) => line.trim() !== '');
  const fraction = (test: (line: string) => boolean) => lines.filter(test).length / lines.length;
  if (all.length - lines.length > all.length * strayLines) return false;
  if (fraction((line) => /^\s/.test(line)) > strayLines) return false;
  const lengths = lines.map((line) => line.length);
  const usualMax = quantile(lengths, 0.95);

  const begin = frequentBeginnings(lines);
  if (usualMax <= 500 && fraction((line) => begin.has(beginningOf(line))) >= covered) {
    // a line that begins with a number or a sign, such as a date, a level or a key, is not prose; mere words prove
    // nothing, because lines of prose may also begin with the same few words
    const marked = (line: string) =>
      begin.has(beginningOf(line)) && /[\d:=[{<|#@]/.test(beginningOf(line));
    if (fraction(marked) >= covered) return true;
  }
  if (usualMax > 80 || fraction((line) => innerEnd.test(line)) > 0.05) return false;
  if (fraction((line) => sentenceEnd.test(line)) > 0.2) return false;
  // verses often end with commas or dashes, statements of a program with semicolons or brackets; neither are records
  if (fraction((line) => /[,;:—–-]\s*$/.test(line)) > 0.2) return false;
  if (fraction((line) => /[{}()[\];]\s*$/.test(line)) > 0.3) return false;
  return !areWrapped(lines);
}

/** Returns a line's first word with the punctuation around it, where every number is replaced by the same sign. */
function beginningOf(line: string): string {
  const begin =
    /^[^\p{L}\p{N}\s]*[\p{L}\p{N}_]{1,24}[^\p{L}\p{N}\s]*/u.exec(line)?.[0] ?? line.slice(0, 1);
  return begin.replace(/\d+/g, '0');
}

function frequentBeginnings(lines: readonly string[]): Set<string> {
  const counts = new Map<string, number>();
  for (const line of lines) {
    const beginning = beginningOf(line);
    counts.set(beginning, (counts.get(beginning) ?? 0) + 1);
  }
  const sorted = [...counts].sort((a, b) => b[1] - a[1]).slice(0, beginnings);
  return new Set(sorted.map(([beginning]) => beginning));
}
