/** Computes the fraction of a text's strings that do not occur in a corpus. */
import type { SuffixAutomaton } from './suffix-automaton.js';

export interface CommonRun {
  /** Index in the text of the first character of the string that text and corpus have in common */
  readonly start: number;
  readonly length: number;
}

export interface Novelty {
  readonly characters: number;
  /** For each length n: the fraction of the text's strings of n characters that do not occur in the corpus */
  readonly newFractions: readonly { readonly length: number; readonly share: number }[];
  /** Longest strings that occur in both text and corpus, longest first; none is part of another */
  readonly runs: readonly CommonRun[];
}

/** @param maxRuns max number of common strings */
export function noveltyOf(automaton: SuffixAutomaton, maxRuns: number): Novelty {
  const matches = automaton.matches();
  const newFractions = [];
  for (let n = 1; n <= matches.length; n *= 2) {
    let known = 0;
    for (const match of matches) if (match >= n) known++;
    const all = matches.length - n + 1;
    newFractions.push({ length: n, share: 1 - known / all });
    if (known === 0) break;
  }
  return { characters: matches.length, newFractions, runs: longestRuns(matches, maxRuns) };
}

function longestRuns(matches: Int32Array, maxRuns: number): CommonRun[] {
  const runs: CommonRun[] = [];
  matches.forEach((length, end) => {
    // a string that the next character extends is only part of a longer common string, which is listed instead
    if (length === 0 || matches[end + 1] === length + 1) return;
    runs.push({ start: end - length + 1, length });
  });
  return runs.sort((a, b) => b.length - a.length || a.start - b.start).slice(0, maxRuns);
}
