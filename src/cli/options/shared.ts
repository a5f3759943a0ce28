/** Options that several commands have. */
import { backendNames } from '../../backend/device.js';
import { limits } from '../../limits.js';
import { cellNames } from '../../model/config.js';
import { invalidActions, textFormats } from '../../text/reading-options.js';
import { encodingName, integer, text, textFormat } from '../values.js';
import { defaults } from './defaults.js';
import { flag, oneOf, option } from './definitions.js';

export const count = integer(1);

export const backend = oneOf('--backend <name>', 'what computes', backendNames, 'auto');
export const quiet = flag('-q, --quiet', 'say nothing but warnings and errors');
export const threads = option(
  '--threads <n>',
  'worker threads',
  integer(1, limits.threads),
  'usable cores',
);
export const debug = flag('--debug', 'show the stack of an error');
export const json = flag('--json', 'machine-readable output');
export const modelFile = option('-m, --model <file>', 'the model', text, defaults.output);

export const encoding = option(
  '--encoding <name>',
  'encoding of the texts, such as utf-16le, windows-1252, shift_jis or gb18030',
  encodingName,
  'utf-8, or what a byte-order mark says',
);

/** @param absent what holds where it is not given */
export function invalidOption(absent: (typeof invalidActions)[number]) {
  return oneOf(
    '--invalid <what>',
    'bytes that are no character: refuse the text, put U+FFFD in their place, or leave them out',
    invalidActions,
    absent,
  );
}

/** How texts are read, for commands that read whole corpora */
export const reading = [encoding, invalidOption('error')];

/** One column of a table, for commands that take such */
export const table = [
  {
    ...option(
      '--format <name>',
      'what the texts are: plain, or tables with a text in one column, each record a line; jsonl is ndjson',
      textFormat,
      'lines',
    ),
    choices: textFormats,
  },
  option('--text-column <name>', 'the column with the text, by its name in the header', text),
];

export const lastModel = flag(
  '--last',
  'the latest weights of its training instead of the best: those in its state file',
);

export const pageFile = option('-o, --output <file>', 'write a page, self-contained HTML', text);

/** Cell and sizes; `absent`: what holds for a size that is not given. */
export function shapeOptions(
  absent: Readonly<Record<'layers' | 'hidden' | 'embedding', string | number>>,
) {
  return [
    oneOf('--cell <name>', 'recurrent cell', cellNames, defaults.cell),
    option('--layers <n>', 'recurrent layers', integer(1, limits.layers), absent.layers),
    option('--hidden <n>', 'units of each layer', integer(1, limits.width), absent.hidden),
    option(
      '--embedding <n>',
      'width of the character embedding, 0: one-hot',
      integer(0, limits.width),
      absent.embedding,
    ),
    flag('--residual', 'layers above the first add their input to their output'),
    flag('--layer-norm', "normalise each gate's sums over the units; LSTM only"),
  ];
}
