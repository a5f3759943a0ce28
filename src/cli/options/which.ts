import type { OptionGroup } from '../option.js';
import { text } from '../values.js';
import { repeatable } from './definitions.js';
import { backend, debug, quiet, threads } from './shared.js';

export const whichOptions: readonly OptionGroup[] = [
  {
    title: 'Options:',
    options: [
      repeatable('--text <file>', 'the lines; else standard input', text),
      threads,
      backend,
      quiet,
      debug,
    ],
  },
];
