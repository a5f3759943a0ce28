/** The options of `charnn sample`. */

import * as rows from '../../cli/rows.js';
import { labelChoiceRow } from '../../library/label-choice.js';
import { flag, type OptionsOf, option, topic } from '../../options/table.js';
import { path, text } from '../../options/types.js';
import { choiceRows, extentRows, recordRows } from '../../sample/sample-rows.js';
import { encodingRow } from '../../text/reading-rows.js';

const { temp, tempSchedule, greedy, countsWeight, ...filters } = choiceRows;
const { length, stop, until, seed } = extentRows;
const { count, unique, novel, beam } = recordRows;

/** What the help of every option whose value is text says about escapes, which escapes.ts reads */
const escapes = 'escapes such as \\n, \\t and \\\\ are understood';

export const sampleTable = {
  ...topic('Records', {
    model: rows.model,
    last: rows.last,
    label: labelChoiceRow,
    length: { ...length, short: 'l' },
    count: {
      ...count,
      help: 'number of records (generated texts) to write, each followed by a line feed',
      short: 'n',
      absent: 'one text',
    },
    stop: {
      ...stop,
      help: `stop sequence: it ends a record and is not printed; ${escapes}; with -n, or for a model trained with --documents or --label, the default is what ended the records of the training text`,
    },
    until: {
      ...until,
      help: `final sequence: it ends a record and is printed; ${escapes}`,
    },
    null: flag('write a NUL byte after each record instead of a line feed', { short: '0' }),
    unique,
    novel,
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
      'complete each line of a file (- for standard input); each record ends at a line end',
    ),
    encoding: {
      ...encodingRow,
      help: 'encoding of the files, such as utf-16le or windows-1252',
    },
    interactive: flag('continue lines that you type; type /help for more', { short: 'i' }),
    echo: flag('do not print the prompt', { flag: 'no-echo', default: true }),
  }),
  ...topic('Choice', {
    temp: { ...temp, short: 't', aliases: ['temperature'] },
    tempSchedule: { ...tempSchedule, aliases: ['temperature-schedule'] },
    ...filters,
    greedy,
    countsWeight,
    beam,
  }),
  ...topic('Run', {
    seed,
    threads: rows.threads,
    backend: rows.backend,
    precision: rows.predictionPrecision,
    quiet: rows.quiet,
    debug: rows.debug,
  }),
};

export type CommandSampleOptions = OptionsOf<typeof sampleTable>;
