/** Whether each line of a text is a record of its own. */
import { fullLines, quantile } from './separator-line.js';

/** Share of the lines that may be blank or indented, as nothing is that is made line by line */
const strayLines = 0.02;
/** Lines that begin in few ways: how many ways, and the share of the lines that they cover */
const beginnings = 10;
const covered = 0.8;

const sentenceEnd = /[.!?…。！？]["'”’»」』)]*\s*$/u;
/** A sentence's end inside a line, with another sentence after it */
const innerEnd = /\p{L}[.!?…。！？]["'”’»」』)]*(?:\s+\S|(?<=[。！？]["'”’»」』)]*)\p{L})/u;

/** @param all lines of the text, blank ones too */
export function lineEndIsSeparator(all: readonly string[]): boolean {
  const lines = all.filter((line) => line.trim() !== '');
  const share = (test: (line: string) => boolean) => lines.filter(test).length / lines.length;
  if (all.length - lines.length > all.length * strayLines) return false;
  if (share((line) => /^\s/.test(line)) > strayLines) return false;
  const lengths = lines.map((line) => line.length);
  const longest = quantile(lengths, 0.95);
  const isProse = share((line) => innerEnd.test(line)) > 0.05;

  const begin = mostFrequentBeginnings(lines);
  if (longest <= 500 && share((line) => begin.has(beginningOf(line))) >= covered) {
    // what begins with numbers, as a date or an address, is no prose whatever follows
    const numbered = share((line) => begin.has(beginningOf(line)) && /\d/.test(beginningOf(line)));
    return numbered >= covered || !isProse;
  }
  if (longest > 80 || isProse) return false;
  if (share((line) => sentenceEnd.test(line)) > 0.2) return false;
  // verses end with commas, statements with semicolons and brackets
  if (share((line) => /[,;:—–-]\s*$/.test(line)) > 0.2) return false;
  if (share((line) => /[{}()[\];]\s*$/.test(line)) > 0.3) return false;
  return fullLines(lengths) <= 0.5;
}

/** A line's first word, its numbers as one and the same. */
function beginningOf(line: string): string {
  return (/^\S{1,24}/.exec(line)?.[0] ?? '').replace(/\d+/g, '0');
}

function mostFrequentBeginnings(lines: readonly string[]): Set<string> {
  const counts = new Map<string, number>();
  for (const line of lines) {
    const beginning = beginningOf(line);
    counts.set(beginning, (counts.get(beginning) ?? 0) + 1);
  }
  const sorted = [...counts].sort((a, b) => b[1] - a[1]).slice(0, beginnings);
  return new Set(sorted.map(([beginning]) => beginning));
}
