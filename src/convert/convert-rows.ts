/** Options of conversion, for the command and the library. */
import { optionName, UsageError } from '../errors.js';
import { flag, type OptionsOf, option } from '../options/table.js';
import { integer, notNegative, text } from '../options/types.js';
import type { SearchSettings } from './target-search.js';

const maxBeam = 64;

/** Options about how targets are searched for */
export const searchRows = {
  beam: option(
    '<n>',
    integer(1, maxBeam),
    'use beam search: keep the n most likely beginnings of a target at each step, instead of one',
    { absent: 'the value of --n-best' },
  ),
  nBest: option('<n>', integer(1, maxBeam), 'find the n best targets for each source', {
    absent: '1',
  }),
  lengthPenalty: option(
    '<x>',
    notNegative,
    'rank targets by log-probability / length^x: 1 ranks by the mean per character, 0 by the sum, which favours short targets',
    { default: 1 },
  ),
  threshold: option(
    '<x>',
    notNegative,
    'leave out targets that cost more than this many bits per character or symbol, and print the source or --mark instead',
  ),
};

/** Options about how the command writes targets */
export const writingRows = {
  scores: flag(
    'print the log-probability of each target and its bits per character or symbol after it',
  ),
  mark: option(
    '<text>',
    text,
    'text to print for a source whose targets are all left out by --threshold',
    {
      absent: 'the source itself',
    },
  ),
};

/**
 * The settings of a search for targets.
 * @param scores whether log-probabilities are wanted even if no option asks for them
 * @throws UsageError for options that contradict each other
 */
export function searchSettings(
  { beam, nBest = 1, lengthPenalty = 1, threshold }: OptionsOf<typeof searchRows>,
  scores: boolean,
): SearchSettings {
  const width = beam ?? nBest;
  if (nBest > width) {
    throw new UsageError(
      `${optionName('beam', String(width))} finds no more than ${width} targets: give at least ${optionName('beam', String(nBest))} for ${optionName('nBest', String(nBest))}`,
    );
  }
  return { beam: width, nBest, lengthPenalty, scores: scores || threshold !== undefined };
}
