/** The options of sampling, shared by the command line and the library. */
import { flag, type OptionsOf, option, topic } from '../options/table.js';
import {
  count,
  fraction,
  integer,
  listOf,
  notNegative,
  oneOrMore,
  path,
  positiveFraction,
  repeated,
  text,
} from '../options/types.js';

const texts = oneOrMore(text, repeated(text));

/** The weight of a model's n-gram counts */
export const countsWeightRow = option(
  '<x>',
  fraction,
  "factor for the weight of the model's n-gram counts: 1 keeps it as trained, 0 uses the network alone",
  { default: 1 },
);

/** Options about how each character is chosen. The filters apply in the order top-k, typical, top-p, min-p. */
export const choiceRows = topic('Choice', {
  temp: option(
    '<list>',
    oneOrMore(notNegative, listOf(notNegative)),
    'temperature: values below 1 give more predictable text, above 1 more varied text, 0 is greedy; records take the values of a list in turn',
    { default: 1, conflicts: ['tempSchedule'] },
  ),
  tempSchedule: option(
    '<list>',
    listOf(notNegative),
    'temperatures that change from the beginning of a record to its end, such as 1.2,0.5',
  ),
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
    'typical sampling: choose from the smallest set with total probability x of the characters whose surprise is closest to the entropy',
  ),
  banRepeats: option('<n>', integer(2), 'let no sequence of n characters occur twice in a record'),
  allow: option(
    '<class>',
    text,
    'draw only these characters, written as in the brackets of a regular expression: a-z, \\p{L}, …',
  ),
  match: option(
    '<regex>',
    text,
    'write only records that match this regular expression as a whole, each on a line',
  ),
  countsWeight: countsWeightRow,
  greedy: flag('always choose the most probable character, as temperature 0 does'),
});

/** Options about where records end, and the random seed */
export const extentRows = {
  length: option(
    '<n>',
    integer(0),
    'max number of characters of a record; its prompt does not count',
    { default: 500 },
  ),
  stop: option('<text>', texts, 'stop sequence: it ends a record and is not part of it'),
  until: option('<text>', texts, 'final sequence: it ends a record and is part of it'),
  seed: option('<n>', integer(0), 'random seed; the same seed gives the same records', {
    absent: 'random',
  }),
};

/** Options about how many records there are and which are left out */
export const recordRows = {
  count: option('<n>', count, 'number of records'),
  unique: flag('print no record twice'),
  novel: option('<corpus>', path, 'print no record that occurs in this text'),
  beam: option(
    '<n>',
    integer(1, 1024),
    'use beam search of width n to find the most probable record, or several with -n',
  ),
};

const rows = { ...choiceRows, ...extentRows, ...recordRows };

/** All options of sampling */
export type DrawOptions = Omit<OptionsOf<typeof rows>, 'novel'> & {
  /** The text that records must not occur in */
  readonly novel?: unknown;
};

/** The table of all options of sampling, of which `DrawOptions` is the type */
export const drawRows = rows;
