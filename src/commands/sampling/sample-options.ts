/** The options of `charnn sample`. */
import * as rows from '../../cli/rows.js';
import { flag, type OptionsOf, option, topic } from '../../options/table.js';
import { count, integer, listOf, notNegative, path, repeated, text } from '../../options/types.js';
import {
  constraintRows,
  countsWeightRow,
  filterRows,
  lengthRow,
} from '../../sample/sample-rows.js';
import { encodingRow } from '../../text/reading-rows.js';

const { greedy, ...filters } = filterRows;

/** The rule of every option whose value is a text, see escapes.ts */
const escapes = 'escapes such as \\n, \\t and \\\\ are understood';

export const sampleTable = {
  ...topic('Records', {
    model: rows.model,
    last: rows.last,
    length: {
      ...lengthRow,
      short: 'l',
      help: 'max number of characters of a record; its prompt does not count',
    },
    count: option('<n>', count, 'number of records; a line feed follows each', {
      short: 'n',
      absent: 'one text',
    }),
    stop: option(
      '<text>',
      repeated(text),
      `stop sequence: it ends a record and is not printed; ${escapes}; with -n the default is what ends the records of the model's text`,
    ),
    until: option(
      '<text>',
      repeated(text),
      `final sequence: it ends a record and is printed; ${escapes}`,
    ),
    null: flag('write a NUL byte after each record instead of a line feed', { short: '0' }),
    unique: flag('print no record twice'),
    novel: option('<corpus>', path, 'print no record that occurs in this text'),
  }),
  ...topic('Prompt', {
    prompt: option('<text>', text, `text to continue; ${escapes}`, {
      short: 'p',
      deprecated: ['prime'],
      conflicts: ['promptFile'],
    }),
    promptFile: option('<file>', path, 'continue the text of a file; - for standard input', {
      deprecated: ['prime-file'],
    }),
    complete: option(
      '<file>',
      path,
      'complete each line of a file; - for standard input; a record ends with its line',
    ),
    encoding: {
      ...encodingRow,
      help: 'encoding of the files, such as utf-16le or windows-1252',
    },
    interactive: flag('continue lines that you type; /help tells more', { short: 'i' }),
    echo: flag('do not print the prompt', { flag: 'no-echo', default: true }),
  }),
  ...topic('Choice', {
    temp: option(
      '<list>',
      listOf(notNegative),
      'temperature: below 1 more predictable, above 1 more varied, 0 greedy; records take the values of a list in turn',
      { short: 't', default: [1], aliases: ['temperature'], conflicts: ['tempSchedule'] },
    ),
    tempSchedule: option(
      '<list>',
      listOf(notNegative),
      'temperatures from the beginning of a record to its end, such as 1.2,0.5',
      { aliases: ['temperature-schedule'] },
    ),
    ...filters,
    ...constraintRows,
    greedy,
    countsWeight: countsWeightRow,
    beam: option('<n>', integer(1, 1024), 'beam search of width n for the most probable record'),
  }),
  ...topic('Run', {
    seed: option('<n>', integer(0), 'random seed; the same seed gives the same records', {
      absent: 'random',
    }),
    threads: rows.threads,
    backend: rows.backend,
    quiet: rows.quiet,
    debug: rows.debug,
  }),
};

export type CommandSampleOptions = OptionsOf<typeof sampleTable>;
