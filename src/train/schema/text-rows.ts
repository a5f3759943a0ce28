/** Options about the training text and the validation text. */
import { flag, option, topic } from '../../options/table.js';
import { choice, count, path, properFraction, repeated, text } from '../../options/types.js';
import { columnRows, readingRows } from '../../text/reading-rows.js';
import { normalForms, sideUnits, textUnits } from '../../text/unit.js';

/** Options about how bytes become characters: fields of the `text` object in model and state files. */
export const textRows = topic('Text', {
  unit: option(
    '<unit>',
    choice(textUnits),
    'what a character is: a Unicode code point of UTF-8 text, or a byte',
    { default: 'char' },
  ),
  normalize: option('<form>', choice(normalForms), 'Unicode normal form to convert the text to', {
    absent: 'the text stays as it is',
    optional: true,
  }),
  keepCr: flag('keep carriage returns; otherwise every line end becomes LF', { default: false }),
});

const sideUnit = choice([...sideUnits, 'auto']);

/** Options for what sources and targets of pairs are made of; the resulting choice is in the `text` object of files. */
export const sideRows = topic('Text', {
  sourceUnit: option(
    '<unit>',
    sideUnit,
    'with --pairs, what a source is made of: characters, bytes, or symbols separated by blanks, such as phonemes; auto chooses symbols if there are few different ones and they are short',
    { absent: 'auto' },
  ),
  targetUnit: option(
    '<unit>',
    sideUnit,
    'with --pairs, what a target is made of; the choices are those of --source-unit',
    { absent: 'auto' },
  ),
});

/** Options about how texts are read, recorded in the `reading` object of state files' `source` */
export const readRows = topic('Text', {
  ...readingRows,
  ...columnRows,
  label: option(
    '<name>',
    repeated(text),
    'column with a label for each text, such as its author; the model learns to write for a given label',
    { absent: 'no labels' },
  ),
  vector: option(
    '<name>',
    text,
    'with --pairs, column with numbers that the model reads before the source: a list of numbers, or a list of such lists',
    { absent: 'no vectors' },
  ),
});

export const recordRows = topic('Text', {
  separator: option(
    '<text>',
    text,
    'text that ends each record; escapes such as \\n are understood; an empty text means that there are no records',
    { absent: 'detected, if the text clearly has one' },
  ),
});

/** Options about training and validation texts: fields of the `source` object in state files. */
export const sourceRows = topic('Text', {
  minCount: option(
    '<n>',
    count,
    'characters that occur less often than this become the unknown symbol',
    { default: 1 },
  ),
  valFrac: option(
    '<x>',
    properFraction,
    'fraction of the text held out from its end for validation',
    { default: 0.1, conflicts: ['valFile'] },
  ),
  valFile: option('<file>', path, 'validate on this text instead of the end of the training text', {
    optional: true,
  }),
  valChars: option('<n>', count, 'max number of characters to validate on', {
    default: 1_000_000,
  }),
});
