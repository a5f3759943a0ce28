import type { OptionGroup } from '../option.js';
import { text } from '../values.js';
import { repeatable } from './definitions.js';
import { backend, debug, encoding, invalidOption, quiet, threads } from './shared.js';

export const whichOptions: readonly OptionGroup[] = [
  {
    title: 'Options:',
    options: [
      repeatable('--text <file>', 'the lines; else standard input', text),
      encoding,
      invalidOption('replace'),
      threads,
      backend,
      quiet,
      debug,
    ],
  },
];
