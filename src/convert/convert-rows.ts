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
    'beam search: keep the n likeliest beginnings of a target, not one',
    { absent: 'as many as --n-best' },
  ),
  nBest: option('<n>', integer(1, maxBeam), 'give the n best targets of each source', {
    absent: '1',
  }),
  lengthPenalty: option(
    '<x>',
    notNegative,
    'compare targets by log-probability / length^x: 1 compares means, 0 sums, which favours short targets',
    { default: 1 },
  ),
  threshold: option(
    '<x>',
    notNegative,
    'leave out targets of more than this many bits per character or symbol: the source stands in their place, or --mark',
  ),
};

/** Options about how the command writes targets */
export const writingRows = {
  scores: flag('print behind each target its log-probability and its bits per character or symbol'),
  mark: option('<text>', text, 'print this for a source whose targets --threshold leaves out', {
    absent: 'the source itself',
  }),
};

/**
 * The settings of a search.
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
