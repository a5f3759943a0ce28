/** Options of sampling: those of the library, and what the command line shares with them. */
import { backendNames } from '../backend/device.js';
import { flag, type OptionsOf, option, topic } from '../options/table.js';
import {
  choice,
  count,
  fraction,
  integer,
  notNegative,
  positiveFraction,
  text,
} from '../options/types.js';

/** Filters apply in the order top-k, typical, top-p, min-p, each to what the one before has left. */
export const filterRows = topic('Choice', {
  topK: option('<n>', count, 'top-k sampling: choose among the n most probable characters'),
  topP: option(
    '<x>',
    positiveFraction,
    'nucleus sampling: choose from the smallest set with total probability x',
  ),
  minP: option(
    '<x>',
    fraction,
    'choose among characters at least x times as probable as the most probable one',
  ),
  typical: option(
    '<x>',
    positiveFraction,
    'typical sampling: smallest set with total probability x of characters whose surprise is closest to the entropy',
  ),
  greedy: flag('always choose the most probable character, as temperature 0 does'),
});

/** What records may consist of */
export const constraintRows = topic('Choice', {
  banRepeats: option('<n>', integer(2), 'let no sequence of n characters occur twice in a record'),
  allow: option('<class>', text, 'use only these characters: a-z, \\p{L}, …'),
  match: option(
    '<regex>',
    text,
    'print only records that match this regular expression as a whole; a line end ends them',
  ),
});

export const lengthRow = option('<n>', integer(0), 'max number of characters to draw', {
  default: 500,
});

/** How much of a model's counts is used */
export const countsWeightRow = option(
  '<x>',
  fraction,
  "scales the weight of the model's n-gram counts: 1 as trained, 0 the network alone",
  { default: 1 },
);

const libraryRows = {
  length: lengthRow,
  temperature: option(
    '<x>',
    notNegative,
    'divides the logits: below 1 more predictable, above 1 more varied, 0 greedy',
    { default: 1 },
  ),
  ...filterRows,
  countsWeight: countsWeightRow,
  seed: option('<n>', integer(0), 'random seed; the same seed gives the same text', { default: 1 }),
  prompt: option('<text>', text, 'text to continue; it is not part of what is returned', {
    default: '',
  }),
  backend: option('<name>', choice(backendNames), 'compute back end', { default: 'auto' }),
};

export { libraryRows as sampleRows };

/** Options of the library's `sample` */
export type SampleOptions = OptionsOf<typeof libraryRows>;
