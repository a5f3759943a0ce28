/** Options about how texts are read, for training and for all commands that read texts. */
import { option } from '../options/table.js';
import { choice, text, ValueError, type ValueType } from '../options/types.js';
import {
  encodingNamed,
  type InvalidAction,
  invalidActions,
  textFormats,
} from './reading-options.js';

const anEncoding =
  'an encoding such as utf-8, utf-16le, windows-1252, koi8-r, shift_jis or gb18030';

/** A label of the WHATWG Encoding Standard; the command line passes on its canonical name. */
const encodingName: ValueType<string> = {
  expected: anEncoding,
  parse(given) {
    const name = encodingNamed(given);
    if (name !== undefined) return name;
    throw new ValueError(`must be ${anEncoding}, not ${JSON.stringify(given)}`);
  },
  accepts: (value): value is string =>
    typeof value === 'string' && encodingNamed(value) !== undefined,
};

const formats = choice(textFormats);
/** `jsonl` is another name of ndjson. */
const textFormat: typeof formats = {
  ...formats,
  parse: (given) => formats.parse(given.toLowerCase() === 'jsonl' ? 'ndjson' : given),
};

export const encodingRow = option(
  '<name>',
  encodingName,
  'encoding of the texts, such as utf-16le, windows-1252, shift_jis or gb18030',
  { absent: 'utf-8, or what a byte-order mark says' },
);

/** @param absent the value used if the option is not given */
export function invalidRow(absent: InvalidAction) {
  return option(
    '<what>',
    choice(invalidActions),
    'how to treat bytes that are not valid characters: refuse the text, replace them by U+FFFD, or skip them',
    { absent },
  );
}

/** Options of commands that read whole corpora */
export const readingRows = { encoding: encodingRow, invalid: invalidRow('error') };

/** Options of commands that read one column of a table */
export const columnRows = {
  format: option(
    '<name>',
    textFormat,
    'format of the texts: lines is plain text; csv, tsv and ndjson (or jsonl) are tables with the text in one column, where each record is read as one line; dict is a pronouncing dictionary, for pairs',
    { absent: 'lines' },
  ),
  textColumn: option('<name>', text, 'name of the column that contains the text'),
};
